"""Faults in the switch, and in the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__: list[str] = []


@mutant(
    "on-though-off",
    "The cache is used even when it is switched off.",
    Kind.SWITCH,
    "cache-01 cache-16.1 cache-16.4 cache-16.7 cache-16.14 layers-01",
)
def on_though_off() -> None:
    from refimpl.layers import cache

    @change(cache, "switched_on")
    def switched_on(*_: object) -> bool:
        return True


@mutant(
    "off-by-one-word-only",
    "Only the word false switches the cache off.",
    Kind.SWITCH,
    "cache-16.1 cache-16.2 cache-16.3 cache-16.5 cache-16.6",
)
def off_by_one_word_only() -> None:
    from refimpl.layers import cache

    replace(cache, "_OFF", frozenset({"false"}))


@mutant(
    "on-by-one-word-only",
    "Only the word true switches the cache on.",
    Kind.SWITCH,
    "cache-16.8 cache-16.9 cache-16.10 cache-16.11 cache-16.12 cache-16.13",
)
def on_by_one_word_only() -> None:
    from refimpl.layers import cache

    @change(cache, "switched_on")
    def switched_on(_: object, environ: Mapping[str, str]) -> bool:
        return environ.get("EC_CACHE") == "true"


@mutant(
    "nothing-is-evicted",
    "The directory grows without end.",
    Kind.SWITCH,
    "cache-28.1 cache-28.3 cache-28.4",
)
def nothing_is_evicted() -> None:
    from refimpl.layers.cache import LayerCache

    @change(LayerCache, "__init__")
    def make(original: Callable[..., None], *arguments: Any, budget: int, **named: Any) -> None:
        del budget
        original(*arguments, budget=1 << 62, **named)


@mutant(
    "oldest-is-evicted",
    "What was made first is removed first, though it is in use.",
    Kind.SWITCH,
    "cache-28.1 cache-28.2",
)
def oldest_is_evicted() -> None:
    from refimpl.layers.directory import Directory

    @change(Directory, "touch")
    def touch(*_: object) -> None:
        return None


@mutant(
    "reads-for-nothing",
    "Layers are read whether or not somebody wants to know an image's files.",
    Kind.SWITCH,
    "cache-17 happy-01",
)
def reads_for_nothing() -> None:
    from refimpl.policy_input import image

    @change(image, "_files")
    def files(original: Callable[..., Any], layers: Any, repository: Any, manifest: Any, config: Any) -> Any:
        for layer in manifest.layers:
            layers.read(repository, layer, lambda _: None)
        return original(layers, repository, manifest, config)


@mutant(
    "odd-budget-is-nothing",
    "A budget that is no number means that nothing is kept, and nobody is told.",
    Kind.SWITCH,
    "cache-28.7 cache-28.8 cache-28.9 cache-28.10",
)
def odd_budget_is_nothing() -> None:
    from refimpl.layers.cache import LayerCache

    original = LayerCache.from_environ

    def from_environ(environ: Mapping[str, str], *rest: Any) -> Any:
        odd = not environ.get("EC_CACHE_MAX_BYTES", "0").isdecimal()
        return original({**environ, "EC_CACHE_MAX_BYTES": "0"} if odd else environ, *rest)

    replace(LayerCache, "from_environ", staticmethod(from_environ))


@mutant(
    "no-limits",
    "A file of an image may be of any size.",
    Kind.SWITCH,
    "cache-25.6 cache-25.7",
)
def no_limits() -> None:
    from refimpl.layers import layers
    from refimpl.layers.limits import Limits

    unlimited = Limits(file_bytes=1 << 40, image_bytes=1 << 40)

    @change(layers, "Limits")
    def limits(_: object) -> Limits:
        return unlimited
