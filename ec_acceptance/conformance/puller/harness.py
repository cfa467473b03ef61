"""Has a tool fetch each image, and says what arrived, in the form in which a validator reports it.

The verdict on an image is that of two judges, and scenarios tell them apart:

- The tool says that it failed: the component *fails for a cause* (specification 40), and the cause is the tool's text.
- The tool says that it is done: what arrived is compared with what the registry's manifest names. If all is there, the
  files are reported (`manifests.seen`), as the policies of the scenarios do. If not, the component has the violation
  `manifests.arrived`, which is no cause: a tool that takes wrong bytes for right isn't one that refuses them.
"""

from __future__ import annotations

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.puller.arrival import ArrivalError, find_blobs, read_files
from ec_acceptance.conformance.puller.registry import Registry, RegistryError
from ec_acceptance.testbed.fixtures.bundles import describe_files
from ec_acceptance.testbed.trees import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ec_acceptance.conformance.puller.registry import Image
    from ec_acceptance.conformance.puller.template import Template
    from ec_acceptance.conformance.puller.tool import Ended, Tools

__all__ = ["Component", "Harness", "Judged"]

_REQUIRED = ("manifests/own.json", "manifests/shared-first.json", "manifests/shared-last.yaml")
_WARNING = re.compile(r"^.*\bwarn(?:ing)?\b.*$", re.IGNORECASE | re.MULTILINE)
_SHOWN = 5  # names of files that are no part of the image


@dataclass(frozen=True, slots=True)
class Component:
    """An image to fetch, by tag or digest, and its name in the report."""

    name: str
    image: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of a component: codes and texts. `logged` are warnings of the tool's."""

    component: Component
    warnings: tuple[tuple[str, str], ...] = ()
    violations: tuple[tuple[str, str], ...] = ()
    logged: tuple[str, ...] = ()

    def report(self) -> dict[str, Any]:
        """As a report has it."""
        return {
            "name": self.component.name,
            "containerImage": self.component.image,
            "source": {},
            "violations": [_result(*one) for one in self.violations],
            "warnings": [_result(*one) for one in self.warnings],
            "success": not self.violations,
        }


class Harness:
    """Fetches and judges images.

    Args:
        template: of the tool.
        tools: starts it.
        folder: an existing one, for what arrives.
        cache: the directory that all images share; None: each gets an empty one of its own.
    """

    def __init__(self, template: Template, tools: Tools, folder: Path, cache: Path | None) -> None:
        self._template = template
        self._tools = tools
        self._folder = folder
        self._cache = cache
        self._registry = Registry(lambda: tools.seconds_left)

    def judge_all(self, components: Iterable[Component], workers: int) -> list[Judged]:
        """Judge images, so many at the same time, in their order."""
        pool = ThreadPoolExecutor(workers)
        try:
            return list(pool.map(self._judge, components))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _judge(self, component: Component) -> Judged:
        try:
            image = self._registry.look_up(component.image)
        except RegistryError as error:
            return Judged(component, violations=(("puller.registry", str(error)),))
        self._registry.read_config(image)
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            destination = folder / "image"
            words, variables = self._template.fill(image.ref, destination, self._cache or folder / "cache")
            ended = self._tools.run(words, variables, folder)
            pinned = Component(component.name, image.ref)
            logged = tuple(line.strip() for line in _WARNING.findall(ended.said))
            if ended.status != 0:
                cause = self._cause(image, destination, ended)
                return Judged(pinned, violations=(("puller.failed", cause),), logged=logged)
            return self._judge_arrival(pinned, image, destination, logged)
        finally:
            remove_tree(folder)

    def _judge_arrival(self, component: Component, image: Image, destination: Path, logged: Sequence[str]) -> Judged:
        arrival = find_blobs(destination, image.blobs)
        if arrival.missing:
            told = (
                f"{self._template.tool} says that all is well, and these did not arrive: {', '.join(arrival.missing)}"
            )
            if arrival.others:
                told += f"; what else is there: {', '.join(arrival.others[:_SHOWN])}"
            return Judged(component, violations=(("manifests.arrived", told),), logged=tuple(logged))
        try:
            files = read_files(arrival, image.layers)
        except ArrivalError as error:
            return Judged(component, violations=(("manifests.unreadable", str(error)),), logged=tuple(logged))
        seen = describe_files(files)
        self._registry.tell_files(image, f"seen-{seen.rpartition(' ')[2][:12]}")
        missing = tuple(("manifests.missing", f"The file {path} is missing") for path in _REQUIRED if path not in files)
        return Judged(component, (("manifests.seen", seen),), missing, tuple(logged))

    def _cause(self, image: Image, destination: Path, ended: Ended) -> str:
        """Why the tool failed: its own words, and what isn't there, which tools need not name."""
        missing = find_blobs(destination, image.blobs).missing
        if ended.status is None:
            said = f"{self._template.tool} was ended by the time-out. {ended.said}"
        else:
            said = ended.said or f"{self._template.tool} ended with status {ended.status} and said nothing"
        return f"{said} [{image.ref} did not arrive: {', '.join(missing) or 'all of it is there'}]"


def _result(code: str, text: str) -> dict[str, Any]:
    return {"msg": text, "metadata": {"code": code}}
