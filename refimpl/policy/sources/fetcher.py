"""Bringing sources to a local directory: each distinct URL once in a run (specification 11 §4)."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Self

from refimpl.errors import PolicyError
from refimpl.golang.oserrors import reason
from refimpl.policy.sources.kinds import Kind, kind_of
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

    from refimpl.deadline import Deadline
    from refimpl.oci.client import Registry
    from refimpl.policy.sources.web import Web


@record
class Fetched:
    """What a source brought.

    Attributes:
        path: a directory with its files.
        pinned: the URL that always names this content (11 §4.4).
    """

    path: Path
    pinned: str


def source_id(url: str) -> str:
    """The name of a source's directory: nine hex digits (11 §4.5)."""
    return hashlib.sha224(url.encode(errors="surrogateescape")).hexdigest()[:9]


class Fetcher:
    """Fetches each URL once, whoever asks how often, and remembers failures too; may be used from several threads.

    Leaving the context closes idle connections.
    """

    def __init__(
        self,
        work: Path,
        *,
        registry: Registry,
        environ: Mapping[str, str],
        deadline: Deadline | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """Make a fetcher.

        Args:
            work: an existing directory; sources come to ``<work>/<kind>/<id>``.
            registry: brings OCI artifacts.
            environ: ``SSL_CERT_FILE``, ``SSL_CERT_DIR``, ``GIT_SSL_NO_VERIFY``, ``HOME`` and the proxies.
            deadline: ends downloads.
            ended: called whenever a download has ended that `fetch_all` began, which may be after that one has failed.
        """
        self._work = work
        self._registry = registry
        self._environ = environ
        self._deadline = deadline
        self._ended = ended
        self._lock = threading.Lock()
        self._outcomes: dict[str, Future[Fetched]] = {}
        self._places: set[Path] = set()
        self._count = 0
        self._web_session: Web | None = None

    def fetch(self, url: str, kind: str) -> Fetched:
        """Bring a source.

        Args:
            url: as in the policy, or already pinned.
            kind: ``policy``, ``data`` or ``config``; a second fetch finds the place of the first, whatever its kind.

        Raises:
            PolicyError: unknown kind of URL, missing, unreadable or unsafe; text as 11 §4 and 26 §5 and §6.
        """
        mine: Future[Fetched] = Future()
        with self._lock:
            outcome = self._outcomes.setdefault(url, mine)
        if outcome is not mine:
            return outcome.result()
        try:
            fetched = self._place(url, kind)
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(fetched)
        with self._lock:
            self._outcomes.setdefault(fetched.pinned, mine)
        return fetched

    def fetch_all(self, wanted: Iterable[tuple[str, str]]) -> dict[str, Fetched]:
        """Bring several sources at once; the answer is by URL.

        Args:
            wanted: URL and kind of each, in the order in which errors count.

        Raises:
            PolicyError: the first that failed, in that order.
        """
        sources: dict[str, str] = {}
        for url, kind in wanted:
            sources.setdefault(url, kind)
        for url, kind in [*sources.items()][1:]:
            # Daemons, so that a download that hangs doesn't keep a failed run alive.
            threading.Thread(target=self._quietly, args=(url, kind), name=f"fetch {url}", daemon=True).start()
        return {url: self.fetch(url, kind) for url, kind in sources.items()}

    def _quietly(self, url: str, kind: str) -> None:
        try:
            self.fetch(url, kind)
        except BaseException:  # noqa: BLE001 - whatever it is, it is remembered for who asks
            return
        finally:
            self._ended()

    def _place(self, url: str, kind: str) -> Fetched:
        with self._lock:
            self._count += 1
            fresh = self._work / f"fetch-{self._count}"
        try:
            fresh.mkdir()
            pinned = self._gatherer(kind_of(url))(url, fresh)
            final = self._work / kind / source_id(pinned)
            with self._lock:
                if final not in self._places:  # else another URL led here: equal content
                    final.parent.mkdir(exist_ok=True)
                    fresh.rename(final)
                    self._places.add(final)
        except OSError as error:
            raise PolicyError(f"unable to store {url}: {reason(error)}") from error
        return Fetched(final, pinned)

    def _web(self) -> Web:
        from refimpl.policy.sources.web import Web

        with self._lock:
            if self._web_session is None:
                self._web_session = Web(self._environ, self._deadline)
            return self._web_session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._web_session is not None:
                self._web_session.close()

    def _gatherer(self, kind: Kind) -> Callable[[str, Path], str]:
        """What fetches this kind of URL into an empty directory and answers the pinned form."""
        # Imported as needed: git and HTTP libraries are heavy.
        match kind:
            case Kind.FILE:
                from refimpl.policy.sources import local

                home = self._environ.get("HOME", "")
                return lambda url, destination: local.fetch(url, destination, home=home)
            case Kind.GIT:
                from refimpl.policy.sources import git

                return lambda url, destination: git.fetch(url, destination, web=self._web())
            case Kind.HTTP:
                from refimpl.policy.sources import web_archive

                return lambda url, destination: web_archive.fetch(url, destination, web=self._web())
            case Kind.OCI:
                from refimpl.policy.sources import bundle

                return lambda url, destination: bundle.fetch(url, destination, registry=self._registry)
