"""Errors go to other processes as they are: they are copied by what pickles are made of, too."""

from __future__ import annotations

import signal
from copy import copy

import pytest

from refimpl import errors
from refimpl.errors import Error, InterruptedRunError, InvalidReferenceError, StatusError, UnsuccessfulError

_KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Error)]


@pytest.mark.parametrize("kind", _KINDS)
def test_every_kind_of_error_can_be_sent(kind: type[Error]) -> None:
    made: Error
    if issubclass(kind, InterruptedRunError):
        made = kind(signal.SIGTERM)
    elif issubclass(kind, UnsuccessfulError):
        made = kind()
    elif issubclass(kind, StatusError):
        made = kind("refused", 503, 2.0)
    else:
        made = kind("what")
    received = copy(made)
    assert type(received) is kind
    assert (str(received), received.exit_status, vars(received)) == (str(made), made.exit_status, vars(made))


def test_so_can_what_they_know() -> None:
    received = copy(InvalidReferenceError("no reference"))
    assert received.text == "no reference"
    assert str(received) == "could not parse reference: no reference"
