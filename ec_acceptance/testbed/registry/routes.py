"""What a path of the distribution protocol asks for (OCI distribution specification 1.1, "API")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

__all__ = ["Kind", "Route"]

Kind = Literal["ping", "manifest", "blob", "referrers", "tags", "upload", "token", "other"]
"""What is asked for; `ping` is the bare `/v2/`, `token` the bearer token's endpoint."""

_FORMS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("upload", re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<reference>[^/]*)")),
    ("upload", re.compile(r"/v2/(?P<name>.+)/blobs/uploads(?P<reference>)")),
    ("blob", re.compile(r"/v2/(?P<name>.+)/blobs/(?P<reference>[^/]+)")),
    ("manifest", re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")),
    ("referrers", re.compile(r"/v2/(?P<name>.+)/referrers/(?P<reference>[^/]+)")),
    ("tags", re.compile(r"/v2/(?P<name>.+)/tags/list(?P<reference>)")),
)


@dataclass(frozen=True, slots=True)
class Route:
    """What is meant: `kind`, the `repository`'s name and a `reference`: tag, digest or an upload's id; else empty."""

    kind: Kind
    repository: str = ""
    reference: str = ""

    @classmethod
    def of(cls, path: str) -> Route:
        """Read a percent-encoded path without its query."""
        text = unquote(path)
        if text in {"/v2", "/v2/"}:
            return cls("ping")
        if text == "/token":
            return cls("token")
        for kind, form in _FORMS:
            if found := form.fullmatch(text):
                return cls(kind, found["name"], found["reference"])
        return cls("other")
