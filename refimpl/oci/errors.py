"""What a registry can do to us, told apart by what the caller does about it (specification 26 §4 and 40)."""

from __future__ import annotations

from refimpl.errors import Error, RegistryError

__all__ = [
    "DeniedError",
    "DigestMismatchError",
    "InvalidReferenceError",
    "LimitExceededError",
    "MalformedError",
    "MismatchError",
    "MissingChildError",
    "NoAnswerError",
    "NoPlatformError",
    "NotFoundError",
    "RegistryError",
    "SizeMismatchError",
    "SlowConnectionError",
    "StatusError",
    "TransferError",
    "UnreachableError",
    "UnreadableLayersError",
]


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
