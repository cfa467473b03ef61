"""A registry and the functions that ask it, for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.repository import Repository
from refimpl.deadline import Deadline
from refimpl.http.retry import Retry
from refimpl.layers import LayerCache, Layers
from refimpl.oci.client import Client
from refimpl.rego.builtins import ComponentContext, Shared, builtins
from refimpl.verify.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

__all__ = ["Bench"]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_PATIENCE = 60.0


class Bench:
    """Repository ``acme/app`` behind a gate, and `call` for the functions, all in one component unless told.

    `name` is the repository's reference.
    """

    def __init__(self, *, deadline: Deadline | None = None, environ: Mapping[str, str] | None = None) -> None:
        self.deadline = deadline or Deadline(_PATIENCE)
        self._registry = EmbeddedRegistry()
        self.gate = Gate(self._registry)
        self.repository = Repository(self.gate.seed, "acme/app")
        self.name = f"{self.gate.address}/acme/app"
        environ = {"EC_CACHE": "false", **(environ or {})}
        self._client = Client(deadline=self.deadline, retry=Retry(max_retry=0), environ=environ)
        self.layers = Layers(self._client, LayerCache.from_environ(environ, self.deadline), deadline=self.deadline)
        roots = Roots(environ, self.deadline)
        self.shared = Shared(
            client=self._client, layers=self.layers, environ=environ, deadline=self.deadline, roots=roots
        )
        self.builtins = {builtin.name: builtin for builtin in builtins(self.shared)}
        self.context = ComponentContext(self.shared)

    def call(self, function: str, *arguments: Any, context: ComponentContext | None = None) -> Any:
        """Call ``ec.<function>``."""
        return self.builtins[f"ec.{function}"].call(context or self.context, *arguments)

    def blob(self, data: bytes) -> str:
        """Store a blob and return its reference."""
        return f"{self.name}@{self.repository.put_blob(data)}"

    def manifest(self, document: dict[str, Any], media_type: str = _MANIFEST, tag: str | None = None) -> str:
        """Store a manifest and return its reference by digest."""
        body = json.dumps(document).encode()
        return f"{self.name}@{self.repository.put_manifest(body, media_type, tag=tag)}"

    def asked(self, method: str = "GET", **wanted: Any) -> list[str]:
        """The requests that came so far, such as ``manifest v1``, without pings."""
        self.gate.log.complete()
        found = self.gate.log.requests(method=method, **wanted)
        return [f"{each.kind} {each.reference}" for each in found if each.kind != "ping"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.layers.close()
        self._client.close()
        self.gate.close()
        self._registry.close()
