"""What can go wrong, one class per action the reader takes.

``str(error)`` is the text after ``Error: ``; only the CLI exits.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not imported from typing: `version` takes no longer than the interpreter's start
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ComponentError",
    "Error",
    "EvaluationError",
    "HostError",
    "InputError",
    "KeyMaterialError",
    "NotSupportedError",
    "OutputError",
    "PolicyError",
    "RegistryError",
    "TimeoutExceededError",
    "UnsuccessfulError",
    "UsageError",
    "VerificationError",
    "joined",
]


class Error(Exception):
    """Base of all errors that a user sees as one message, never as a traceback."""

    exit_status = 1


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


class VerificationError(Error):
    """A signature, attestation or log entry doesn't verify; becomes a violation (20 §2.1)."""


class EvaluationError(Error):
    """The rules ran into an error or produced nothing: change the policy (11 §7)."""


class ComponentError(Error):
    """One or more components couldn't be judged at all, so there is no report (10 §1.2 step 7)."""


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


def joined(errors: Sequence[Error]) -> Error | None:
    """All the errors as one, a line each in the given order; None when there are none."""
    if len(errors) <= 1:
        return errors[0] if errors else None
    return Error("\n".join(str(error) for error in errors))
