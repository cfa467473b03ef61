"""Placeholders stand for exactly this run's values, and for nothing that merely looks like them."""

from __future__ import annotations

from ec_acceptance.testbed.expect.redactions import Redactions
from ec_acceptance.testbed.validator.process import Invocation

_RUN = Invocation(("x",), {}, 0, b"", b"", started=1_767_225_600.0, ended=1_767_225_601.0)  # 2026-01-01T00:00:00Z


def _known() -> Redactions:
    known = Redactions()
    known.add("registry", "127.0.0.1:5000")
    known.add("image", "127.0.0.1:5000/a")
    known.add("key", "PEM\n")
    return known


def test_a_whole_value_becomes_one_placeholder() -> None:
    assert repr(_known().redact_document({"key": "PEM\n"}, _RUN)) == "{'key': <key>}"


def test_known_values_inside_a_text_are_replaced_longest_first() -> None:
    document = ["127.0.0.1:5000/a@x", "127.0.0.1:5000/b"]
    assert repr(_known().redact_document(document, _RUN)) == "[<image> + '@x', <registry> + '/b']"


def test_letters_of_a_placeholder_are_not_a_placeholder() -> None:
    assert repr(_known().redact_document({"key": "<key>"}, _RUN)) == "{'key': '<key>'}"


def test_the_time_counts_only_within_the_run() -> None:
    document = [{"effective-time": "2026-01-01T00:00:00.5Z"}, {"effective-time": "2026-01-01T00:01:00Z"}]
    assert repr(_known().redact_document(document, _RUN)) == (
        "[{'effective-time': <time>}, {'effective-time': '2026-01-01T00:01:00Z'}]"
    )


def test_a_time_elsewhere_stays() -> None:
    assert _known().redact_document({"effective_on": "2026-01-01T00:00:00Z"}, _RUN) == {
        "effective_on": "2026-01-01T00:00:00Z"
    }


def test_an_empty_version_stays() -> None:
    assert repr(_known().redact_document([{"ec-version": "v1"}, {"ec-version": ""}], _RUN)) == (
        "[{'ec-version': <version>}, {'ec-version': ''}]"
    )


def test_plain_text() -> None:
    text = "ImageRef: 127.0.0.1:5000/a at 2026-01-01T00:00:00Z"
    assert _known().redact_text(text) == "ImageRef: <image> at <time>"


def test_the_beginning_of_a_digest_is_no_part_of_a_longer_one() -> None:
    redactions = Redactions()
    redactions.add("short digest", "44de69e0")
    digest = "44de69e07e8a59cce1303554ced7490eb416d90b791a214ed7ef9b057de2f3d9"
    assert redactions.redact_text(f"vsa-44de69e0.json [44de69e0] {digest}") == (
        f"vsa-<short digest>.json [<short digest>] {digest}"
    )
