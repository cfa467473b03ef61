"""Secrets cut out of texts: what stands before the ``@`` of a URL, and what a server repeats of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MASK = "***"
#: A secret of fewer characters is in many words, and masks would tell it.
_SHORTEST_SECRET = 4
# Before a URL's authority; a policy source's getter may take the place of the scheme, as in git::user:password@host.
_BEGIN = r"://|\b(?:git|oci|https?|hg|s3|gcs)::"
_END = r"[\s\"'`<>\\]"
# A text that is a URL whose user information has anything in it, white space and quotes too.
_ALONE = r"\s*(?:\w+::)*(?:[\w+.-]+://)?[^/?#@\s]*:(?!\d*(?:[/?#]|$))[^@]*@"
_AUTHORITY_END = r"[/?#]"
_PORT = "[0-9]*"
# What some services want beside a token that stands in the place of the name.
_NO_PASSWORDS = frozenset({"", "x-oauth-basic"})
_LONGEST_SCHEME = len("https://")
_TOKEN_SCHEMES = ("http", "https", "git:", "oci:")


def without_secrets(text: str) -> str:
    """`text` with the password of each URL in it as ``***``: ``https://user:***@host``.

    A name without a password is one over http (it may be a token; over ssh it is just a name). A URL that is none, as
    its password has a ``/`` in it, is cut up to its last ``@``. White space ends a URL, unless it is what `text` begins
    with and the white space is in its user information.
    """
    if "@" not in text:
        return text
    begin, stop_at = re.compile(_BEGIN), re.compile(_END)
    alone = re.match(_ALONE, text)
    user_end = alone.end() if alone else 0
    parts: list[str] = []
    done = end = last = 0
    found = begin.search(text)
    while found:
        start = found.end()
        if start >= end:
            stop = stop_at.search(text, max(start, user_end))
            end = stop.start() if stop else len(text)
            last = text.rfind("@", start, end)
        if start <= last:
            at = _end_of_user(text, start, end, last)
            if at > start:
                parts += [text[done:start], _mask(text[start:at], text[max(0, start - _LONGEST_SCHEME) : start])]
                done = start = at
        found = begin.search(text, start)
    return "".join([*parts, text[done:]])


def without_secrets_in(value: Any) -> Any:
    """The same for each text in a JSON value, names of members included."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {without_secrets(name): without_secrets_in(member) for name, member in value.items()}
    return [without_secrets_in(member) for member in value] if isinstance(value, (list, tuple)) else value


def without_credentials(text: str, authorization: str, form: bytes = b"") -> str:
    """What a server says without what the request proved itself with, should the server repeat it.

    Args:
        text: that the server gave.
        authorization: the value of the request's field; may be empty.
        form: the request's body, if it is a form with a token.
    """
    if not (authorization or form):
        return text
    from urllib.parse import parse_qs, quote

    scheme, _, credential = authorization.partition(" ")
    secrets = {credential, *parse_qs(form.decode("utf-8", "replace")).get("refresh_token", ())}
    if scheme.lower() == "basic":
        secrets.add(_decode(credential).partition(":")[2])
    secrets |= {quote(secret, safe="") for secret in secrets}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _MASK)
    return text


def _decode(credential: str) -> str:
    import base64

    try:
        return base64.b64decode(credential).decode("utf-8", "replace")
    except ValueError:
        return ""


def _end_of_user(text: str, start: int, end: int, last: int) -> int:
    """Where the ``@`` after the user information is; `start` if there is none."""
    stop = re.compile(_AUTHORITY_END).search(text, start, end)
    authority_end = stop.start() if stop else end
    at = text.rfind("@", start, authority_end)
    if at >= 0:
        return at
    if text.startswith("[", start):
        return start
    colon = text.find(":", start, authority_end)
    if colon < 0:
        return start
    port = re.compile(_PORT).match(text, colon + 1, authority_end)
    return start if port is not None and port.end() == authority_end else last


def _mask(user: str, before: str) -> str:
    name, colon, password = user.partition(":")
    if password in _NO_PASSWORDS and name != "git" and before[:-1].removesuffix(":/").endswith(_TOKEN_SCHEMES):
        return _MASK
    return f"{name}:{_MASK}" if colon else name
