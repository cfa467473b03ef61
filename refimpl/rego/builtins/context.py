"""What the ``ec.*`` functions work with, and what they remember: for a run, and for one component."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from refimpl.layers import Layers
from refimpl.oci.memo import Memo
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refimpl.deadline import Deadline
    from refimpl.layers import LayerCache
    from refimpl.oci.client import Registry
    from refimpl.system.exchange import Exchange
    from refimpl.verify.keys import Secrets
    from refimpl.verify.roots import Roots

_RUN_BYTES: Final = 64 << 20
_COMPONENT_BYTES: Final = 64 << 20
_COMPONENT_VALUES: Final = 256
_VERIFICATIONS: Final = 256


@record
class Content:
    """A blob's content, decompressed. `digest` is that of `data`; the stored bytes had the digest asked for."""

    data: bytes = field(repr=False)
    digest: str


@record(kw_only=True)
class Shared:
    """One for a run; used from many threads.

    Manifests, indexes and descriptors are remembered by `client`, what was read of layers by `layers`. Here are kept
    blobs (64 MiB of them; they were verified, so who asked first makes no difference) and what ``ec.sigstore.*`` found.

    Attributes:
        client: asks registries.
        layers: reads layers; the one that ``input.image.files`` comes from.
        environ: for keys and their trust.
        deadline: of the run.
        roots: of trust.
        cluster: for keys of the form ``k8s://``.
    """

    client: Registry
    layers: Layers
    environ: Mapping[str, str]
    deadline: Deadline
    roots: Roots
    cluster: Secrets | None = None
    blobs: Memo[tuple[str, str], Content] = field(init=False, repr=False)
    verifications: Memo[tuple[str, str, str], dict[str, Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blobs", Memo(_RUN_BYTES, self.deadline, lambda content: len(content.data) + 1))
        object.__setattr__(self, "verifications", Memo(_VERIFICATIONS, self.deadline))

    def share(self, exchange: Exchange) -> None:
        """Find out nothing that another process of the run has found out."""
        self.layers.share(exchange)
        self.blobs.share(exchange, "blob")
        self.verifications.share(exchange, "verification")


@contextmanager
def open_shared(
    client: Registry,
    environ: Mapping[str, str],
    deadline: Deadline,
    *,
    roots: Roots,
    cluster: Secrets,
    cache: LayerCache | None,
    transfers: int,
) -> Iterator[Shared]:
    """What is shared until the context ends: `Shared`, reading layers by `cache`, if any, `transfers` at a time."""
    with Layers(client, cache, deadline=deadline, transfers=transfers) as layers:
        yield Shared(client=client, layers=layers, environ=environ, deadline=deadline, roots=roots, cluster=cluster)


class ComponentContext:
    """What the functions remember while one component is judged, in all its source groups (specification 12 §2).

    Failures aren't remembered, and equal calls at the same time are one.

    Attributes:
        shared: of the run.
        contents: what ``ec.oci.blob`` gives, by reference text.
        parsed: what ``ec.oci.parsed_blob`` gives, likewise.
        files: what ``ec.oci.blob_files`` and ``ec.oci.image_files`` give, by function, reference text and paths.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.contents: Memo[str, bytes] = Memo(_COMPONENT_BYTES, shared.deadline, lambda data: len(data) + 1)
        self.parsed: Memo[str, Any] = Memo(_COMPONENT_VALUES, shared.deadline)
        self.files: Memo[tuple[str, str, tuple[str, ...]], Any] = Memo(_COMPONENT_VALUES, shared.deadline)
