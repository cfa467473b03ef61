"""The private directory of a run, and what of it each source group is judged by (specification 11 §4.5 and §4.6)."""

from __future__ import annotations

import base64
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from refimpl.errors import PolicyError
from refimpl.golang import jsontext
from refimpl.golang.oserrors import describe, reason
from refimpl.policy.sources.fetcher import Fetcher, source_id
from refimpl.record import record
from refimpl.system import leftovers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.deadline import Deadline
    from refimpl.oci.client import Registry
    from refimpl.policy.config import Policy, SourceGroup
    from refimpl.policy.sources.fetcher import Fetched

_RULE_DATA = "rule_data__configuration__"


@record
class GroupDirectories:
    """Where a source group's rules and data are.

    Attributes:
        policy: one directory for each policy URL, in their order; equal URLs give equal directories.
        compiled: the same, each once; an empty directory for a group without a policy URL.
        data: distinct directories, the one with ``config.json`` first.
    """

    policy: tuple[Path, ...]
    compiled: tuple[Path, ...]
    data: tuple[Path, ...]


class Workspace:
    """The directory ``ec-work-<decimal digits>``; leaving the context removes it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Make the directory below ``TMPDIR``. It stays at the end if ``EC_DEBUG`` isn't empty.

        Raises:
            PolicyError: not possible.
        """
        self._environ = environ
        self._kept = bool(environ.get("EC_DEBUG"))
        parent = environ.get("TMPDIR") or _temporary_folder()
        try:
            self.path = _make(Path(parent).absolute(), kept=self._kept)
        except OSError as error:
            raise PolicyError(f"unable to make a working directory: {describe('mkdir', parent, error)}") from None
        self._closed = False
        self._lock = threading.Lock()
        self._texts: dict[Path, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the directory, unless it is to be kept. What cannot be removed stays.

        A download that nobody waits for, since another one failed, may still be writing here; when it has ended, the
        directory is removed again, and once more by the supervisor.
        """
        self._closed = True
        self._clear_up()

    def _clear_up(self) -> None:
        if self._closed and not self._kept:
            leftovers.remove_folder(self.path)

    def fetcher(self, registry: Registry, deadline: Deadline | None = None) -> Fetcher:
        """What brings sources here."""
        return Fetcher(self.path, registry=registry, environ=self._environ, deadline=deadline, ended=self._clear_up)

    def directories(
        self, group: SourceGroup, fetched: Mapping[str, Fetched], configuration: Mapping[str, Any]
    ) -> GroupDirectories:
        """Write the group's own data documents and gather its directories.

        Args:
            group: with URLs that `fetched` has.
            fetched: by URL.
            configuration: ``data.config`` (see `refimpl.evaluation.evaluators`).

        Raises:
            PolicyError: not written.
        """
        config = jsontext.dumps({"config": configuration})
        data = [self._write("config", "config.json", config)]
        data += [fetched[url].path for url in group.data]
        if group.rule_data is not None:
            text = jsontext.dumps({_RULE_DATA: group.rule_data})
            encoded = base64.b64encode(text.encode()).decode("ascii")
            identifier = source_id(f"data:application/json;base64,{encoded}")
            data.append(self._write(identifier, "rule_data.json", text))
        policy = tuple(fetched[url].path for url in group.policy)
        compiled = tuple(dict.fromkeys(policy)) or (self._empty(),)
        return GroupDirectories(policy, compiled, tuple(dict.fromkeys(data)))

    def _empty(self) -> Path:
        """A directory named ``policy``, as error texts have it, without the other groups' rules."""
        path = self.path / "empty" / "policy"
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PolicyError(f"unable to make {path}: {reason(error)}") from None
        return path

    def _write(self, directory: str, name: str, text: str) -> Path:
        path = self.path / "data" / directory
        try:
            with self._lock:
                if self._texts.get(path / name) != text:
                    # Another group's data may be being read: it must see the whole file at any time.
                    path.mkdir(parents=True, exist_ok=True)
                    aside = self.path / f"{name}.new"
                    aside.write_text(text, encoding="utf-8", errors="replace", newline="")
                    aside.replace(path / name)
                    self._texts[path / name] = text
        except OSError as error:
            raise PolicyError(f"unable to write {name}: {reason(error)}") from None
        return path


def _temporary_folder() -> str:
    if sys.platform != "win32":
        return "/tmp"  # noqa: S108 - as Go's programs have it; the folder within is ours alone
    import tempfile

    return tempfile.gettempdir()


def _make(parent: Path, *, kept: bool) -> Path:
    while True:
        path = parent / f"ec-work-{int.from_bytes(os.urandom(4))}"
        if not kept:
            leftovers.add_folder(path)  # first, so that there is no moment at which it would be left
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            leftovers.drop(path)
        except OSError:
            leftovers.drop(path)
            raise
        else:
            return path


def fetch_sources(policy: Policy, fetcher: Fetcher) -> dict[str, Fetched]:
    """Fetch all policy and data sources of all groups at once; by URL as in the policy.

    Raises:
        PolicyError: the first that failed, in the order group by group, rules before data.
    """
    wanted: list[tuple[str, str]] = []
    for group in policy.sources:
        wanted += ((url, "policy") for url in group.policy)
        wanted += ((url, "data") for url in group.data)
    return fetcher.fetch_all(wanted)


def pinned_policy(policy: Policy, fetched: Mapping[str, Fetched]) -> Policy:
    """The policy with the URLs that always name what was fetched."""
    return policy.with_sources({url: source.pinned for url, source in fetched.items()})
