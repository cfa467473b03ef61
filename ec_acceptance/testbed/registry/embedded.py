"""A registry in this process: the OCI distribution specification 1.1 over a `Store`."""

from __future__ import annotations

import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ec_acceptance.testbed.registry.errors import RegistryFault
from ec_acceptance.testbed.registry.routes import Route
from ec_acceptance.testbed.registry.store import Store
from ec_acceptance.testbed.servers.http import Response, Server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ec_acceptance.testbed.registry.auth import Guard
    from ec_acceptance.testbed.servers.http import Request

__all__ = ["EmbeddedRegistry", "Service"]

_INDEX = "application/vnd.oci.image.index.v1+json"
_VERSION = ("Docker-Distribution-API-Version", "registry/2.0")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CONTENT_RANGE = re.compile(r"(?:bytes )?(\d+)-(\d+)(?:/.*)?")


@dataclass(slots=True)
class _Upload:
    repository: str
    data: bytearray = field(default_factory=bytearray)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Service:
    """The protocol's endpoints: `handle` is a `Handler`. `store` may be filled directly as well.

    With `referrers` off the referrers API answers 404 and `OCI-Subject` isn't sent, as registries before 1.1 do.
    """

    def __init__(self, store: Store | None = None, *, referrers: bool = True) -> None:
        self.store = store or Store()
        self._referrers_api = referrers
        self._uploads: dict[str, _Upload] = {}
        self._lock = threading.Lock()
        self._endpoints: dict[str, Callable[[Request, Route], Response]] = {
            "manifest": self._manifest,
            "blob": self._blob,
            "upload": self._upload,
            "referrers": self._referrers,
            "tags": self._tags,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        route = Route.of(request.path)
        try:
            if route.kind == "ping":
                return Response(200, (("Content-Type", "application/json"), _VERSION), b"{}")
            return self._endpoints.get(route.kind, _unknown)(request, route)
        except RegistryFault as fault:
            return fault.response((_VERSION,))

    def _manifest(self, request: Request, route: Route) -> Response:
        name, reference = route.repository, route.reference
        if request.method == "PUT":
            is_digest = ":" in reference
            manifest = self.store.put_manifest(
                name,
                request.body,
                request.headers.get("Content-Type", "").partition(";")[0].strip(),
                tag=None if is_digest else reference,
                digest=reference if is_digest else None,
            )
            headers = [("Location", f"/v2/{name}/manifests/{manifest.digest}"), _digest(manifest.digest), _VERSION]
            if manifest.subject and self._referrers_api:
                headers.append(("OCI-Subject", manifest.subject))
            return Response(201, tuple(headers))
        if request.method == "DELETE":
            self.store.delete_manifest(name, reference)
            return Response(202, (_VERSION,))
        _check_allowed(request, "GET", "HEAD")
        manifest = self.store.manifest(name, reference)
        headers = [("Content-Type", manifest.media_type), _digest(manifest.digest), _VERSION]
        return Response(200, tuple(headers), manifest.body)

    def _blob(self, request: Request, route: Route) -> Response:
        name, digest = route.repository, route.reference
        if request.method == "DELETE":
            self.store.delete_blob(name, digest)
            return Response(202, (_VERSION,))
        _check_allowed(request, "GET", "HEAD")
        data = self.store.blob(name, digest)
        headers = (("Content-Type", "application/octet-stream"), _digest(digest), ("Accept-Ranges", "bytes"), _VERSION)
        wanted = _RANGE.fullmatch(request.headers.get("Range", "")) if request.method == "GET" else None
        if wanted is None or wanted.groups() == ("", ""):
            return Response(200, headers, data)
        size = len(data)
        first = int(wanted[1]) if wanted[1] else max(0, size - int(wanted[2]))
        last = min(size - 1, int(wanted[2])) if wanted[1] and wanted[2] else size - 1
        if first > last:
            return Response(416, (("Content-Range", f"bytes */{size}"), _VERSION))
        part = memoryview(data)[first : last + 1]
        return Response(206, (*headers, ("Content-Range", f"bytes {first}-{last}/{size}")), part)

    def _upload(self, request: Request, route: Route) -> Response:
        if request.method == "POST":
            return self._begin(request, route.repository)
        upload = self._uploads.get(route.reference)
        if upload is None or upload.repository != route.repository:
            raise RegistryFault(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        place = _place(route.repository, route.reference)
        with upload.lock:
            if request.method == "DELETE":
                self._forget(route.reference)
                return Response(204, (_VERSION,))
            if request.method == "GET":
                return Response(204, (place, _receive(upload), _VERSION))
            _check_allowed(request, "PATCH", "PUT")
            _append(upload, request)
            if request.method == "PATCH":
                return Response(202, (place, _receive(upload), ("Docker-Upload-UUID", route.reference), _VERSION))
            digest = request.query.get("digest")
            if not digest:
                raise RegistryFault(400, "DIGEST_INVALID", "the digest of the upload is missing")
            self._forget(route.reference)
            return self._keep(route.repository, bytes(upload.data), digest)

    def _begin(self, request: Request, name: str) -> Response:
        if digest := request.query.get("digest"):
            return self._keep(name, request.body, digest)
        mount, source = request.query.get("mount"), request.query.get("from")
        if mount and source and self.store.mount(name, mount, source):
            return Response(201, (("Location", f"/v2/{name}/blobs/{mount}"), _digest(mount), _VERSION))
        session = str(uuid.uuid4())
        with self._lock:
            self._uploads[session] = _Upload(name)
        return Response(202, (_place(name, session), ("Range", "0-0"), ("Docker-Upload-UUID", session), _VERSION))

    def _keep(self, name: str, data: bytes, digest: str) -> Response:
        self.store.put_blob(name, data, digest=digest)
        return Response(201, (("Location", f"/v2/{name}/blobs/{digest}"), _digest(digest), _VERSION))

    def _forget(self, session: str) -> None:
        with self._lock:
            self._uploads.pop(session, None)

    def _referrers(self, request: Request, route: Route) -> Response:
        _check_allowed(request, "GET", "HEAD")
        if not self._referrers_api:
            raise RegistryFault(404, "UNSUPPORTED", "the operation is unsupported")
        entries = self.store.referrers(route.repository, route.reference)
        headers = [("Content-Type", _INDEX), _VERSION]
        if kind := request.query.get("artifactType"):
            entries = [entry for entry in entries if entry.get("artifactType") == kind]
            headers.append(("OCI-Filters-Applied", "artifactType"))
        document = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}
        return Response(200, tuple(headers), json.dumps(document, separators=(",", ":")).encode())

    def _tags(self, request: Request, route: Route) -> Response:
        _check_allowed(request, "GET", "HEAD")
        name = route.repository
        tags = self.store.tags(name)
        if last := request.query.get("last"):
            tags = [tag for tag in tags if tag > last]
        headers = [("Content-Type", "application/json"), _VERSION]
        if count := request.query.get("n"):
            if not count.isdecimal():
                raise RegistryFault(
                    400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested", {"n": count}
                )
            more = 0 < int(count) < len(tags)
            tags = tags[: int(count)]
            if more:
                headers.append(("Link", f'</v2/{name}/tags/list?n={count}&last={tags[-1]}>; rel="next"'))
        return Response(200, tuple(headers), json.dumps({"name": name, "tags": tags}).encode())


class EmbeddedRegistry:
    """A `Service` on a port of its own; also the back end `embedded` of scenarios."""

    kind = "embedded"

    def __init__(
        self,
        *,
        reason: str = "asked for",
        port: int = 0,
        referrers: bool = True,
        guard: Guard | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.reason = reason
        service = Service(referrers=referrers)
        self.store = service.store
        self.handle = guard.over(service.handle) if guard else service.handle
        self._server = Server(self.handle, tls=tls, port=port, name="registry")
        self.url = self._server.url

    def forget(self, namespace: str) -> None:
        """Drop the repositories below `namespace`."""
        self.store.forget(namespace)

    def close(self) -> None:
        """Stop serving; what was stored is gone."""
        self._server.close()


def _unknown(request: Request, route: Route) -> Response:
    raise RegistryFault(404, "UNSUPPORTED", "the operation is unsupported", {"path": request.path, "kind": route.kind})


def _check_allowed(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise RegistryFault(405, "UNSUPPORTED", "the operation is unsupported")


def _digest(digest: str) -> tuple[str, str]:
    return ("Docker-Content-Digest", digest)


def _place(name: str, session: str) -> tuple[str, str]:
    return ("Location", f"/v2/{name}/blobs/uploads/{session}")


def _receive(upload: _Upload) -> tuple[str, str]:
    return ("Range", f"0-{max(0, len(upload.data) - 1)}")


def _append(upload: _Upload, request: Request) -> None:
    if wanted := request.headers.get("Content-Range"):
        bounds = _CONTENT_RANGE.fullmatch(wanted)
        if (
            bounds is None
            or int(bounds[1]) != len(upload.data)
            or int(bounds[2]) - int(bounds[1]) + 1 != len(request.body)
        ):
            raise RegistryFault(416, "BLOB_UPLOAD_INVALID", "blob upload invalid", _receive(upload)[1])
    upload.data += request.body
