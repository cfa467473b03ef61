from __future__ import annotations

import pytest

from refimpl.errors import Error, VerificationError
from refimpl.verify.refusal import failing, raising, shorten


def test_whatever_a_library_raises_is_the_error_that_is_named() -> None:
    with pytest.raises(VerificationError, match=r"^no key$"), raising(VerificationError("no key")):
        raise OverflowError("of a library")
    with pytest.raises(VerificationError, match=r"^ours$"), raising(Error("no key")):
        raise VerificationError("ours")


def test_a_failure_tells_its_stage() -> None:
    with pytest.raises(VerificationError, match=r"^signature: wrong$"), failing("signature"):
        raise VerificationError("wrong")


def test_a_long_reason_is_cut_and_says_so() -> None:
    longest = "x" * (16 << 10)
    assert shorten(Error(longest)) == longest
    assert shorten(Error(f"{longest}yz")) == f"{longest}… (2 more characters)"
