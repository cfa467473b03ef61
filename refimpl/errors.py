"""What can go wrong, one class per action the reader takes.

``str(error)`` is the text after ``Error: ``; only the CLI exits.
"""

from __future__ import annotations

from refimpl.about import __version__

TYPE_CHECKING = False  # not imported from typing: `version` takes no longer than the interpreter's start
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

_READ, _SHOWN = 10_000, 300  # characters of an unexpected exception's text


class Error(Exception):
    """Base of all errors that a user sees as one message, never as a traceback."""

    exit_status = 1

    def __str__(self) -> str:
        """The text, without passwords in URLs: whatever it is put together from, none is said or reported."""
        text = super().__str__()
        if "@" not in text:
            return text
        from refimpl.redaction import without_secrets

        return without_secrets(text)

    def __reduce__(self) -> tuple[Callable[..., Error], tuple[type[Error], tuple[object, ...], dict[str, object]]]:
        """For pickles: as it is, whatever its constructor takes."""
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[Error], arguments: tuple[object, ...], members: dict[str, object]) -> Error:
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(members)
    return error


class UsageError(Error):
    """The command line cannot be parsed: change a flag."""


class NotSupportedError(Error):
    """A flag or form that this version doesn't carry out: leave it out, or use another validator."""


class InputError(Error):
    """The images to validate cannot be read: change the input (specification 10 §2)."""


class PolicyError(Error):
    """The policy configuration, a source, a rule or data cannot be used: change the policy (10 §3, 11 §4-5)."""


class KeyMaterialError(Error):
    """A key or trust root cannot be loaded: change ``--public-key`` or the environment (20 §3)."""


class RegistryError(Error):
    """The registry refused, answered wrongly or wasn't reached: look at the registry (26 §4)."""


class InvalidReferenceError(Error):
    """The text is no reference to an image; ``str`` is ``could not parse reference: <text>``."""

    def __init__(self, text: str) -> None:
        super().__init__(f"could not parse reference: {text}")
        self.text = text


class StatusError(RegistryError):
    """The registry answered with a status other than success."""

    def __init__(self, message: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class NotFoundError(StatusError):
    """404: not there. Never retried."""


class MissingChildError(NotFoundError):
    """404 for an image that an index names: the index is sparse."""


class DeniedError(StatusError):
    """401 or 403: credentials are missing or don't suffice."""


class UnreachableError(RegistryError):
    """No answer at all: no such host, refused, or no TLS where TLS is needed."""


class SlowConnectionError(UnreachableError):
    """The connection wasn't there in time."""


class TransferError(RegistryError):
    """The answer began but didn't come whole: reset, early end."""


class NoAnswerError(TransferError):
    """The request was sent, and no answer came in time."""


class MismatchError(RegistryError):
    """The bytes aren't those that were asked for."""


class DigestMismatchError(MismatchError):
    """The bytes have another digest."""


class SizeMismatchError(MismatchError):
    """There are fewer or more bytes than the descriptor says."""


class LimitExceededError(RegistryError):
    """Larger than this validator reads (the limits are constants beside the code that raises this)."""


class MalformedError(RegistryError):
    """The right bytes, but not the document that they should be."""


class UnreadableLayersError(MalformedError):
    """An image's manifest or configuration can't be read, so nobody can tell which files the image has."""


class NoPlatformError(MalformedError):
    """An image index has no child for linux/amd64."""


class VerificationError(Error):
    """A signature, attestation or log entry doesn't verify; becomes a violation (20 §2.1)."""


class EvaluationError(Error):
    """The rules ran into an error or produced nothing: change the policy (11 §7)."""


class ComponentError(Error):
    """A component couldn't be judged at all, or none could, so that there is no report (10 §1.2 step 7)."""


class OutputError(Error):
    """A report couldn't be written (24 §1)."""


class UnsuccessfulError(Error):
    """The report is unsuccessful and ``--strict`` is on."""

    def __init__(self) -> None:
        super().__init__("success criteria not met")


class TimeoutExceededError(Error):
    """``--timeout`` passed (26 §1)."""


class HostError(Error):
    """The policy engine's process is missing or died: reinstall, or look at its last words."""


class InterruptedRunError(Error):
    """SIGINT, SIGTERM or SIGHUP ended the run; the exit status is 128 and the signal's number, as in shells."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__("interrupted")
        self.exit_status = 128 + number


class InternalError(Error):
    """A fault of ours, whatever else is wrong: report it. Fuzzers and tests hold that it never occurs."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"internal error: {what}. This is a fault of ec-ref {__version__}: please report it, with this line, "
            "the command line and what the log says with --debug"
        )

    @classmethod
    def of(cls, unexpected: BaseException) -> Self:
        """What to say of an exception that nobody expected; the log gets its trace, at debug level."""
        try:
            return cls(_describe(unexpected))
        except BaseException:  # noqa: BLE001 - memory may be short, and an exception may have no text
            return cls(type(unexpected).__name__)


def _describe(unexpected: BaseException) -> str:
    import logging
    import re
    import traceback

    from refimpl.redaction import without_secrets

    def mask(text: str) -> str:
        return re.sub(r"(?i)\b(basic|bearer) [^\s\"']+", r"\1 ***", without_secrets(text))

    trace = "".join(traceback.format_exception(unexpected)).strip()
    logging.getLogger("refimpl").debug("internal error: %s", mask(trace))
    text = _printable(mask(str(unexpected)[:_READ]))
    return f"{type(unexpected).__name__}{': ' if text else ''}{text} ({_place(unexpected.__traceback__)})"


_BUSY = frozenset({408, 425, 429})
_SERVERS_FAULT = 500


def is_undecided(error: RegistryError) -> bool:
    """Whether the registry failed, so that nobody knows what it has: neither a yes nor a no.

    It couldn't be reached, had too many requests, failed itself, or didn't finish its answer.
    """
    if isinstance(error, StatusError):
        return error.status in _BUSY or error.status >= _SERVERS_FAULT
    return isinstance(error, UnreachableError | TransferError)


def join_errors(errors: Sequence[Error]) -> Error | None:
    """All the errors as one, a line each in the given order; None when there are none."""
    if len(errors) <= 1:
        return errors[0] if errors else None
    return Error("\n".join(str(error) for error in errors))


def _place(trace: TracebackType | None) -> str:
    """The innermost place of ours, such as ``refimpl.oci.client:123``."""
    place = "unknown place"
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "?"))
        if module.partition(".")[0] == __package__ or place == "unknown place":
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _printable(text: str) -> str:
    """On one line that no terminal takes for commands, and not too long."""
    mask = text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in mask
    )
