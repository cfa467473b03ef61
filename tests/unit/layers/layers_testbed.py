"""Images behind a gate, and readers in threads, for the tests of the layer cache."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ec_acceptance.testbed.fixtures.images import OLM_LABEL, Image, Layer, publish
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from refimpl.deadline import Deadline
from refimpl.http.retry import Retry
from refimpl.layers import LayerCache, Layers, Limits
from refimpl.layers.files import image_files
from refimpl.oci.client import Client
from refimpl.oci.descriptor import Descriptor
from refimpl.oci.reference import Reference, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")
SECONDS = 60.0
QUICK = Retry(max_wait=0.02, max_retry=2, duration=0.001)
MANIFESTS = ["manifests/"]


class LayersTestbed:
    """One gate with one embedded registry, a cache directory, and runs of readers on them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.gate = Gate(EmbeddedRegistry())
        self.place = home / "ec" / "images"
        self._open: list[tuple[Client, Layers]] = []

    def image(self, *layers: Layer, name: str = "acme/app", tag: str = "v1", **options: Any) -> Reference:
        image = Image.of(layers, labels={OLM_LABEL: "manifests/"}, **options)
        published = publish(image, self.gate.repository(name), tag)
        return parse(published.pinned(self.gate.address))

    def run(
        self,
        *,
        cached: bool = True,
        deadline: Deadline | None = None,
        limits: Limits | None = None,
        transfers: int = 36,
        environ: Mapping[str, str] | None = None,
    ) -> Run:
        deadline = deadline or Deadline(SECONDS)
        client = Client(deadline=deadline, retry=QUICK, environ={})
        cache_environ = {"XDG_CACHE_HOME": str(self.home), **(environ or {})}
        cache = LayerCache.from_environ(cache_environ, deadline) if cached else None
        layers = Layers(client, cache, deadline=deadline, limits=limits, transfers=transfers)
        self._open.append((client, layers))
        return Run(client, layers)

    def gets(self, layer: Layer) -> int:
        return len(self.gate.log.requests(method="GET", kind="blob", reference=layer.digest))

    def entries(self) -> dict[str, bytes]:
        if not self.place.is_dir():
            return {}
        return {path.name: path.read_bytes() for path in sorted(self.place.iterdir()) if path.is_file()}

    def close(self) -> None:
        for client, _ in self._open:
            client.close()
        for _, layers in self._open:
            layers.close()
        self.gate.close()


class Run:
    """What one process does: a client and its layers."""

    def __init__(self, client: Client, layers: Layers) -> None:
        self.client = client
        self.layers = layers

    @property
    def cache(self) -> LayerCache:
        assert self.layers.cache is not None
        return self.layers.cache

    def files(self, ref: Reference, directories: Sequence[str] = MANIFESTS) -> dict[str, Any]:
        return image_files(self.layers, self.client.image(ref), ref.repository, directories)

    def finish(self) -> None:
        self.layers.close()
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()


class Crowd:
    """Threads whose results and errors are looked at in the main thread."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._results: list[Any] = []

    def add(self, act: Callable[[], object]) -> None:
        place = len(self._results)
        self._results.append(None)

        def run() -> None:
            try:
                self._results[place] = act()
            except BaseException as error:  # noqa: BLE001  # looked at in the main thread
                self._results[place] = error

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def outcomes(self) -> list[Any]:
        """What each returned or raised."""
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive(), "a reader hangs"
        return self._results

    def results(self) -> list[Any]:
        """What each returned; raises the first error."""
        found = self.outcomes()
        for outcome in found:
            if isinstance(outcome, BaseException):
                raise outcome
        return found


def together(*acts: Callable[[], object]) -> list[Any]:
    """The outcomes of acts that begin at the same moment."""
    barrier = threading.Barrier(len(acts))

    def met(act: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            barrier.wait(SECONDS)
            return act()

        return run

    crowd = Crowd()
    for act in acts:
        crowd.add(met(act))
    return crowd.outcomes()


def descriptor_of(layer: Layer, **changes: Any) -> Descriptor:
    return Descriptor.from_json({**layer.descriptor(), **changes})
