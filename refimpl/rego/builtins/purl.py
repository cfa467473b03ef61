"""``ec.purl.*``: package URLs, read as packageurl-go 0.1.3 reads them (specification 12 §3).

packageurl-python takes others and normalises differently, which would change verdicts: of 6,000 texts made by changing
good ones at random it judged 600 otherwise, and 350 it split otherwise. So the reader is our own.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from refimpl.golang.url import unescape
from refimpl.rego.builtins.failure import failure
from refimpl.rego.builtins.failure import text as string

if TYPE_CHECKING:
    from refimpl.rego.builtins.context import ComponentContext

_TYPE = re.compile(r"[A-Za-z.\-+][0-9A-Za-z.\-+]*")
_KEY = re.compile(r"[A-Za-z.\-_][0-9A-Za-z.\-_]*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_PORT = re.compile(r"(?::[0-9]*)?")
_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
# ASCII that may stand bare in a host, and the escapes that may.
_HOST = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*")
_LOWER_NAMESPACE = frozenset({"alpm", "apk", "bitbucket", "composer", "deb", "github", "golang", "npm", "rpm", "qpkg"})
_LOWER_NAME = frozenset({"alpm", "apk", "bitbucket", "bitnami", "composer", "deb", "github", "golang", "npm"})


class InvalidPackageError(ValueError):
    """The text is no package URL; ``str`` tells why."""


def is_valid(_context: ComponentContext, text: object) -> bool:
    """``ec.purl.is_valid``."""
    if not isinstance(text, str):
        return False
    try:
        package(text)
    except InvalidPackageError:
        return False
    return True


def parse(_context: ComponentContext, text: object) -> dict[str, Any]:
    """``ec.purl.parse``: the parts of a package URL, missing ones empty.

    Raises:
        FailedError: it is none.
    """
    given = string("ec.purl.parse", text)
    try:
        return package(given)
    except InvalidPackageError as error:
        raise failure("ec.purl.parse", "failed to parse PURL", purl=given, error=error) from None


def package(text: str) -> dict[str, Any]:
    """``type``, ``namespace``, ``name``, ``version``, ``qualifiers`` sorted by key, and ``subpath``.

    Raises:
        InvalidPackageError: not a package URL.
    """
    path, query, subpath = _split(text)
    kind, slash, path = path.partition("/")
    if not slash:
        raise InvalidPackageError("purl is missing type or name")
    kind = _lower(kind)
    qualifiers = _qualifiers(query)
    namespace, name, version = _coordinates(path)
    if not _TYPE.fullmatch(kind):
        raise InvalidPackageError(f'invalid type "{kind}"')
    _check_qualifiers(qualifiers)
    values = {key: value for key, value in sorted(qualifiers) if value}
    if any(segment in (".", "..") for segment in subpath.split("/")[1:]):
        raise InvalidPackageError(f'invalid Package URL subpath: "{subpath}"')
    namespace = namespace.strip("/")
    if kind in _LOWER_NAMESPACE:
        namespace = _lower(namespace)
    if kind == "huggingface":
        version = _lower(version)
    _check_custom_rules(kind, namespace, version, values)
    return {
        "type": kind,
        "namespace": _text(namespace),
        "name": _text(_adjusted_name(kind, name, values)),
        "version": _text(version),
        "qualifiers": [{"key": key, "value": _text(value)} for key, value in values.items()],
        "subpath": _text(subpath.strip("/")),
    }


def _split(text: str) -> tuple[str, str, str]:
    """Path, query and decoded fragment, as Go's ``net/url`` finds them."""
    text, _, fragment = text.partition("#")
    if _CONTROL.search(text):
        raise InvalidPackageError("failed to parse as URL: invalid control character in URL")
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else ""
    if scheme != "pkg":
        raise InvalidPackageError(f'purl scheme is not "pkg": "{scheme}"')
    rest, _, query = text[len("pkg:") :].partition("?")
    subpath = _unescape(fragment, "failed to parse as URL")
    if rest and not rest.startswith("/"):
        return rest, query, subpath
    host = ""
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        host, rest = _host(authority), slash + path
    joined = "/".join(part for part in (host, _unescape(rest, "failed to parse as URL")) if part)
    if not joined:
        return "", query, subpath
    cleaned = posixpath.normpath(joined)
    if cleaned.startswith("//"):  # POSIX gives two slashes a meaning, Go doesn't
        cleaned = cleaned[1:]
    return cleaned.removeprefix("/"), query, subpath


def _host(authority: str) -> str:
    user, at, host = authority.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise InvalidPackageError("failed to parse as URL: net/url: invalid userinfo")
    if at:
        _unescape(user, "failed to parse as URL")
    if "[" in host:
        return _bracket(host)
    name, colon, port = host.rpartition(":") if ":" in host else (host, "", "")
    if not _PORT.fullmatch(colon + port):
        raise InvalidPackageError(f'failed to parse as URL: invalid port "{colon + port}" after host')
    if not _HOST.fullmatch(host) or ":" in name:
        raise InvalidPackageError("failed to parse as URL: invalid character in host name")
    return _unescape(host, "failed to parse as URL")


def _bracket(host: str) -> str:
    """An IPv6 address, as far as it is looked at in a text that is none of a package anyway."""
    from ipaddress import AddressValueError, IPv6Address

    address, bracket, port = host.removeprefix("[").rpartition("]")
    if not host.startswith("[") or not bracket or not _PORT.fullmatch(port):
        raise InvalidPackageError("failed to parse as URL: missing ']' in host")
    try:
        IPv6Address(address.partition("%25")[0])
    except AddressValueError:
        raise InvalidPackageError("failed to parse as URL: invalid host") from None
    return _unescape(host, "failed to parse as URL")


def _coordinates(path: str) -> tuple[str, str, str]:
    namespace, _, name = path.rpartition("/")
    namespace = _unescape(namespace, "error unescaping namespace")
    name, at, version = name.rpartition("@") if "@" in name else (name, "", "")
    if at:
        version = _unescape(version, "error unescaping version")
    name = _unescape(name, "error unescaping name")
    if not name:
        raise InvalidPackageError("purl is missing name")
    return namespace, name, version


def _qualifiers(query: str) -> list[tuple[str, str]]:
    found = []
    for pair in query.split("&"):
        if ";" in pair:
            raise InvalidPackageError("invalid qualifiers: invalid semicolon separator in query")
        if not pair:
            continue
        key, _, value = pair.partition("=")
        key = _unescape(key.replace("+", " "), "invalid qualifiers: error unescaping qualifier key")
        if not _KEY.fullmatch(key):
            raise InvalidPackageError(f"invalid qualifiers: invalid qualifier key: '{_text(key)}'")
        value = _unescape(value.replace("+", " "), "invalid qualifiers: error unescaping qualifier value")
        found.append((_lower(key), value))
    return found


def _check_qualifiers(qualifiers: list[tuple[str, str]]) -> None:
    keys = [key for key, value in qualifiers if value]
    for key in sorted(keys):
        if keys.count(key) > 1:
            raise InvalidPackageError(f'invalid qualifiers: duplicate qualifier key: "{key}"')


def _adjusted_name(kind: str, name: str, qualifiers: dict[str, str]) -> str:
    if kind == "pypi":
        return _lower(name.replace("_", "-"))
    if kind == "mlflow":
        repository = qualifiers.get("repository_url", "")
        return _lower(name) if "databricks" in repository and "azureml" not in repository else name
    return _lower(name) if kind in _LOWER_NAME else name


def _check_custom_rules(kind: str, namespace: str, version: str, qualifiers: dict[str, str]) -> None:
    if kind == "conan":
        if namespace and "channel" not in qualifiers:
            raise InvalidPackageError("channel qualifier does not exist")
        if not namespace and "channel" in qualifiers:
            raise InvalidPackageError("namespace is required if channel is non empty")
    if kind == "swift" and not namespace:
        raise InvalidPackageError("namespace is required")
    if kind in ("swift", "cran") and not version:
        raise InvalidPackageError("version is required")


def _unescape(text: str, what: str) -> str:
    """Percent-escapes decoded; bytes that aren't UTF-8 stand as surrogates until `_text`."""
    try:
        return unescape(text)
    except ValueError as error:
        raise InvalidPackageError(f"{what}: {error}") from None


def _text(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _lower(text: str) -> str:
    """Letter by letter, as Go does it: one letter for one."""
    return text.lower() if text.isascii() else "".join(letter.lower()[0] for letter in text)
