"""Errors of steps, and whose fault they are."""

from __future__ import annotations

from json import JSONDecodeError

__all__ = ["InputError", "is_about_form"]

_OF_FORM = (TypeError, KeyError, IndexError, ValueError)  # these themselves: what is derived of them says more


class InputError(AssertionError):
    """A file, an image or a text that a scenario names is missing or of no use; the text is one line that says which.

    An AssertionError, since behave prints any other exception with a traceback; `hooks.after_step` makes the step
    broken, not failed: nothing is said of the validator.
    """


def is_about_form(error: BaseException | None) -> bool:
    """Whether an error is one of values that have another form than was expected: texts for numbers, no such member."""
    if isinstance(error, AttributeError):
        return type(error.obj).__module__ == "builtins"  # a part of JSON, and none of the suite's own things
    return type(error) in _OF_FORM or isinstance(error, UnicodeError | JSONDecodeError | RecursionError)
