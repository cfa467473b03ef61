"""The page and the badge of a run."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from ec_acceptance.conformance.contrast import contrast
from ec_acceptance.conformance.outcome import About, Outcome, ScenarioResult
from ec_acceptance.conformance.page import badge, page
from ec_acceptance.conformance.puller.applicable import command_of
from ec_acceptance.conformance.suite import Scenario
from ec_acceptance.conformance.timeline import Request, Seen, draw
from ec_acceptance.testbed.validator.adapter import Adapter

if TYPE_CHECKING:
    from pathlib import Path

_ABOUT = About("suite 1", 3, 3, "./it --own 'x y'", "v1", "embedded")
_RESULT = ScenarioResult("features/a.feature:3", "A & B", "works", ("a-01",), "passed", 0.5, "", "")
_HOSTILE = "<script>alert(1)</script>\x1b[31m\x00\ud800&amp;"


class _Text(HTMLParser):
    """What a reader sees, and the elements that there are."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.said)


def _outcome(*statuses: str, message: str = "why") -> Outcome:
    results = [
        replace(_RESULT, status=status, message="" if status == "passed" else message, step="Then it works")
        for status in statuses
    ]
    return Outcome(_ABOUT, tuple(results))


def test_the_page_says_what_failed_and_why_and_how_to_run_it_again() -> None:
    seen = _Text(page(_outcome("passed", "passed", "failed")))
    assert "The validator doesn't conform" in seen.text
    assert "2 scenarios passed, 1 failed, 0 broken" in seen.text
    assert "A & B" in seen.text
    assert "Then it works" in seen.text
    assert "why" in seen.said
    assert "ec-conformance run --tags @a-01 -- ./it --own 'x y'" in seen.said


def test_nothing_that_a_validator_says_is_markup_or_a_control_character() -> None:
    content = page(_outcome("failed", message=_HOSTILE))
    seen = _Text(content)
    assert "script" not in seen.tags
    assert "<script>alert(1)</script>\\x1b[31m\\x00\\ud800&amp;" in seen.said


def test_a_message_without_end_is_cut() -> None:
    assert len(page(_outcome("failed", message="x" * 5_000_000))) < 100_000


def test_the_page_needs_no_other_file_and_no_script() -> None:
    content = page(_outcome("passed")).decode()
    assert not any(word in content for word in ("<script", "<link", "src=", "href=", "@import", "url("))


def test_what_did_not_run_is_on_the_page() -> None:
    missing = (Scenario("features/a.feature:9", "left out", ("a-02",)),)
    seen = _Text(page(replace(_outcome("passed"), missing=missing)))
    assert "@a-02 left out (features/a.feature:9)" in seen.said


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (_outcome("passed", "passed", "passed"), "conformant, 3 of 3"),
        (_outcome("passed", "passed", "expected"), "2 of 3, others as expected"),
        (_outcome("passed", "passed", "failed"), "not conformant, 2 of 3"),
        (_outcome("passed"), "partial, 1 of 3"),
        (_outcome("broken"), "unknown"),
    ],
)
def test_the_badge_says_no_more_than_was_shown(outcome: Outcome, words: str) -> None:
    picture = ET.fromstring(badge(outcome))
    assert picture.get("aria-label") == f"suite 1: {words}"


_SEEN = {
    "groups": [
        {
            "runs": [
                {"command": ["it", _HOSTILE], "status": 1, "timed_out": False, "started": 0.0, "ended": 2.0},
            ],
            "requests": [
                {
                    "server": "registry",
                    "asked": f"GET /v2/a/{image}/blobs/sha256:{'0' * 64}",
                    "agent": _HOSTILE,
                    "status": 200,
                    "state": "done",
                    "started": 0.5,
                    "ended": None if image == "two" else 1.5,
                    "holds": [[0.5, 1.0]],
                    "sent": 7,
                }
                for image in ("one", "two")
            ],
        }
    ]
}


def _artifacts(folder: Path, content: str) -> Path:
    (folder / "a-01").mkdir()
    (folder / "a-01" / "seen.json").write_text(content)
    (folder / "a-01" / "repro.tar.gz").touch()
    return folder


def _failed(message: str = "why") -> Outcome:
    outcome = _outcome("failed", message=message)
    return replace(outcome, results=tuple(replace(one, evidence="a-01") for one in outcome.results))


def test_a_failed_scenario_shows_what_was_run_and_its_requests_in_time(tmp_path: Path) -> None:
    seen = _Text(page(_failed(), [_artifacts(tmp_path, json.dumps(_SEEN))]))
    assert "svg" in seen.tags
    assert "script" not in seen.tags
    assert "2 times" in seen.said  # the blob that two images have was fetched twice
    assert "registry: GET blob 00000000… of one, two" in seen.said
    assert "held for 0.500 s" in seen.text
    assert "exit status 1, 2.00 s" in seen.text
    assert f"ec-conformance replay {tmp_path}/a-01/repro.tar.gz -- ./it" in seen.text


def _labels(*asked: str, **others: str) -> list[str]:
    """What stands at the rows of a picture of these requests; the others were held."""
    plain = [Request("registry", one, "", 200, "done", 0.0, 1.0, (), 7) for one in asked]
    held = [Request("registry", one, "", 200, "done", 0.5, 1.0, ((0.5, 1.0),), 7) for one in others.values()]
    return [element.text or "" for element in draw(Seen((), (*plain, *held))).iter("text")]


def test_a_row_is_named_by_what_differs_from_others() -> None:
    digest = "0" * 64
    names = {
        "HEAD /v2/team/one/manifests/latest": "HEAD manifests/latest of one",
        f"HEAD /v2/one/manifests/sha256:{digest}": "HEAD manifests/00000000… of one",
        f"GET /v2/one/manifests/sha256-{digest}.sig": "GET manifests/00000000….sig of one",
        f"GET /v2/one/referrers/sha256:{digest}?n=1": "GET referrers/00000000… of one?n=1",
        "GET /v2/": "GET /v2/",
        "GET /git/a.git/info": "GET /git/a.git/info",
    }
    assert [label for label in _labels(*names) if label.startswith("registry")] == [
        f"registry: {n}" for n in names.values()
    ]


def test_of_many_rows_those_are_drawn_that_tell_the_most() -> None:
    many = [f"GET /v2/one/manifests/{number}" for number in range(100)]
    labels = _labels(*many, many[99], held="GET /v2/one/manifests/held")
    assert "registry: GET manifests/held of one" in labels
    assert "registry: GET manifests/99 of one" in labels
    assert "registry: GET manifests/98 of one" not in labels
    assert "… and 41 more" in labels


def test_it_is_run_again_by_the_adapter_that_led_it(tmp_path: Path) -> None:
    failed, folder = _failed(), _artifacts(tmp_path, json.dumps(_SEEN))
    led = replace(failed, about=replace(failed.about, adapter="mine.toml"))
    assert f"replay {tmp_path}/a-01/repro.tar.gz --adapter mine.toml -- ./it" in _Text(page(led, [folder])).text
    harness = shlex.join(command_of(Adapter.find("skopeo")))
    fetched = replace(failed, about=replace(failed.about, adapter="skopeo", validator=harness))
    assert "run --tags @a-01 --adapter skopeo\n" in _Text(page(fetched, [folder])).text


@pytest.mark.parametrize("content", ["", "{", "[]", '{"groups": 3}', '{"groups": [{"runs": [{}]}]}', "[" * 9_000])
def test_artifacts_that_are_not_the_suites_leave_the_message_alone(tmp_path: Path, content: str) -> None:
    seen = _Text(page(_failed(), [_artifacts(tmp_path, content)]))
    assert "svg" not in seen.tags
    assert "why" in seen.said


def test_what_was_expected_stands_beside_what_was_seen() -> None:
    difference = "--- snapshot\n+++ output\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n d\n"
    message = f"the output differs:\n{difference}  command: it\n  exit status: 0"
    rows = contrast(message).rows
    assert [(row.expected, row.seen, row.same) for row in rows] == [
        ("…", "…", True),
        ("a", "a", True),
        ("b", "c", False),
        ("d", "d", True),
    ]
    assert contrast(message).dump.startswith("  command: it")
    [row] = contrast("ASSERT FAILED: the exit status is 2, not 0:\n  command: it").rows
    assert (row.expected, row.seen) == ("the exit status: 0", "the exit status: 2")
    [row] = contrast("the error isn't\n    x: y\n  command: it\n  standard error: \n    Error: z").rows
    assert (row.expected, row.seen) == ("x: y", "Error: z")
    assert contrast("anything else").rows == ()
    seen = _Text(page(_outcome("failed", message=message)))
    assert {"expected", "seen", "b", "c"} <= set(seen.said)
