"""What a scenario was given and can't be used."""

from __future__ import annotations

__all__ = ["InputError"]


class InputError(AssertionError):
    """A file, an image or a text that a scenario names is missing or of no use; the text is one line that says which.

    An AssertionError, since behave prints any other exception with a traceback; `hooks.after_step` makes the step
    broken, not failed: nothing is said of the validator.
    """
