"""Programs that a kubeconfig names for credentials (Kubernetes: client-go credential plugins).

Such a program is given an ``ExecCredential`` in ``KUBERNETES_EXEC_INFO``, and answers with one of the same version, in
JSON or YAML.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from refimpl.errors import Error
from refimpl.golang.quoting import quote
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: The largest answer of a plugin, in bytes.
ANSWER_LIMIT = 1 << 20
_GROUP = "client.authentication.k8s.io"
_VERSIONS = frozenset({f"{_GROUP}/v1", f"{_GROUP}/v1beta1"})
_OLD_VERSIONS = frozenset({f"{_GROUP}/v1beta1"})
_MODES = frozenset({"Never", "IfAvailable", "Always"})


class PluginError(Error):
    """A plugin gives no credentials."""


@record
class Plugin:
    """What a kubeconfig says of a plugin.

    Attributes:
        command: looked for in ``PATH`` if it has no ``/``.
        arguments: of the command.
        environ: variables besides those of this process.
        version: ``client.authentication.k8s.io/v1`` or ``…/v1beta1``.
        mode: whether it may ask the user: ``Never``, ``IfAvailable`` or ``Always``.
        hint: how to get the program.
        cluster: what it is told of the cluster; None for nothing.
        problem: why the description can't be used; empty if it can.
    """

    command: str
    arguments: tuple[str, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
    version: str = ""
    mode: str = ""
    hint: str = ""
    cluster: Mapping[str, Any] | None = None
    problem: str = ""


@record
class Credential:
    """What a plugin answers: a token, or a certificate with its key in PEM, or both; `expires` may be unknown."""

    token: str = field(default_factory=str, repr=False)
    certificate: bytes = b""
    private_key: bytes = field(default_factory=bytes, repr=False)
    expires: datetime | None = None


def plugin_of(table: Mapping[str, Any], user: str, cluster: Mapping[str, Any]) -> Plugin:
    """The plugin that the ``exec`` of a user describes.

    Args:
        table: the description.
        user: whose it is.
        cluster: what it is told of the cluster, if it wants that.
    """
    command, version = text_member(table, "command"), text_member(table, "apiVersion")
    mode = text_member(table, "interactiveMode") or ("IfAvailable" if version in _OLD_VERSIONS else "")
    variables = [entry for entry in table.get("env") or [] if isinstance(entry, dict)]
    arguments = table.get("args") or []
    wrong = [
        (not command, f"command must be specified for {user} to use exec authentication plugin"),
        (not version, f"apiVersion must be specified for {user} to use exec authentication plugin"),
        (
            not all(text_member(entry, "name") for entry in variables),
            f"env variable name must be specified for {user} to use exec authentication plugin",
        ),
        (not mode, f"interactiveMode must be specified for {user} to use exec authentication plugin"),
        (mode not in {*_MODES, ""}, f"invalid interactiveMode for {user}: {quote(mode)}"),
    ]
    problems = [text for applies, text in wrong if applies]
    if problems:
        joined = f"[{', '.join(problems)}]" if len(problems) > 1 else problems[0]
        return Plugin(command, problem=f"invalid configuration: {joined}")
    return Plugin(
        command,
        tuple(str(argument) for argument in arguments),
        tuple((text_member(entry, "name"), text_member(entry, "value")) for entry in variables),
        version,
        mode,
        text_member(table, "installHint"),
        cluster if table.get("provideClusterInfo") is True else None,
        "" if version in _VERSIONS else f"exec plugin: invalid apiVersion {quote(version)}",
    )


def run(plugin: Plugin, environ: Mapping[str, str], seconds: float) -> Credential:
    """Ask a plugin for credentials.

    Args:
        plugin: what to run.
        environ: the environment that the plugin's own variables are added to.
        seconds: after which it is ended.

    Raises:
        PluginError: it isn't there, fails, or gives none.
    """
    from refimpl.system.program import ProgramError, ask, has_terminal

    terminal = has_terminal()
    if plugin.mode == "Always" and not terminal:
        raise PluginError("exec plugin cannot support interactive mode: standard input is not a terminal")
    interactive = terminal and plugin.mode != "Never"
    specification: dict[str, Any] = {"interactive": interactive}
    if plugin.cluster is not None:
        specification["cluster"] = plugin.cluster
    question = {"kind": "ExecCredential", "apiVersion": plugin.version, "spec": specification}
    try:
        answer = ask(
            [plugin.command, *plugin.arguments],
            question=None if interactive else b"",
            environ={**environ, **dict(plugin.environ), "KUBERNETES_EXEC_INFO": json.dumps(question, default=str)},
            seconds=seconds,
            limit=ANSWER_LIMIT,
        )
    except FileNotFoundError:
        hint = f": {' '.join(plugin.hint.split())}" if plugin.hint.strip() else ""
        raise PluginError(f"exec: executable {plugin.command} not found{hint}") from None
    except ProgramError as error:
        raise PluginError(f"exec: {plugin.command}: {error}") from None
    if answer.status:
        raise PluginError(f"exec: executable {plugin.command} failed with exit code {max(answer.status, -1)}")
    return credential_in(answer.output, plugin.version)


def credential_in(output: bytes, version: str) -> Credential:
    """What a plugin of this version of the protocol says.

    Raises:
        PluginError: no credentials.
    """
    document = _document(output)
    if not isinstance(document, dict) or document.get("kind") != "ExecCredential":
        raise PluginError("decoding stdout: the answer isn't an ExecCredential in JSON or YAML")
    given = document.get("apiVersion")
    if given != version:
        shown = given if isinstance(given, str) else json.dumps(given)
        raise PluginError(f"exec plugin is configured to use API version {version}, plugin returned version {shown}")
    status = document.get("status")
    if not isinstance(status, dict):
        raise PluginError("exec plugin didn't return a status field")
    token = text_member(status, "token")
    certificate, key = text_member(status, "clientCertificateData"), text_member(status, "clientKeyData")
    if not (token or certificate or key):
        raise PluginError("exec plugin didn't return a token or cert/key pair")
    if bool(certificate) != bool(key):
        raise PluginError("exec plugin returned only certificate or key, not both")
    if not (token.isascii() and token.isprintable()):
        raise PluginError("exec plugin returned a token that no header field can hold")
    expires = _moment(status.get("expirationTimestamp"))
    return Credential(token, certificate.encode("utf-8", "replace"), key.encode("utf-8", "replace"), expires)


def _document(output: bytes) -> Any:
    """What an answer says, read to its end; None if it says nothing that can be read."""
    try:
        return json.loads(output)
    except (ValueError, RecursionError):
        pass
    from refimpl.golang import yamltext

    try:
        return yamltext.loads_all(output)[0]
    except ValueError:
        return None


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PluginError("decoding stdout: the expirationTimestamp isn't a time by RFC 3339")
    return moment


def text_member(table: Mapping[str, Any], key: str) -> str:
    """A member that is a text; empty if it is anything else, or missing."""
    value = table.get(key)
    return value if isinstance(value, str) else ""
