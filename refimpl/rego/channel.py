"""The pipe to the policy engine's process: requests, replies, calls back, and how it ends.

The process's source and its protocol are in ``host/``. What comes from outside travels in frames' bodies, of which the
header tells the length, so that nothing in it can be taken for a part of a request or a reply.

Each request waits in the thread that makes it, and the calls that come before its reply are served in that same thread:
as many can run as there are requests, and none waits for another's place.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections import deque
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final

from refimpl.errors import EvaluationError, HostError
from refimpl.golang import jsontext
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from refimpl.deadline import Deadline

PROTOCOL: Final = 2
"""What the process must say that it speaks."""

_HEADER_LIMIT = 1 << 20
_BODY_LIMIT = 1 << 30
_LAST_WORDS = 20
#: What the first line of a crash of a Go program begins with; its trace follows.
_CRASH = ("fatal error: ", "panic: ")
_log = logging.getLogger(__name__)


@record
class _Frame:
    """A header, and the bytes that belong to it."""

    header: Mapping[str, Any]
    body: bytes


@record
class Answer:
    """What a call is answered: `outcome` is ``value`` with JSON as `body`, ``error`` with a text, or ``undefined``."""

    outcome: str
    body: bytes = b""


_Inbox = SimpleQueue["_Frame | None"]


class Channel:
    """One process and those who wait for it; safe to use from several threads.

    The process ends with `close`, and when this process ends, however it does: its input ends then.

    Args:
        path: the program; started, not waited for.

    Raises:
        HostError: it can't be started.
    """

    def __init__(self, path: Path) -> None:
        try:
            # Python's own descriptors aren't inherited anyway (PEP 446); leaving them lets Python use posix_spawn.
            self._process = subprocess.Popen(
                [str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, close_fds=False
            )
        except OSError as error:
            raise HostError(f"the policy engine {path} can't be started: {error.strerror or error}") from error
        self._writing = threading.Lock()
        self._registry = threading.Lock()
        self._waiting: dict[int, _Inbox] = {}
        self._last = 0
        self._closed = False
        self._dead: HostError | None = None
        self._words: deque[str] = deque(maxlen=_LAST_WORDS)
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        assert pipes[0] and pipes[1] and pipes[2]  # noqa: S101, PT018 - as asked for
        self._requests: IO[bytes] = pipes[0]
        self._listener = threading.Thread(target=self._listen, args=(pipes[2],), name="rego-words", daemon=True)
        self._listener.start()
        self._reader = threading.Thread(target=self._read, args=(pipes[1],), name="rego-answers", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def dead(self) -> HostError | None:
        """Why the process is there no more; None while it is."""
        return self._dead

    def request(
        self,
        members: dict[str, Any],
        *,
        deadline: Deadline | None = None,
        serve: Callable[[str, list[Any]], Answer] | None = None,
        body: bytes = b"",
    ) -> dict[str, Any]:
        """Send a request, serve the calls that come before its reply, and return the reply.

        Args:
            members: the request without its id.
            deadline: ends the wait, and the request at the other side.
            serve: answers a call of a function, given by its name and arguments.
            body: what the request is about: an evaluation's input, in JSON.

        Returns:
            ``result`` or ``error``, and ``lines``.

        Raises:
            EvaluationError: the body is too large.
            HostError: the process died or was closed.
            TimeoutExceededError: the deadline passed.
        """
        if len(body) > _BODY_LIMIT:
            raise EvaluationError(f"the input has {len(body)} bytes; rules can be given {_BODY_LIMIT} at most")
        inbox: _Inbox = SimpleQueue()
        number = self._register(inbox)
        replied = False
        try:
            self._write({"id": number, **members}, body)
            while True:
                frame = _next(inbox, deadline)
                if frame is None:
                    raise self._why()
                content = _content(frame.body)
                if serve is not None and "call" in frame.header:
                    answer = serve(frame.header["name"], content)
                    self._write({"call": frame.header["call"], "outcome": answer.outcome}, answer.body)
                    continue
                replied = True
                reply: dict[str, Any] = content
                return reply
        finally:
            with self._registry:
                del self._waiting[number]
            if not replied:
                self._write({"op": "cancel", "id": number})

    def close(self) -> None:
        """End the process, and with HostError whatever still waits for it."""
        self._closed = True
        try:
            with self._writing:
                self._requests.close()
        except OSError:
            pass  # it died before it had read all
        self._reader.join()

    def _register(self, inbox: _Inbox) -> int:
        with self._registry:
            if self._dead is not None:
                raise self._dead
            self._last += 1
            self._waiting[self._last] = inbox
            return self._last

    def _why(self) -> HostError:
        return self._dead or HostError("the policy engine is closed")

    def _write(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        line = jsontext.encode({**header, "size": len(body)}, escape_html=False)
        try:
            with self._writing:
                self._requests.write(b"%b\n%b" % (line, body))
                self._requests.flush()
        except (OSError, ValueError):
            pass  # gone or closed: the reader tells all who wait

    def _read(self, answers: IO[bytes]) -> None:
        """Hand each frame to the request that waits for it, until there are no more; then say why to all who wait."""
        try:
            trouble = self._relay(answers)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            trouble = f"can't be read: {error}"
        if trouble:
            self._process.kill()
        answers.close()
        status = self._process.wait()
        self._listener.join()
        with self._registry:
            self._dead = self._epitaph(status, trouble)
            for inbox in self._waiting.values():
                inbox.put(None)

    def _relay(self, answers: IO[bytes]) -> str:
        """Returns what is wrong with the answers; empty when they just ended."""
        first = answers.readline()
        if first and (trouble := _greeting_trouble(first)):
            return trouble
        while line := answers.readline(_HEADER_LIMIT):
            header = _header(line)
            if header is None:
                return f"answered {line[:80]!r}"
            body = answers.read(header.get("size", 0))
            with self._registry:
                inbox = self._waiting.get(header["id"])
            if inbox is not None:
                inbox.put(_Frame(header, body))
        return ""

    def _listen(self, words: IO[bytes]) -> None:
        """Keep the last words, what the process writes on stderr; the trace of a crash goes to the log."""
        crashed = False
        for line in words:
            text = line.decode("utf-8", "replace").rstrip()
            if crashed:
                _log.debug("policy engine: %s", text)
            else:
                self._words.append(text)
                crashed = text.startswith(_CRASH)
        words.close()

    def _epitaph(self, status: int, trouble: str) -> HostError:
        if self._closed:
            return HostError("the policy engine is closed")
        if not trouble:
            trouble = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        last = "\n".join(self._words)
        return HostError(f"the policy engine {trouble}" + (f": {last}" if last else ""))


def _header(line: bytes) -> dict[str, Any] | None:
    """None for what is no header."""
    try:
        header = jsontext.loads(line)
    except ValueError:
        return None
    if not isinstance(header, dict) or type(header.get("id")) is not int:
        return None
    size = header.get("size", 0)
    return header if type(size) is int and 0 <= size <= _BODY_LIMIT else None


def _content(body: bytes) -> Any:
    try:
        return jsontext.loads(body, check=False)
    except ValueError as error:
        raise HostError(f"the policy engine answered what is no JSON: {error}") from None


def _next(inbox: _Inbox, deadline: Deadline | None) -> _Frame | None:
    while True:
        try:
            return inbox.get(timeout=None if deadline is None else deadline.remaining())
        except Empty:
            continue  # remaining() raises when the time is over


def _greeting_trouble(line: bytes) -> str:
    """What is wrong with the process's first line; empty when nothing is."""
    try:
        spoken = jsontext.loads(line)["hello"]["protocol"]
    except (ValueError, LookupError, TypeError):
        return f"is another program: it answered {line[:80]!r}"
    if spoken != PROTOCOL:
        return f"is of another version: it speaks protocol {spoken}, not {PROTOCOL}; install the package again"
    return ""
