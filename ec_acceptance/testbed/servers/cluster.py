"""A Kubernetes API that holds policy configurations, snapshots and secrets.

Source: specification 30 §10; Kubernetes API conventions (the `Status` object).
"""

from __future__ import annotations

import base64
import json
import re
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.servers.closing import Closing
from ec_acceptance.testbed.servers.http import Response, Server
from ec_acceptance.testbed.servers.request_log import RequestLog

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

    from ec_acceptance.testbed.servers.http import Request

__all__ = ["ClusterServer"]

_USER = "system:serviceaccount:acceptance:validator"
_CREATED = "2024-01-01T00:00:00Z"
_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)/namespaces/(?P<namespace>[^/]+)/(?P<plural>[^/]+)/(?P<name>[^/]+)"
)


@dataclass(frozen=True, slots=True)
class _Kind:
    kind: str
    plural: str
    group: str
    version: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


_POLICY = _Kind("EnterpriseContractPolicy", "enterprisecontractpolicies", "appstudio.redhat.com", "v1alpha1")
_SNAPSHOT = _Kind("Snapshot", "snapshots", "appstudio.redhat.com", "v1alpha1")
_SECRET = _Kind("Secret", "secrets", "", "v1")
_KINDS = {(kind.group, kind.version, kind.plural): kind for kind in (_POLICY, _SNAPSHOT, _SECRET)}


class ClusterServer(Closing):
    """Serves the objects it was given, over http or, with `tls`, https.

    With a `token`, requests need it as their bearer token. A client of the real kind doesn't send one over plain http.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, token: str | None = None, port: int = 0) -> None:
        self.request_log = RequestLog()
        self.token = token
        self._objects: dict[tuple[_Kind, str, str], dict[str, Any]] = {}
        self._forbidden: set[tuple[_Kind, str, str]] = set()
        self._version = 0
        self._lock = threading.Lock()
        self._server = Server(self.request_log.record(self._answer), tls=tls, port=port, name="cluster")
        self.url = self._server.url

    def policy(self, namespace: str, name: str, spec: Mapping[str, Any]) -> None:
        """Create or replace an EnterpriseContractPolicy."""
        self._put(_POLICY, namespace, name, {"spec": dict(spec)})

    def snapshot(self, namespace: str, name: str, spec: Mapping[str, Any]) -> None:
        """Create or replace a Snapshot."""
        self._put(_SNAPSHOT, namespace, name, {"spec": dict(spec)})

    def secret(self, namespace: str, name: str, data: Mapping[str, bytes]) -> None:
        """Create or replace a Secret."""
        encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
        self._put(_SECRET, namespace, name, {"data": encoded, "type": "Opaque"})

    def forbid(self, plural: str, namespace: str, name: str) -> None:
        """Answer 403 for one object, whether it is there or not. `plural` as in paths, such as "secrets"."""
        [kind] = [kind for kind in _KINDS.values() if kind.plural == plural]
        with self._lock:
            self._forbidden.add((kind, namespace, name))

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What it was given, as it serves it: `load` takes it back."""
        with self._lock:
            return [
                {"plural": kind.plural, "namespace": namespace, "name": name, "object": stored}
                for (kind, namespace, name), stored in self._objects.items()
            ]

    @property
    def forbidden(self) -> list[tuple[str, str, str]]:
        """What it answers 403 for: kinds (plural), namespaces and names."""
        with self._lock:
            return sorted((kind.plural, namespace, name) for kind, namespace, name in self._forbidden)

    def load(self, plural: str, namespace: str, name: str, stored: Mapping[str, Any]) -> None:
        """Serve one object just as it is.

        Raises:
            ValueError: there is no such kind.
        """
        [kind] = [kind for kind in _KINDS.values() if kind.plural == plural]
        with self._lock:
            self._objects[kind, namespace, name] = dict(stored)

    def kubeconfig(self, path: Path, *, namespace: str | None = None, ca_file: Path | None = None) -> Path:
        """Write a client configuration for this server; the path is the answer.

        Args:
            path: where to.
            namespace: of the current context; None leaves it out, which clients take for "default".
            ca_file: whom to trust, for a server over https.
        """
        cluster: dict[str, Any] = {"server": self.url}
        if ca_file is not None:
            cluster["certificate-authority"] = str(ca_file)
        context: dict[str, Any] = {"cluster": "acceptance", "user": "acceptance"}
        if namespace is not None:
            context["namespace"] = namespace
        user = {} if self.token is None else {"token": self.token}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "acceptance", "cluster": cluster}],
            "contexts": [{"name": "acceptance", "context": context}],
            "users": [{"name": "acceptance", "user": user}],
            "current-context": "acceptance",
            "preferences": {},
        }
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")  # JSON is YAML too
        return path

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def _put(self, kind: _Kind, namespace: str, name: str, content: Mapping[str, Any]) -> None:
        with self._lock:
            self._version += 1
            metadata = {
                "name": name,
                "namespace": namespace,
                "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind.resource}/{namespace}/{name}")),
                "resourceVersion": str(self._version),
                "creationTimestamp": _CREATED,
            }
            self._objects[kind, namespace, name] = {
                "apiVersion": kind.api_version,
                "kind": kind.kind,
                "metadata": metadata,
                **content,
            }

    def _answer(self, request: Request) -> Response:
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized", "Unauthorized")
        found = _PATH.fullmatch(request.path)
        kind = found and _KINDS.get((found["group"] or "", found["version"], found["plural"]))
        if not found or not kind:
            return Response(404, (("Content-Type", "text/plain; charset=utf-8"),), b"404 page not found\n")
        namespace, name = found["namespace"], found["name"]
        details = {"name": name, **({"group": kind.group} if kind.group else {}), "kind": kind.plural}
        if request.method != "GET":
            return _status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        with self._lock:
            forbidden = (kind, namespace, name) in self._forbidden
            stored = self._objects.get((kind, namespace, name))
        if forbidden:
            text = (
                f'{kind.resource} "{name}" is forbidden: User "{_USER}" cannot get resource "{kind.plural}" '
                f'in API group "{kind.group}" in the namespace "{namespace}"'
            )
            return _status(403, "Forbidden", text, details)
        if stored is None:
            return _status(404, "NotFound", f'{kind.resource} "{name}" not found', details)
        return _json(200, stored)


def _status(code: int, reason: str, message: str, details: Mapping[str, str] | None = None) -> Response:
    document = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        **({"details": details} if details else {}),
        "code": code,
    }
    return _json(code, document)


def _json(code: int, document: Any) -> Response:
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return Response(code, (("Content-Type", "application/json"),), body)
