"""The pipe to the policy engine's process: requests, replies, calls back, and how it ends.

The process's source and its protocol are in ``host/``. Each request waits in the thread that makes it, and the calls
that come before its reply are served in that same thread: as many can run as there are requests, and none waits for
another's place.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections import deque
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final

from refimpl import jsontext
from refimpl.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from refimpl.deadline import Deadline

__all__ = ["PROTOCOL", "Channel", "encoded"]

PROTOCOL: Final = 1
"""What the process must say that it speaks."""

_ID = re.compile(rb'\{"id":(\d+)\b')
_CALL = re.compile(rb'\{"id":\d+,"call":')
_LAST_WORDS = 20

_Inbox = SimpleQueue["bytes | None"]


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

    def request(
        self,
        members: dict[str, Any],
        *,
        deadline: Deadline | None = None,
        serve: Callable[[dict[str, Any]], bytes] | None = None,
        tail: bytes = b"",
        keep_numbers: bool = False,
    ) -> dict[str, Any]:
        """Send a request, serve the calls that come before its reply, and return the reply.

        Args:
            members: the request without its id.
            deadline: ends the wait, and the request at the other side.
            serve: given a call, returns the member that answers it, such as ``"value":1``.
            tail: more members, as JSON text that begins with a comma.
            keep_numbers: fractions and exponents of the reply become `jsontext.NumberText`, not floats.

        Returns:
            ``id`` with ``result`` or ``error``, and ``lines``.

        Raises:
            HostError: the process died or was closed.
            TimeoutExceededError: the deadline passed.
        """
        inbox: _Inbox = SimpleQueue()
        number = self._register(inbox)
        replied = False
        try:
            text = jsontext.dumps({"id": number, **members}, escape_html=False)
            self._write(encoded(text)[:-1] + tail + b"}\n")
            while True:
                message = _next(inbox, deadline)
                if message is None:
                    raise self._why()
                if serve is not None and _CALL.match(message):
                    call = jsontext.loads(message)
                    self._write(b'{"call":%d,%b}\n' % (call["call"], serve(call)))
                    continue
                reply: dict[str, Any] = jsontext.loads(message, keep_numbers=keep_numbers)
                replied = True
                return reply
        finally:
            with self._registry:
                del self._waiting[number]
            if not replied:
                self._write(b'{"op":"cancel","id":%d}\n' % number)

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

    def _write(self, line: bytes) -> None:
        try:
            with self._writing:
                self._requests.write(line)
                self._requests.flush()
        except (OSError, ValueError):
            pass  # gone or closed: the reader tells all who wait

    def _read(self, answers: IO[bytes]) -> None:
        """Hand each line to the request that waits for it, until there are no more; then say why to all who wait."""
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
        while line := answers.readline():
            found = _ID.match(line)
            if found is None:
                return f"answered {line[:80]!r}"
            with self._registry:
                inbox = self._waiting.get(int(found[1]))
            if inbox is not None:
                inbox.put(line)
        return ""

    def _listen(self, words: IO[bytes]) -> None:
        """Keep the last words: what the process writes on stderr."""
        for line in words:
            self._words.append(line.decode("utf-8", "replace").rstrip())
        words.close()

    def _epitaph(self, status: int, trouble: str) -> HostError:
        if self._closed:
            return HostError("the policy engine is closed")
        if not trouble:
            trouble = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        last = "\n".join(self._words)
        return HostError(f"the policy engine {trouble}" + (f": {last}" if last else ""))


def encoded(text: str) -> bytes:
    """JSON as UTF-8; a lone surrogate, which has no UTF-8, by its escape."""
    return text.encode("utf-8", "backslashreplace")


def _next(inbox: _Inbox, deadline: Deadline | None) -> bytes | None:
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
