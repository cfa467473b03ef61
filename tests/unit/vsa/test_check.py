"""What counts as a VSA of an image, and what never does, however it is made (specification 24 §16)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nesting import nested
from vsa_samples import DIGEST, GOOD, IMAGE, KEY, MADE, POLICY, Stored, check

from ec_acceptance.testbed.signing import seal
from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.golang.base64text import Base64Error, decode_either
from refimpl.golang.document import DocumentError
from refimpl.policy.config import Policy
from refimpl.record import replace as replaced

if TYPE_CHECKING:
    from refimpl.vsa.check import Check, Finding

_GOOD = replace(GOOD, timestamp=MADE)
_CONTENT = _GOOD.envelope().content
_NO_OBJECT = (
    "policy comparison failed: policy comparison failed: failed to normalize first policy: failed to normalize: "
    "unmarshal ruleData: json: cannot unmarshal string into Go value of type map[string]interface {}"
)


def _find(judge: Check) -> Finding:
    return judge.find(IMAGE, digest=DIGEST, image=IMAGE, component="one")


def test_a_good_one_counts() -> None:
    finding = _find(check(_CONTENT))
    assert (finding.passed, finding.message, finding.status, finding.verified) == (
        True,
        "Policy matches",
        "passed",
        True,
    )


@pytest.mark.parametrize(
    ("changes", "message", "reason"),
    [
        ({"timestamp": "2027-01-08T07:59:59Z"}, "VSA expired 8 day(s) ago", "expired"),
        ({"timestamp": "2027-01-15T08:05:01Z"}, "VSA is from the future", "expired"),
        ({"status": "failed"}, "VSA predicate status is 'failed' (not 'passed')", "predicate_failed"),
        ({"status": ""}, "VSA predicate status is '' (not 'passed')", "predicate_failed"),
        ({"status": "PASSED"}, "VSA predicate status is 'PASSED' (not 'passed')", "predicate_failed"),
        ({"policy": {}}, "VSA predicate does not contain policy sources", ""),
        ({"policy": {"sources": [{"ruleData": "text"}]}}, _NO_OBJECT, ""),
        ({"public_key": ""}, "Policy mismatch detected: 0 added, 0 removed, 1 changed", "policy_mismatch"),
    ],
)
def test_what_is_signed_and_does_not_count(changes: dict[str, Any], message: str, reason: str) -> None:
    finding = _find(check(replace(_GOOD, **changes).envelope().content))
    assert (finding.passed, finding.message, finding.reason) == (False, message, reason)


def test_the_edges_of_the_time() -> None:
    for timestamp in ("2027-01-08T08:00:00Z", "2027-01-15T08:05:00Z"):
        assert _find(check(replace(_GOOD, timestamp=timestamp).envelope().content)).passed
    old = replace(_GOOD, timestamp="1999-01-01T00:00:00Z").envelope().content
    assert _find(check(old, longest=0.0)).passed
    assert not _find(check(_CONTENT, longest=-1.0)).passed


def test_a_key_that_cannot_be_loaded() -> None:
    with pytest.raises(VerificationError, match="VSA signature verification failed: failed to load public key: nope"):
        _find(check(_CONTENT, key=KeyMaterialError("nope")))


def test_the_one_made_last_counts_wherever_it_stands() -> None:
    failed = replace(_GOOD, timestamp="2027-01-15T07:30:00Z", status="failed").envelope().content
    for envelopes in ((_CONTENT, failed), (failed, _CONTENT)):
        assert _find(check(*envelopes)).reason == "predicate_failed"


def test_of_those_made_in_one_second_the_one_that_failed_counts() -> None:
    failed = replace(_GOOD, status="failed").envelope().content
    for envelopes in ((_CONTENT, failed), (failed, _CONTENT)):
        assert _find(check(*envelopes)).reason == "predicate_failed"


@pytest.mark.parametrize("policy", [POLICY, {}], ids=["rules", "no rules"])
def test_who_had_to_sign_the_image_counts_whatever_the_rules(policy: dict[str, Any]) -> None:
    judge = check(_CONTENT, policy=Policy.from_json(policy))
    assert _find(judge).passed
    assert _find(replaced(judge, image_key=KEY.public_pem)).reason == "policy_mismatch"
    assert _find(replaced(judge, image_key="")).reason == "policy_mismatch"
    assert _find(replaced(judge, image_key=None)).passed
    identity = Policy.from_json({**policy, "identity": {"subject": "x"}})
    assert _find(replaced(judge, policy=identity)).reason == "policy_mismatch"


_MEMBERS = ("_type", "predicateType", "subject", "predicate", "policy", "timestamp", "status", "publicKey", "sources")
_VALUES: st.SearchStrategy[Any] = nested(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_MEMBERS), inner, max_size=3),
)


def _places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for name, value in inner for place in _places(value, (*path, name)))]


def _put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = dict(document) if isinstance(document, dict) else list(document)
    changed[path[0]] = _put(document[path[0]], path[1:], value)
    return changed


def _never_accepted(content: bytes) -> None:
    try:
        finding = _find(check(content))
    except (VerificationError, DocumentError):
        return
    assert not finding.passed, content


@settings(max_examples=300)
@given(data=st.data(), value=_VALUES)
def test_no_envelope_counts_in_which_anything_was_changed(data: st.DataObject, value: Any) -> None:
    document = json.loads(_CONTENT)
    path = data.draw(st.sampled_from(_places(document)))
    changed = _put(document, path, value)
    if changed != document and path[-1:] != ("keyid",):  # a hint that nobody looks at
        _never_accepted(json.dumps(changed).encode())


@settings(max_examples=300)
@example(place=_CONTENT.index(b"keyid"), byte=0x80)
@example(place=_CONTENT.index(b"payload"), byte=ord("P"))
@given(place=st.integers(0, len(_CONTENT) - 1), byte=st.integers(0, 255))
def test_no_envelope_counts_in_which_a_byte_was_changed(place: int, byte: int) -> None:
    changed = _CONTENT[:place] + bytes([byte]) + _CONTENT[place + 1 :]
    if _meaning(changed) != _meaning(_CONTENT):
        _never_accepted(changed)


def _meaning(content: bytes) -> object:
    """What a reader such as Go's takes from an envelope: no hints, and names in letters of any case.

    A byte that is no UTF-8 is taken too, in a hint for one. Base64 says the same in two alphabets, and in each with any
    bits that its last letter has to spare.
    """
    try:
        document = json.loads(content.decode("utf-8", "replace"), object_hook=_lower)
        document["payload"] = decode_either(document["payload"])
        document["signatures"] = [decode_either(one["sig"]) for one in document["signatures"]]
    except (ValueError, KeyError, TypeError, AttributeError, Base64Error):
        return None
    return document


def _lower(members: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in members.items()}


@settings(max_examples=200)
@given(data=st.data(), value=_VALUES)
def test_whatever_the_key_signs_there_is_a_finding_or_one_error(data: st.DataObject, value: Any) -> None:
    document = json.loads(_GOOD.envelope().payload)
    changed = _put(document, data.draw(st.sampled_from(_places(document))), value)
    content = seal(json.dumps(changed).encode(), [KEY]).content
    judge = check(retriever=Stored([content]))
    try:
        said = _find(judge).message
    except VerificationError as error:
        said = str(error).removeprefix("failed to check existing VSA: ")
    assert said
