"""The file with credentials, ``config.json`` of Docker and ``auth.json`` of Podman, as Docker's client reads it.

That client is a Go program: members count in any letter case, and what follows the first JSON value isn't looked at.
"""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refimpl.errors import RegistryError
from refimpl.golang import base64text, members
from refimpl.golang.utf8 import decode_utf8, replace_surrogates
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)
_FILE = members.Nested(dict.fromkeys(("auths", "credHelpers", "credsStore"), members.ANYTHING))
_ENTRY = members.Nested(
    dict.fromkeys(("username", "password", "auth", "identitytoken", "registrytoken"), members.ANYTHING)
)
_ANSWER = members.Nested(dict.fromkeys(("ServerURL", "Username", "Secret"), members.ANYTHING))
_INLINE = "DOCKER_AUTH_CONFIG"
_PATH = re.compile("[/?#]")


@record
class Credentials:
    """What to prove oneself with: name and password, or tokens; all empty for nobody.

    Bytes that aren't UTF-8 are escaped as Python does it.
    """

    username: str = ""
    password: str = field(default_factory=str, repr=False)
    identity_token: str = field(default_factory=str, repr=False)
    registry_token: str = field(default_factory=str, repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization field (RFC 7617); empty without a name and a password."""
        if not (self.username and self.password):
            return ""
        import base64

        pair = f"{self.username}:{self.password}".encode("utf-8", "surrogateescape")
        return f"Basic {base64.b64encode(pair).decode()}"

    @property
    def authorization(self) -> str:
        """The same, with a token for the registry itself before name and password."""
        return f"Bearer {self.registry_token}" if self.registry_token else self.basic


ANONYMOUS = Credentials()


@record
class Configuration:
    """What the file says, and what `DOCKER_AUTH_CONFIG` says, which goes before it.

    Attributes:
        entries: credentials by key: a host, a URL, or a host and a path.
        inline: the same of the environment variable.
        helpers: names of credential helpers by key.
        store: the helper for all other keys; may be empty.
    """

    entries: Mapping[str, Credentials] = field(default_factory=dict)
    inline: Mapping[str, Credentials] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""

    def helper(self, key: str) -> str:
        """The name of the credential helper for `key`; empty if there is none."""
        return self.helpers.get(key, self.store)

    def look_up(self, key: str) -> Credentials:
        """The credentials that the file has under `key`, else under a URL or a path of this host."""
        if key in self.entries:
            return self.entries[key]
        return next((found for name, found in self.entries.items() if _host(name) == key), ANONYMOUS)


def load(environ: Mapping[str, str]) -> Configuration:
    """The configuration of the first file that is there.

    ``$HOME/.docker/config.json`` or ``$DOCKER_CONFIG/config.json``, where the latter is the one that is read if the
    variable is set; else ``$REGISTRY_AUTH_FILE``; else ``$XDG_RUNTIME_DIR/containers/auth.json``.

    Raises:
        RegistryError: the file can't be read, or isn't JSON.
    """
    inline = _inline(environ.get(_INLINE, ""))
    path = _place(environ)
    if path is None:
        return Configuration(inline=inline)
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Configuration(inline=inline)
    except OSError as error:
        raise RegistryError(f"loading config file: open {path}: {(error.strerror or str(error)).lower()}") from error
    try:
        document = _first(raw)
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"parsing config file ({path}): {_reason(error)}") from error
    helpers = {key: name for key, name in _table(document, "credHelpers").items() if isinstance(name, str)}
    return Configuration(_entries(document), inline, helpers, _text(document, "credsStore"))


def helper_answer(raw: bytes) -> tuple[str, str]:
    """Name and secret out of a credential helper's answer (protocol of docker-credential-helpers).

    Raises:
        ValueError: it isn't one.
    """
    try:
        answer = _first(raw, _ANSWER)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not raw.strip():
        raise ValueError("nothing")
    if any(not isinstance(answer.get(name) or "", str) for name in _ANSWER.names):
        raise ValueError("not a text")
    return _text(answer, "Username"), _text(answer, "Secret")


def _place(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    usual = [Path(home, ".docker", "config.json")] if home else []
    if folder := environ.get("DOCKER_CONFIG"):
        usual.append(Path(folder, "config.json"))
    if any(map(_is_there, usual)):
        return usual[-1]
    podman = [Path(file)] if (file := environ.get("REGISTRY_AUTH_FILE")) else []
    if folder := environ.get("XDG_RUNTIME_DIR"):
        podman.append(Path(folder, "containers", "auth.json"))
    return next(filter(_is_there, podman), None)


def _is_there(path: Path) -> bool:
    """Whether it is a file; what mustn't be looked at isn't there, as for Docker's client."""
    return os.path.isfile(path)  # noqa: PTH113 - pathlib's raises where the folder can't be entered


def _inline(text: str) -> Mapping[str, Credentials]:
    if not text:
        return {}
    try:
        return _entries(_first(text.encode("utf-8", "surrogateescape")))
    except (ValueError, RecursionError) as error:
        _log.warning("Failed to create credential store from %s: %s", _INLINE, _reason(error))
        return {}


def _first(raw: bytes, shape: members.Nested = _FILE) -> Mapping[str, Any]:
    """The first JSON value of a text, which must be an object or null."""
    text = decode_utf8(raw).lstrip(" \t\r\n")
    if not text:
        return {}
    value, _ = members.FIRST_VALUE.raw_decode(text)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the text is at fault, not a type of ours
    return members.canonicalise(value, shape)


def _reason(error: Exception) -> str:
    """Where it isn't JSON; never what stands there."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: line {error.lineno}, column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _entries(document: Mapping[str, Any]) -> dict[str, Credentials]:
    return {key: _credentials(key, entry) for key, entry in _table(document, "auths").items()}


def _credentials(key: str, entry: object) -> Credentials:
    if not isinstance(entry, dict):
        return ANONYMOUS
    known = members.canonicalise(entry, _ENTRY)
    username, password = _text(known, "username"), _text(known, "password")
    if pair := _text(known, "auth"):
        try:
            username, password = _pair(pair)
        except ValueError:
            _log.debug("ignoring the unreadable credentials of %s", key)
            return ANONYMOUS
    return Credentials(username, password, _text(known, "identitytoken"), _text(known, "registrytoken"))


def _pair(text: str) -> tuple[str, str]:
    text = text.replace("\r", "").replace("\n", "")
    pair = base64text.decode(text + "=" * (-len(text) % 4))
    name, colon, secret = pair.decode("utf-8", "surrogateescape").partition(":")
    if not colon or not name:
        raise ValueError("no name and password")
    return name, secret.strip("\x00")


def _host(key: str) -> str:
    """The host and the port that a key is about, as Docker's client gets them out of old files' URLs."""
    scheme, mark, rest = key.partition("://")
    if not mark:
        return scheme.partition("/")[0]
    authority = _PATH.split(rest, maxsplit=1)[0]
    return authority.rpartition("@")[2].removesuffix(":")


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _text(entry: Mapping[str, Any], name: str) -> str:
    """A text, with U+FFFD for what isn't Unicode (lone surrogates), as Go reads it."""
    value = entry.get(name)
    return replace_surrogates(value) if isinstance(value, str) else ""
