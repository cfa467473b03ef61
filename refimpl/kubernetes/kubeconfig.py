"""How to reach a Kubernetes cluster: kubeconfig files, or a pod's service account (specification 10 §2.5, 30 §10)."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as percent_encode

from refimpl.errors import Error
from refimpl.golang import base64text, yamltext
from refimpl.golang.oserrors import describe
from refimpl.golang.quoting import quote
from refimpl.kubernetes.exec_plugin import Plugin, plugin_of, text_member
from refimpl.kubernetes.validation import cluster_problems, doubled_methods, user_problems, wrong_type
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NO_CONFIGURATION = (
    "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable"
)
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_Tables = dict[str, dict[str, dict[str, Any]]]
# The lists of a kubeconfig with the member that holds an entry's content; and the members of it that name files.
_LISTS = {"clusters": "cluster", "contexts": "context", "users": "user"}
_PLUGIN_EXTENSION = "client.authentication.k8s.io/exec"
_IN_FIELD_NAMES = "!#$&'*+^`|"
"""Besides letters, digits and those that are never escaped (RFC 9110 §5.6.2)."""
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


class ConfigurationError(Error):
    """A kubeconfig cannot be used: change it, or ``KUBECONFIG``, or ``--kubeconfig``."""


@record
class Access:
    """Where a cluster is and who asks.

    Attributes:
        server: URL; plain http where it has no scheme.
        namespace: of the current context; empty if that says none.
        authority: PEM of the trusted roots; None means the usual ones.
        insecure: whether the server's certificate isn't checked.
        server_name: the name in the server's certificate, if it isn't that of its URL.
        token: bearer token; this and all below is for TLS only.
        username: for basic authentication, with `password`.
        certificate: PEM of a client certificate, with `private_key`.
        acting: header fields that say whom to act as.
        proxy: URL of the proxy that the cluster is reached through; empty for the environment's.
        plugin: a program that gives credentials where there are no others.
        provider: of credentials in the way that was there before plugins, by its name; empty if there is none.
    """

    server: str
    namespace: str = ""
    authority: bytes | None = None
    insecure: bool = False
    server_name: str = ""
    token: str = field(default_factory=str, repr=False)
    username: str = ""
    password: str = field(default_factory=str, repr=False)
    certificate: bytes = b""
    private_key: bytes = field(default_factory=bytes, repr=False)
    acting: Mapping[str, Sequence[str]] = field(default_factory=dict)
    proxy: str = field(default_factory=str, repr=False)
    plugin: Plugin | None = None
    provider: str = ""


def load(explicit: str, environ: Mapping[str, str]) -> Access | None:
    """The current context of the files: `explicit`, else those of ``KUBECONFIG``, else ``$HOME/.kube/config``.

    Of several files the first that says something counts. None if nothing is said.

    Raises:
        ConfigurationError: a file cannot be read, or names what isn't there.
    """
    tables: _Tables = {name: {} for name in _LISTS}
    current = ""
    for path in _paths(explicit, environ):
        document = _read(path, must_exist=bool(explicit))
        current = current or text_member(document, "current-context")
        for name, member in _LISTS.items():
            for entry_name, content in _entries(document, name, member, path):
                tables[name].setdefault(entry_name, content)
    return _access(tables, current) if current else None


def is_pod(environ: Mapping[str, str], directory: Path = SERVICE_ACCOUNT) -> bool:
    """Whether this is a pod whose service account may ask its cluster."""
    return bool(_pods_cluster(environ)) and (directory / "token").is_file()


def load_service_account(environ: Mapping[str, str], directory: Path = SERVICE_ACCOUNT) -> Access | None:
    """What a pod is given; None outside of one.

    Raises:
        ConfigurationError: the environment is a pod's, but the token is missing.
    """
    server = _pods_cluster(environ)
    if not server:
        return None
    authority = directory / "ca.crt"
    return Access(
        server=server,
        authority=_file(authority) if authority.is_file() else None,
        token=_file(directory / "token").decode("utf-8", "replace").strip(),
    )


def current_namespace(access: Access, environ: Mapping[str, str], directory: Path = SERVICE_ACCOUNT) -> str:
    """That of the current context; if that says none, the pod's, by ``POD_NAMESPACE`` or its service account."""
    found = access.namespace
    if not found and is_pod(environ, directory):
        file = directory / "namespace"
        found = environ.get("POD_NAMESPACE") or (
            _file(file).decode("utf-8", "replace").strip() if file.is_file() else ""
        )
    return found or "default"


def _pods_cluster(environ: Mapping[str, str]) -> str:
    """The URL of the cluster that this is a pod of; empty outside of one."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    return f"https://{f'[{host}]' if ':' in host else host}:{port}" if host and port else ""


def _paths(explicit: str, environ: Mapping[str, str]) -> list[str]:
    if explicit:
        return [explicit]
    listed = [path for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    if listed:
        return listed
    home = environ.get("HOME", "")
    return [str(Path(home, ".kube", "config"))] if home else []


def _read(path: str, *, must_exist: bool) -> dict[str, Any]:
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError as error:
        if must_exist:
            raise ConfigurationError(describe("stat", path, error)) from None
        return {}
    except OSError as error:
        raise _unreadable(path, describe("read", path, error)) from None
    try:
        document = yamltext.loads(text)
    except ValueError as error:
        raise _unreadable(path, str(error)) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _unreadable(path, "couldn't get version/kind; not an object")
    return document


def _unreadable(path: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"error loading config file {quote(path)}: {reason}")


def _entries(document: Mapping[str, Any], name: str, member: str, path: str) -> list[tuple[str, dict[str, Any]]]:
    entries = document.get(name)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise _unreadable(path, f"{name} isn't a list")
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        content = {} if isinstance(entry, dict) and entry.get(member) is None else _member(entry, member)
        if content is None:
            raise _unreadable(path, f"an entry of {name} isn't an object with a {member}")
        if wrong := wrong_type(content, name):
            raise _unreadable(path, wrong)
        # Files are named relative to the kubeconfig that names them.
        for key in _PATHS:
            if text_member(content, key):
                content[key] = str(Path(path).parent / content[key])
        plugin = content.get("exec")
        if isinstance(plugin, dict) and any(mark in text_member(plugin, "command") for mark in ("/", os.sep)):
            content["exec"] = {**plugin, "command": str(Path(path).parent / plugin["command"])}
        for key in [key for key in content if key.endswith("-data")]:
            content[key] = _decode(content[key], path)
        entry_name = text_member(entry, "name")
        if entry_name in found:
            raise _unreadable(path, f"duplicate name {quote(entry_name)} in list {name}")
        found[entry_name] = content
    return [*found.items()]


def _member(entry: object, name: str) -> dict[str, Any] | None:
    content = entry.get(name) if isinstance(entry, dict) else None
    return content if isinstance(content, dict) else None


def _access(tables: _Tables, current: str) -> Access | None:
    context = tables["contexts"].get(current)
    if context is None:
        raise ConfigurationError(
            f"invalid configuration: [context was not found for specified context: {current}, "
            "cluster has no server defined]"
        )
    cluster_name, user_name = text_member(context, "cluster"), text_member(context, "user")
    cluster, user = tables["clusters"].get(cluster_name), tables["users"].get(user_name, {})
    if not cluster:
        return None
    if not text_member(cluster, "server"):
        raise ConfigurationError(f"invalid configuration: no server found for cluster {quote(cluster_name)}")
    problems = [*user_problems(user, user_name)]
    certificate = _material(user, "client-certificate", "client-cert", user_name, problems)
    private_key = _material(user, "client-key", "client-key", user_name, problems)
    problems += [*doubled_methods(user, user_name), *cluster_problems(cluster, cluster_name)]
    authority = _material(cluster, "certificate-authority", "certificate-authority", cluster_name, problems)
    if problems:
        shown = f"[{', '.join(problems)}]" if len(problems) > 1 else problems[0]
        raise ConfigurationError(f"invalid configuration: {shown}")
    insecure = cluster.get("insecure-skip-tls-verify") is True
    if insecure and authority:
        raise ConfigurationError("specifying a root certificates file with the insecure flag is not allowed")
    plugin = _plugin(cluster, user, user_name, authority)
    if plugin is not None and plugin.problem:
        raise ConfigurationError(plugin.problem)
    return Access(
        server=text_member(cluster, "server"),
        namespace=text_member(context, "namespace"),
        authority=authority or None,
        insecure=insecure,
        server_name=text_member(cluster, "tls-server-name"),
        token=_token(user),
        username=text_member(user, "username"),
        password=text_member(user, "password"),
        certificate=certificate,
        private_key=private_key,
        acting=_acting(user, user_name),
        proxy=text_member(cluster, "proxy-url"),
        plugin=plugin,
        provider=_provider(user),
    )


def _token(user: Mapping[str, Any]) -> str:
    """What the token's file says, if there is one; else, or where it cannot be read, the token in the configuration."""
    token, path = text_member(user, "token"), text_member(user, "tokenFile")
    if path and (not token or Path(path).is_file()):
        token = _file(Path(path)).decode("utf-8", "replace").strip()
        if not token:
            raise ConfigurationError(f"read empty token from file {quote(path)}")
    return token


def _provider(user: Mapping[str, Any]) -> str:
    table = user.get("auth-provider")
    return (text_member(table, "name") if isinstance(table, dict) else "") or ("unnamed" if table else "")


def _acting(user: Mapping[str, Any], name: str) -> dict[str, tuple[str, ...]]:
    """Whom to act as: a user, and only with one groups, a UID and more (client-go, `transport.ImpersonationConfig`)."""
    extra = user.get("as-user-extra")
    told = {
        "Impersonate-User": _texts([user.get("as")]),
        "Impersonate-Uid": _texts([user.get("as-uid")]),
        "Impersonate-Group": _texts(user.get("as-groups")),
        **{
            f"Impersonate-Extra-{percent_encode(key, safe=_IN_FIELD_NAMES)}": _texts(values)
            for key, values in (extra.items() if isinstance(extra, dict) else ())
        },
    }
    found = {field_name: values for field_name, values in told.items() if values}
    if found and "Impersonate-User" not in found:
        raise ConfigurationError(
            f"invalid configuration: requesting uid, groups or user-extra for {name} without impersonating a user"
        )
    return found


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(each for each in values if isinstance(each, str) and each) if isinstance(values, list) else ()


def _plugin(cluster: Mapping[str, Any], user: Mapping[str, Any], name: str, authority: bytes) -> Plugin | None:
    table = user.get("exec")
    if not isinstance(table, dict):
        return None
    extensions = [entry for entry in cluster.get("extensions") or [] if isinstance(entry, dict)]
    told = {
        "server": text_member(cluster, "server"),
        "tls-server-name": text_member(cluster, "tls-server-name"),
        "insecure-skip-tls-verify": cluster.get("insecure-skip-tls-verify") is True,
        "certificate-authority-data": base64.b64encode(authority).decode(),
        "proxy-url": text_member(cluster, "proxy-url"),
        "config": next(
            (one.get("extension") for one in extensions if text_member(one, "name") == _PLUGIN_EXTENSION), None
        ),
    }
    return plugin_of(table, name, {key: value for key, value in told.items() if value})


def _material(table: Mapping[str, Any], key: str, label: str, name: str, problems: list[str]) -> bytes:
    """Certificates or keys: those in the configuration, else those of the file that it names."""
    data = table.get(f"{key}-data")
    if data:
        return bytes(data)
    path = text_member(table, key)
    if not path:
        return b""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        problems.append(f"unable to read {label} {path} for {name} due to {describe('open', path, error)}")
        return b""


def _decode(value: Any, path: str) -> bytes:
    try:
        return base64text.decode(value or "")
    except (AttributeError, ValueError) as error:
        raise _unreadable(path, str(error) if isinstance(error, ValueError) else "illegal base64 data") from None


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(describe("open", str(path), error)) from None
