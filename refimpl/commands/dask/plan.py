"""What components are judged by, as content: packed where it was resolved, unpacked by each worker that judges.

Sources travel as their files, keys and roots of trust as what is in them. What belongs to a machine doesn't travel: its
connections, credentials and variables; a worker has its own (docs/security.md, "A Dask cluster").
"""

from __future__ import annotations

import io
import pickle
import tarfile
import threading
import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from refimpl.deadline import Deadline
from refimpl.errors import HostError, PolicyError
from refimpl.http.transport import Transport
from refimpl.kubernetes.cluster import Cluster
from refimpl.layers import LayerCache
from refimpl.policy.sources.fetcher import Fetched
from refimpl.policy.sources.workspace import Workspace
from refimpl.record import record, replace
from refimpl.redaction import without_secrets
from refimpl.system.log import level_for, logging_to
from refimpl.verify.roots import FILES, Roots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from refimpl.command_line.options import Options
    from refimpl.commands.component import Judging
    from refimpl.commands.setup import Setup

_DECIDING = ("EC_USE_OPA", "COSIGN_MAX_ATTACHMENT_SIZE", "IMAGE_INDEX_WORKERS")
_TRANSPORT, _CLUSTER = "transport", "cluster"


class UnfitError(Exception):
    """A worker can't judge, though another one may: it has no room for the sources, say."""


@record
class Content:
    """What travels.

    Attributes:
        judging: makes what judges, in a worker: `refimpl.commands.validate_image.judging_elsewhere`.
        setup: with the sources' paths below the working directory.
        options: without what nobody but the driver needs.
        environ: variables that decide about images, as the driver has them.
        roots: what is in the files of roots of trust, by the variables that name them.
        trusted_root: if the driver has read it.
        sources: the files of all sources, as a tar archive.
        now: nanoseconds, where the policy names no time.
        log: the file of the log, of workers on the driver's own machine; empty for standard error.
    """

    judging: Callable[..., AbstractContextManager[Judging]]
    setup: Setup
    options: Options
    environ: Mapping[str, str]
    roots: Mapping[str, bytes]
    trusted_root: Any
    sources: bytes
    now: int
    log: str


@record
class Place:
    """What a worker has.

    Attributes:
        environ: its variables.
        folder: for temporary files; it goes with the worker.
        cache: its variables for the layer cache.
    """

    environ: Mapping[str, str]
    folder: str
    cache: Mapping[str, str]


class Plan:
    """What all workers of a run judge by. Of a worker's copy all ends when nobody needs it any more.

    Args:
        run: names the run.
        version: of the program that packed it.
        seconds: that were left of the run's time; None without end.
        content: see `pack`.
    """

    def __init__(self, run: str, version: str, seconds: float | None, content: bytes) -> None:
        self.run = run
        self.version = version
        self._seconds = seconds
        self._content = content
        self._turn = threading.Lock()
        self._judging: Judging | None = None
        self._divide: Callable[[int], None] = lambda _: None
        self._ending: weakref.finalize[[ExitStack], Plan] | None = None

    def __reduce__(self) -> tuple[type[Plan], tuple[str, str, float | None, bytes]]:
        return Plan, (self.run, self.version, self._seconds, self._content)

    def judging(self, place: Place, parts: int) -> Judging:
        """What judges by it here. Each of `parts` workers keeps to a part of each registry's pace.

        Raises:
            UnfitError: nothing can be judged here.
            Error: nothing can be judged by it.
        """
        with self._turn:
            if self._judging is None:
                self._open(place)
            self._divide(parts)
            assert self._judging is not None  # noqa: S101  # it was opened
            return self._judging

    def close(self) -> None:
        """Release all that judges here."""
        with self._turn:
            self._judging = None
            found = self._ending.detach() if self._ending is not None else None
        if found is not None:
            found[2][0].close()

    def _open(self, place: Place) -> None:
        with ExitStack() as stack:
            try:
                self._judging = self._open_judging(place, stack)
            except (OSError, tarfile.TarError, PolicyError, HostError) as error:
                raise UnfitError(without_secrets(str(error))) from None
            self._ending = weakref.finalize(self, _close_aside, stack.pop_all())

    def _open_judging(self, place: Place, stack: ExitStack) -> Judging:
        workspace = stack.enter_context(Workspace({**place.environ, "TMPDIR": place.folder}))
        environ = dict(place.environ)
        deadline = Deadline(self._seconds)

        def own(name: str) -> Any:
            if name == _TRANSPORT:
                return Transport(environ, deadline, user_agent="ec-ref")
            return Cluster(environ, deadline=deadline)

        content: Content = _Unpickler(io.BytesIO(self._content), own).load()
        options = content.options
        level = level_for(
            quiet=options.quiet,
            verbose=options.verbose,
            debug=options.debug,
            trace=not options.trace.isdisjoint({"log", "opa"}),
        )
        stack.enter_context(logging_to(content.log, level=level, callers=options.debug))
        for name in (*FILES, *_DECIDING):
            environ.pop(name, None)
        environ.update(content.environ)
        for name, data in content.roots.items():
            path = workspace.path / name
            path.write_bytes(data)
            environ[name] = str(path)
        with tarfile.open(fileobj=io.BytesIO(content.sources)) as archive:
            archive.extractall(workspace.path, filter="tar")
        fetched = {url: Fetched(workspace.path / one.path, one.pinned) for url, one in content.setup.fetched.items()}
        budget = options.budget
        if budget is not None:
            self._divide = budget.divide
        return stack.enter_context(
            content.judging(
                replace(content.setup, fetched=fetched),
                options,
                environ,
                deadline=deadline,
                workspace=workspace,
                roots=Roots(environ, deadline, content.trusted_root),
                cache=LayerCache.from_environ(place.cache, deadline),
                budget=budget,
                now=content.now,
            )
        )


def content_of(
    judging: Callable[..., AbstractContextManager[Judging]],
    setup: Setup,
    options: Options,
    environ: Mapping[str, str],
    *,
    folder: Path,
    roots: Roots,
    now: int,
    local: bool,
) -> Content:
    """Gather what was resolved.

    Args:
        judging: see `Content`.
        setup: what components are judged by.
        options: of the command line.
        environ: of this process.
        folder: that holds the sources.
        roots: of trust, as far as they are known.
        now: nanoseconds, where the policy names no time.
        local: whether workers are on this machine.

    Raises:
        KeyMaterialError: a file of roots can't be read.
    """
    from refimpl.verify.keys import read_file

    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as writer:
        for path in sorted({fetched.path for fetched in setup.fetched.values()}):
            writer.add(path, path.relative_to(folder).as_posix())
    fetched = {url: Fetched(one.path.relative_to(folder), one.pinned) for url, one in setup.fetched.items()}
    return Content(
        judging,
        _without_secrets(replace(setup, fetched=fetched)),
        replace(
            options,
            **dict.fromkeys(("image", "images", "file_path", "json_input", "snapshot", "policy", "public_key"), ""),
            **dict.fromkeys(("vsa_signing_key", "vsa_public_key", "kubeconfig", "scheduler", "resume", "logfile"), ""),
            **dict.fromkeys(("extra_rule_data", "output", "vsa_upload"), ()),
            vsa=False,
        ),
        {name: environ[name] for name in _DECIDING if name in environ},
        {name: read_file(environ[name]) for name in FILES if environ.get(name)},
        roots.document,
        archive.getvalue(),
        now,
        options.logfile if local else "",
    )


def pack(content: Content) -> bytes:
    """The content as bytes, with names in the place of what belongs to a machine."""
    stream = io.BytesIO()
    _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(content)
    return stream.getvalue()


def _without_secrets(setup: Setup) -> Setup:
    """The set-up without passwords in sources' addresses: they were fetched. Where only those differ, they stay."""
    shown = {url: without_secrets(url) for url in setup.fetched}
    if len({*shown.values()}) < len(shown):
        return setup
    fetched = {shown[url]: Fetched(one.path, without_secrets(one.pinned)) for url, one in setup.fetched.items()}
    return replace(setup, policy=setup.policy.with_sources(shown), fetched=fetched)


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> str | None:
        if isinstance(obj, Transport):
            return _TRANSPORT
        return _CLUSTER if isinstance(obj, Cluster) else None

    def reducer_override(self, obj: Any) -> Any:
        """Keys and certificates as their bytes; libraries don't pickle them."""
        if not type(obj).__module__.startswith("cryptography."):
            return NotImplemented
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        if isinstance(obj, x509.Certificate):
            return _certificate, (obj.public_bytes(Encoding.DER),)
        return _key, (obj.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),)


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, own: Callable[[str], Any]) -> None:
        super().__init__(stream)
        self._own = own

    def persistent_load(self, pid: Any) -> Any:
        return self._own(pid)


def _certificate(der: bytes) -> Any:
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der)


def _key(der: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(der)


def _close_aside(stack: ExitStack) -> None:
    """In a thread of its own, as it may take a while: whoever releases the last copy must not wait for it."""
    threading.Thread(target=stack.close, name="close", daemon=True).start()
