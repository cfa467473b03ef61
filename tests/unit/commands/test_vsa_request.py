"""What a command line asks of validate vsa, and in which order it is refused (specification 24 §17)."""

from __future__ import annotations

import pytest

from refimpl.command_line.commands import VALIDATE_VSA
from refimpl.command_line.flags import parse_flags
from refimpl.commands.vsa_request import VsaRequest, check_arguments, common_flags
from refimpl.errors import UsageError

_IMAGE = "registry.example/app@sha256:" + "a" * 64
_KEY = ["--vsa-public-key", "vsa.pub"]
_WHOLE = [_IMAGE, "--policy", "p.yaml", *_KEY, "--fallback-public-key", "key.pub"]


def _request(*words: str) -> VsaRequest:
    return VsaRequest.of(parse_flags(VALIDATE_VSA, list(words)))


def test_a_request_has_what_the_flags_say() -> None:
    request = _request(*_WHOLE, "--vsa-retrieval", "rekor@https://a", "--vsa-retrieval", "rekor@https://b")
    assert (request.identifier, request.longest, request.verify) == (_IMAGE, 168 * 3600.0, True)
    assert request.retrieval == ("rekor@https://a", "rekor@https://b")
    assert request.fallback_key == "key.pub"


def test_without_fallback_its_key_is_none() -> None:
    assert _request(*_WHOLE, "--no-fallback").fallback_key == ""


def test_signatures_are_left_alone_only_when_that_is_asked_for() -> None:
    words = [_IMAGE, "--policy", "p", "--no-fallback", "--ignore-signature-verification"]
    assert not _request(*words).verify


def test_the_identifier_may_be_a_flag_and_the_argument_counts_before_it() -> None:
    rest = ["--policy", "p", *_KEY, "--no-fallback"]
    assert _request("--vsa", "sha256:" + "b" * 64, *rest).identifier == "sha256:" + "b" * 64
    assert _request(_IMAGE, "--vsa", "./vsa.json", *rest).identifier == _IMAGE


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        ("0", 0.0),
        ("24h", 86400.0),
        ("90m", 5400.0),
        ("7d", 7 * 86400.0),
        ("1w", 7 * 86400.0),
        ("1mo", 30 * 86400.0),
        ("0.5d", 12 * 3600.0),
        ("0.01d", 0.0),
        (" 1d ", 86400.0),
    ],
)
def test_ages(age: str, seconds: float) -> None:
    assert _request(*_WHOLE, "--vsa-expiration", age).longest == seconds


@pytest.mark.parametrize("age", ["", "x", "d", "1y", "1 d", "1e300mo", "nand", "infw", "7", "mo"])
def test_what_is_no_age(age: str) -> None:
    with pytest.raises(UsageError, match=r"^invalid --vsa-expiration: invalid VSA expiration: "):
        _request(*_WHOLE, "--vsa-expiration", age)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "either --vsa, --images, or VSA identifier must be provided"),
        (["--vsa-expiration", "x"], "either --vsa, --images, or VSA identifier must be provided"),
        ([_IMAGE, "--vsa-expiration", "x"], "invalid --vsa-expiration: "),
        ([_IMAGE], "--vsa-public-key is required for signature verification "),
        ([_IMAGE, *_KEY], "--fallback-public-key is required when --fallback-to-image-validation is enabled"),
        (
            ["./vsa.json", *_KEY, "--fallback-public-key", "k"],
            "fallback not supported for file paths (identifier: ./vsa.json)",
        ),
        ([_IMAGE, *_KEY, "--fallback-public-key", "k"], 'required flag(s) "policy" not set'),
        ([_IMAGE, *_KEY, "--no-fallback"], 'required flag(s) "policy" not set'),
        (
            ["--vsa", _IMAGE, "--images", "{}", *_KEY, "--no-fallback", "--policy", "p"],
            "if any flags in the group [vsa images] are set none of the others can be; [images vsa] were all set",
        ),
    ],
)
def test_the_first_that_is_wrong_is_told(words: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        _request(*words)
    assert str(caught.value).startswith(text)


def test_images_alone_are_enough() -> None:
    request = _request("--images", "{}", "--policy", "p", *_KEY, "--fallback-public-key", "k")
    assert (request.identifier, request.fallback_key) == ("", "k")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["a", "b"], "too many arguments provided"),
        ([""], "invalid VSA identifier format: "),
        (["a b"], "invalid VSA identifier format: a b"),
    ],
)
def test_arguments_that_are_no_identifier(arguments: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_arguments(arguments)
    assert str(caught.value) == text


def test_flags_of_its_own_kinds_arent_those_of_validate_image() -> None:
    common = common_flags(parse_flags(VALIDATE_VSA, [*_WHOLE, "--vsa", "x", "--vsa-expiration", "1d"]))
    assert {"vsa", "vsa-expiration"}.isdisjoint(common.values)
    assert {"vsa", "vsa-expiration"}.isdisjoint(common.given)
    assert common.values["policy"] == "p.yaml"
