"""Which scenarios can be asked of a tool that only fetches images, and why the others can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ec_acceptance.testbed.validator.adapter import Adapter

__all__ = ["SEVERAL", "WITHOUT_CACHE", "WITH_CACHE", "command_of", "why_not_applicable"]

SEVERAL = frozenset({"C2", "C3"})
"""The claims of which at least one says that several processes may share the cache; else they run one by one."""

WITHOUT_CACHE = ("C0",)
"""What a tool is held to by default whose template has no `{cache}`."""
WITH_CACHE = ("C0", "C1", "C2", "C3", "C4", "C5")
"""… and whose template has it. Not C6: each image has a process of its own, and those mustn't wait for each other."""

_FOLDER = "features/layer_cache/"
_OUTSIDE = "it is about policies, signatures or reports, which a tool that only fetches doesn't have"
_FLIGHT = "its images are fetched by processes of their own, which needn't know that another one is fetching"
_UNPACKING = "the bytes are those of the digest, and a tool that only fetches needn't unpack them"
_FLAGS = "it gives a validator flags about retries, for which a tool has ways of its own"
_WORKERS = "how many images are fetched at once is the harness's own doing"
_DIRECTORY = "a tool that was told to use a directory, and can't or mustn't, may fail as well as do without it"
_REASONS = {
    _FLIGHT: "03 05.1 05.2 05.5 05.6 06 07.15 07.16 07.17 07.18 22 26 "
    "10.1 10.2 10.3 10.4 10.5 10.6 10.7 10.8 10.9 10.10 10.11 10.12 10.13 10.14 10.15 10.16 "
    "12.5 12.6 14.11 14.12 30.1 30.2 30.3 30.4 30.5 30.6",
    _DIRECTORY: "07.21 07.22 15",
    "the harness understands EC_CACHE, not the tool": "16",
    "a tool that only fetches fetches all layers": "17",
    _FLAGS: "18.5 18.6 18.7 18.8",
    _UNPACKING: "23.1 23.2 23.3 23.4 23.5 23.6 23.7 23.8 23.9 23.10 23.11 23.12 23.19 23.20",
    "tools leave the modes of their files to the umask": "24.1 24.2",
    _WORKERS: "25.3 25.4",
    "only policies need a limit to the size of a file": "25.6 25.7",
    "a tool may use other names on other systems": "27",
    "no tool is told of a budget": "28",
    "the image specification lets a tool fetch a layer from the URLs of its descriptor": "30.9 30.10 30.11 30.12",
}
_WHY = {f"cache-{number}": reason for reason, numbers in _REASONS.items() for number in numbers.split()}


def command_of(adapter: Adapter, claims: Collection[str] | None = None) -> tuple[str, ...]:
    """The command of an adapter: a tool that only fetches is started for several images at once only if it claims that.

    Args:
        adapter: of a tool, or of a validator.
        claims: those of the adapter by default.
    """
    claimed = claims if claims is not None else adapter.claims if adapter.claims is not None else SEVERAL
    return adapter.command if not adapter.puller or SEVERAL & set(claimed) else adapter.one_by_one()


def why_not_applicable(location: str, tags: Sequence[str]) -> str:
    """Why a scenario can't be asked of a tool; empty if it can.

    Args:
        location: such as `features/layer_cache/limits.feature:9`.
        tags: of the scenario; among them its id, such as `cache-25.3`, and its point, `cache-25`.
    """
    if not location.startswith(_FOLDER):
        return _OUTSIDE
    return next((_WHY[tag] for tag in tags if tag in _WHY), "")
