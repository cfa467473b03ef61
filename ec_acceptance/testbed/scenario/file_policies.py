"""Images that are judged by policies which read their files: the scenarios of the layer cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec_acceptance.testbed.fixtures.bundles import describe_files
from ec_acceptance.testbed.fixtures.collection import component

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ec_acceptance.testbed.fixtures.bundles import Reader
    from ec_acceptance.testbed.fixtures.collection import Fixtures
    from ec_acceptance.testbed.gate.log import Exchange
    from ec_acceptance.testbed.scenario.runs import Runs

__all__ = ["FilePolicies"]


class FilePolicies:
    """Which policies read files in this scenario, and what they have to say."""

    def __init__(self, fixtures: Fixtures, runs: Runs) -> None:
        self._fixtures = fixtures
        self._runs = runs
        self._reader: Reader | None = None

    @property
    def reader(self) -> Reader:
        """How policies get at files.

        Raises:
            LookupError: no step has said so.
        """
        if self._reader is None:
            raise LookupError("no step before this one makes images that are judged by their files")
        return self._reader

    @reader.setter
    def reader(self, reader: Reader) -> None:
        self._reader = reader

    def first_request_after_files(self, image: str) -> Exchange | None:
        """The first request in the newest run that is made only when the image's files have been read."""
        requests = self._runs.requests_so_far(repository=self._fixtures.full_name(image))
        return next(filter(self.reader.past_files, requests), None)

    def expected_messages(self, images: Iterable[str] | None = None) -> dict[str, str]:
        """What the policies say, by component, when they see all files of these images, and nothing else."""
        names = self._fixtures.images if images is None else map(self._fixtures.full_name, images)
        return {component(name): describe_files(self._fixtures.files[name]) for name in names}
