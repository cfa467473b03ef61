"""Runs a validator on what another run was served, and holds what it does now against what was seen then."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.expect.redactions import Redactions
from ec_acceptance.testbed.expect.report import load_exact_json
from ec_acceptance.testbed.repro.document import BundleError, Member
from ec_acceptance.testbed.repro.files import restore_files
from ec_acceptance.testbed.repro.serving import Replayed
from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.trees import temporary_folder
from ec_acceptance.testbed.validator.process import Invocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ec_acceptance.testbed.repro.archive import Bundle
    from ec_acceptance.testbed.validator.process import Running, Validator

__all__ = ["Difference", "Replay", "Seen", "list_differences", "name_request", "replay"]

_FOLDER = re.compile(r"/[A-Za-z0-9._/-]{2,400}")
_VARIABLES = re.compile(
    r"EC_[A-Z0-9_]+|COSIGN_PASSWORD|SIGSTORE_[A-Z_]+|TUF_[A-Z_]+|HOME|TMPDIR|XDG_CACHE_HOME|DOCKER_CONFIG|REGISTRY_AUTH_FILE"
    r"|KUBECONFIG|SSL_CERT_FILE|IMAGE_INDEX_WORKERS|(?:HTTPS?|NO)_PROXY|NO_COLOR|TZ"
)
"""What a bundle may set: nothing that changes which code runs."""
_SCHEME = re.compile(r"\b(?!file:)[a-z][a-z0-9+.]*://")
_ABSOLUTE = re.compile(r"(?<![\w.~/@%+-])/[^\s\"'`,;|&<>(){}\[\]]*")
_UPWARDS = re.compile(r"(?:^|[/=:\"'\s])\.\.(?:/|$|[\"'\s,])")
_DEVICES = frozenset({"/dev/null", "/dev/full", "/dev/stdout", "/dev/stderr"})
_PATIENCE = 2.0  # seconds
_GLANCE, _QUIET = 0.1, 5.0  # seconds
_TEMPORARY = re.compile(r"(/[A-Za-z][A-Za-z0-9.]*(?:-[a-z]+)*-)\d{6,}")
_SHARED = re.compile(r"/v2/\S+/blobs/(?=[a-z0-9]+:)")
_LOG = 'time="'
_GROUP = 120.0  # seconds into a group at which a run may begin


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run did: `invocation`, with the paths of then."""

    invocation: Invocation
    folder: str = ""

    def lines(self, stream: str) -> list[str]:
        """A stream as lines that may be compared: without times, versions and names of temporary folders.

        Lines of a log come first, sorted: those of components that are validated at the same time come in any order.
        """
        content: bytes = getattr(self.invocation, stream)
        text = content.decode("utf-8", "backslashreplace")
        redactions = Redactions()
        try:
            document = load_exact_json(text)
        except (ValueError, RecursionError):
            lines = _TEMPORARY.sub(r"\1<number>", redactions.redact_text(text)).splitlines()
            return sorted(lines, key=lambda line: (not line.startswith(_LOG), line if line.startswith(_LOG) else ""))
        redacted = redactions.redact_document(document, self.invocation)
        return json.dumps(redacted, indent=1, ensure_ascii=False, default=repr).splitlines()


@dataclass(frozen=True, slots=True)
class Difference:
    """What isn't as it was: `what`, and lines that show it."""

    what: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """Runs that overlap in time: then and now, and how often each thing was asked for.

    `held` is the request for which runs were ended: the scenario had failed before it would have let it go.
    """

    then: tuple[Seen, ...]
    now: tuple[Seen, ...]
    asked_then: Counter[str]
    asked_now: Counter[str]
    held: str = ""


def list_differences(then: Seen, now: Seen) -> list[Difference]:
    """What differs between two runs: exit status and streams."""
    found = []
    statuses = [_status(one.invocation) for one in (then, now)]
    if statuses[0] != statuses[1]:
        found.append(Difference("exit status", (f"then {statuses[0]}, now {statuses[1]}",)))
    for stream, name in (("stdout", "standard output"), ("stderr", "standard error")):
        before, after = then.lines(stream), now.lines(stream)
        if before != after:
            shown = difflib.unified_diff(before, after, "then", "now", lineterm="", n=2)
            found.append(Difference(name, tuple(shown)))
    return found


def replay(bundle: Bundle, validator: Validator, *, trusted: bool, timeout: float) -> Iterator[Replay]:
    """Run each group of runs of a bundle, in folders and on servers of its own.

    Args:
        bundle: that was read.
        validator: what to run.
        trusted: whether the bundle may name files anywhere, set any variable and put the validator in a sandbox by a
            command of its own.
        timeout: seconds for one run.

    Raises:
        BundleError: it can't be run again, or asks for what only a trusted one may.
    """
    document = bundle.document
    recorded = document["folder"].text()
    if not _FOLDER.fullmatch(recorded) or ".." in recorded:
        raise BundleError(f"folder is no path that a run can have had: {recorded[:200]!r}")
    groups = list(document["groups"].members())
    without = [one for one in groups if not list(one["runs"].members())] if groups else [document["groups"]]
    if without:
        raise BundleError(f"{without[0].place} has no runs, so there is nothing to run again")
    for group in groups:
        with temporary_folder("ec-acceptance-replay-") as folder:
            once = _Once(bundle, group, recorded, folder, document["root"].text())
            once.check(trusted=trusted)
            yield once.run(validator, trusted=trusted, timeout=timeout)


@dataclass(frozen=True, slots=True)
class _Once:
    """One group, in a folder."""

    bundle: Bundle
    group: Member
    recorded: str
    folder: Path
    root: str

    @property
    def here(self) -> Path:
        return self.folder / "files"

    def check(self, *, trusted: bool) -> None:
        """Refuse what only a trusted bundle may ask for."""
        if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,200}", self.root) is None:
            raise BundleError(f"root is no name of a folder: {self.root[:200]!r}")
        if trusted:
            return
        for run in self.group["runs"].members():
            if run["sandbox"].texts():
                raise BundleError(f"{run.place} was in a sandbox by a command of its own, which only --trust runs")
            for argument in run["arguments"].members():
                self._check_text(argument)
            for name, value in run["environment"].items():
                if not _VARIABLES.fullmatch(name):
                    raise BundleError(f"{value.place}: only --trust sets this variable")
                self._check_text(value)

    def _check_text(self, member: Member) -> None:
        """Refuse what names a file outside of the bundle's folder."""
        text = _SCHEME.sub("", self._move(member.text()))
        paths = [path for path in _ABSOLUTE.findall(text) if path not in _DEVICES]
        wrong = [path for path in paths if not Path(os.path.normpath(path)).is_relative_to(self.here)]
        if wrong or _UPWARDS.search(text):
            named = wrong[0] if wrong else ".."
            raise BundleError(f"{member.place} leads out of the bundle's folder: {named[:200]!r} (--trust allows it)")

    def run(self, validator: Validator, *, trusted: bool, timeout: float) -> Replay:
        authority = Authority()
        runs = sorted(self.group["runs"].members(), key=lambda run: run["started"].seconds())
        then = tuple(self._then(run) for run in runs)
        self.here.mkdir()
        with Replayed(self.group["servers"], self.bundle, authority, timeout) as servers:
            try:
                restore_files(self.group["before"], self.bundle, self.here, self._rewriting(authority), trusted=trusted)
                (self.here / self.root / "work").mkdir(parents=True, exist_ok=True)
            except (OSError, ValueError) as error:
                raise BundleError(f"its files can't be made: {error}") from None
            held: list[str] = []
            now = self._carry_out(runs, validator.within(self.here), timeout, servers, held)
            servers.gate.log.complete()
            asked = Counter(
                name_request("registry", f"{one.method} {one.path}", one.status) for one in servers.gate.log.requests()
            )
            for name, log in servers.logs.items():
                asked.update(name_request(name, f"{one.method} {one.path}", one.status) for one in log.requests)
        return Replay(then, tuple(now), self._asked_then(), asked, next(iter(held), ""))

    def _carry_out(
        self, runs: Sequence[Member], validator: Validator, timeout: float, servers: Replayed, held: list[str]
    ) -> list[Seen]:
        """Start the runs as long after the first one as then, and wait for all; `held` gets why that was in vain."""
        first, begun = runs[0]["started"].seconds(), time.monotonic()
        started: list[Running] = []
        timers: list[threading.Timer] = []
        over = threading.Event()
        watch = threading.Thread(target=_end_what_is_held, args=(servers, started, held, over), daemon=True)
        watch.start()
        try:
            for number, run in enumerate(runs):
                time.sleep(max(0.0, min(_GROUP, run["started"].seconds() - first) - (time.monotonic() - begun)))
                streams = self.folder / f"streams-{number}"
                streams.mkdir()
                running = validator.start(
                    [self._move(word) for word in run["arguments"].texts()],
                    {name: self._move(value.text()) for name, value in run["environment"].items()},
                    self.here / self.root / "work",
                    streams,
                    [self._move(word) for word in run["sandbox"].texts()],
                )
                started.append(running)
                timers += list(_signalling(running, run["signals"]))
            limits = (_limit(run, timeout) for run in runs)
            ended = [running.wait(limit) for running, limit in zip(started, limits, strict=True)]
            return [self._now(replace(one, timed_out=one.timed_out or bool(held))) for one in ended]
        finally:
            over.set()
            watch.join()
            for timer in timers:
                timer.cancel()
            for running in started:
                running.kill()

    def _then(self, run: Member) -> Seen:
        command = tuple(run["command"].texts())
        started, ended = (one.moment() for one in run["clock"].members())
        out, err = self.bundle.content(run["stdout"]), self.bundle.content(run["stderr"])
        status = run["status"].integer()
        return Seen(Invocation(command, {}, status, out, err, started, ended, run["timed_out"].flag()))

    def _now(self, done: Invocation) -> Seen:
        """With the paths of then."""
        here, there = str(self.here).encode(), self.recorded.encode()
        out, err = (stream.replace(here, there) for stream in (done.stdout, done.stderr))
        return Seen(
            Invocation(done.command, {}, done.status, out, err, done.started, done.ended, done.timed_out),
            str(self.here),
        )

    def _asked_then(self) -> Counter[str]:
        asked: Counter[str] = Counter()
        for one in self.group["requests"].members():
            status = one.get("status")
            target = one["asked"].text().partition("?")[0]
            asked[name_request(one["server"].text(), target, None if status is None else status.integer())] += 1
        return asked

    def _move(self, text: str) -> str:
        return text.replace(self.recorded, str(self.here))

    def _rewriting(self, authority: Authority) -> Callable[[bytes], bytes]:
        """What becomes of files: they name this folder, and trust this authority."""
        before = next(
            (
                self.bundle.content(content)
                for entry in self.group["before"].members()
                if entry["path"].text() == "ca.pem" and (content := entry.get("content")) is not None
            ),
            b"",
        )

        def rewrite(content: bytes) -> bytes:
            content = content.replace(self.recorded.encode(), str(self.here).encode())
            return content.replace(before, authority.pem) if before else content

        return rewrite


def _signalling(running: Running, signals: Member) -> Iterator[threading.Timer]:
    """Have a run get the signals that it got then, as long after its start."""
    for one in signals.members():
        number = getattr(signal.Signals, one["name"].text(), None)
        if number is None:
            raise BundleError(f"{one.place}: there is no such signal")

        def send(number: signal.Signals = number) -> None:
            with contextlib.suppress(OSError):
                running.send(number)

        timer = threading.Timer(one["after"].seconds(), send)
        timer.start()
        yield timer


def _end_what_is_held(servers: Replayed, started: Sequence[Running], held: list[str], over: threading.Event) -> None:
    """End runs that wait for what nobody will release, when nothing else has been asked for a while."""
    requests, quiet = servers.requests, time.monotonic()
    while not over.wait(_GLANCE):
        if not servers.held_for_good or servers.requests != requests:
            requests, quiet = servers.requests, time.monotonic()
        elif time.monotonic() - quiet > _QUIET:
            held.append(servers.held_for_good)
            for running in tuple(started):
                running.kill()
            return


def _limit(run: Member, timeout: float) -> float:
    """How long a run may take: one that was stopped then is stopped after no more than a little longer."""
    took = run["ended"].seconds() - run["started"].seconds()
    return min(timeout, max(took, 0.0) + _PATIENCE) if run["timed_out"].flag() else timeout


def _status(invocation: Invocation) -> str:
    return f"{invocation.status}{' (stopped: it took too long)' if invocation.timed_out else ''}"


def name_request(server: str, asked: str, status: int | None) -> str:
    """A request without the repository of a blob: which of several images that share one asks for it, is chance."""
    return f"{server}: {_SHARED.sub('/v2/…/blobs/', asked)} → {status if status is not None else '–'}"
