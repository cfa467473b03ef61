"""A client of the distribution protocol for one repository, for preparing and looking at what scenarios use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.servers.http import Headers, Request, slices

if TYPE_CHECKING:
    from ec_acceptance.testbed.servers.http import Handler, Response

__all__ = ["Repository", "UnexpectedAnswerError"]

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    _INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


class UnexpectedAnswerError(Exception):
    """The registry didn't do what was asked; `status` is its answer's."""

    def __init__(self, what: str, status: int, body: bytes) -> None:
        super().__init__(f"{what}: {status} {body[:500].decode(errors='replace').strip()}")
        self.status = status


class Repository:
    """Repository `name` behind a `Handler` in this process."""

    def __init__(self, handler: Handler, name: str) -> None:
        self._handler = handler
        self.name = name

    @classmethod
    def at(cls, url: str, name: str) -> Repository:
        """Repository `name` of the registry at `url`, such as `http://127.0.0.1:5000`."""
        from ec_acceptance.testbed.registry.remote import Remote  # brings `requests`, which embedded ones don't need

        return cls(Remote(url).handle, name)

    def put_blob(self, data: bytes, *, algorithm: str = "sha256") -> str:
        """Upload `data` unless it is there; return its digest."""
        digest = digest_of(data, algorithm)
        if self._ask("HEAD", f"blobs/{digest}", accepted=(200, 404)).status == 200:
            return digest
        begun = self._ask("POST", "blobs/uploads/", accepted=(202,))
        split = urlsplit(Headers(begun.headers)["Location"])
        query = f"{split.query}&" if split.query else ""
        self._send("PUT", split.path, data, query=f"{query}digest={quote(digest)}", accepted=(201,))
        return digest

    def put_manifest(self, body: bytes, media_type: str, *, tag: str | None = None, algorithm: str = "sha256") -> str:
        """Upload a manifest and return its digest; a tag goes only with sha256, as the protocol has it.

        One with a `subject` also goes into the index at the subject's tag, if the registry has no referrers API
        (distribution specification 1.1, "Pushing Manifests with Subject").
        """
        digest = digest_of(body, algorithm)
        if tag is not None and algorithm != "sha256":
            raise ValueError("a manifest pushed by tag has a sha256 digest")
        answer = self._ask("PUT", f"manifests/{tag or digest}", body, (201,), ("Content-Type", media_type))
        document = json.loads(body)
        subject = document.get("subject")
        if subject and "OCI-Subject" not in Headers(answer.headers):
            self._list_referrer(subject["digest"], digest, media_type, body, document)
        return digest

    def manifest(self, reference: str) -> tuple[str, bytes]:
        """Media type and bytes of a manifest, by tag or digest."""
        answer = self._ask("GET", f"manifests/{reference}", b"", (200,), ("Accept", ",".join(_MANIFESTS)))
        return Headers(answer.headers)["Content-Type"], _bytes(answer)

    def blob(self, digest: str) -> bytes:
        """A blob's bytes."""
        return _bytes(self._ask("GET", f"blobs/{digest}", accepted=(200,)))

    def blob_size(self, digest: str) -> int:
        """A blob's number of bytes, without them."""
        answer = self._ask("HEAD", f"blobs/{digest}", accepted=(200,))
        length = Headers(answer.headers).get("Content-Length")
        return int(length) if length else len(_bytes(answer))  # in this process the body stands for its length

    def tags(self) -> list[str]:
        """All tags."""
        document = json.loads(_bytes(self._ask("GET", "tags/list", accepted=(200,))))
        return sorted(document["tags"] or [])

    def delete_blob(self, digest: str) -> None:
        """Remove a blob."""
        self._ask("DELETE", f"blobs/{digest}", accepted=(202,))

    def delete_manifest(self, digest: str) -> None:
        """Remove a manifest and its tags."""
        self._ask("DELETE", f"manifests/{digest}", accepted=(202,))

    def _list_referrer(self, subject: str, digest: str, media_type: str, body: bytes, document: dict[str, Any]) -> None:
        tag = subject.replace(":", "-", 1)
        answer = self._ask("GET", f"manifests/{tag}", b"", (200, 404), ("Accept", _INDEX))
        entries = json.loads(_bytes(answer))["manifests"] if answer.status == 200 else []
        kind = document.get("artifactType") or (document.get("config") or {}).get("mediaType")
        entry = {"mediaType": media_type, "digest": digest, "size": len(body), "artifactType": kind}
        if annotations := document.get("annotations"):
            entry["annotations"] = annotations
        entries = [other for other in entries if other["digest"] != digest] + [entry]
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}
        self.put_manifest(json.dumps(index, separators=(",", ":")).encode(), _INDEX, tag=tag)

    def _ask(
        self,
        method: str,
        rest: str,
        body: bytes = b"",
        accepted: tuple[int, ...] = (),
        *headers: tuple[str, str],
    ) -> Response:
        return self._send(method, f"/v2/{self.name}/{rest}", body, headers=headers, accepted=accepted)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        accepted: tuple[int, ...],
    ) -> Response:
        fields = Headers(headers or (("Content-Type", "application/octet-stream"),))
        answer = self._handler(Request(method, path, dict(parse_qsl(query)), fields, body, query))
        if answer.status not in accepted:
            raise UnexpectedAnswerError(f"{method} {path}", answer.status, _bytes(answer))
        return answer


def _bytes(answer: Response) -> bytes:
    return b"".join(slices(answer.body))
