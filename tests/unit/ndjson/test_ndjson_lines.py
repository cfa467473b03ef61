"""Lines of results that others wrote, or changed: each is taken, or refused by what is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.ndjson.lines import LineError, Run, Summary, decode_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RUN = {
    "type": "run",
    "format": 1,
    "verdict-key": "k",
    "effective-time": "",
    "shard": "1/1",
    "snapshot": "",
    "key": "",
    "policy": {},
    "ec-version": "v",
    "show-successes": False,
    "documents": False,
}
_SUMMARY = {
    "type": "summary",
    "success": True,
    "entries": 1,
    "repeated": 0,
    "violation-count": 0,
    "warning-count": 0,
    "success-count": 0,
    "effective-time": "",
    "input": "sha256:1",
    "finished": "2031-01-01T00:00:00.000000Z",
}
_COMPONENT = {
    "type": "component",
    "position": 1,
    "entry": "e",
    "name": "n",
    "containerImage": "i",
    "digest": "sha256:a",
    "source": {},
    "success": False,
    "violations": [{"msg": "m", "metadata": {"code": "c"}}],
    "warnings": [],
    "success-count": 0,
    "signatures": [],
    "attestations": [],
}


def _read_component(line: Mapping[str, Any]) -> object:
    return decode_found([line])


_READERS: Mapping[str, tuple[Callable[[Mapping[str, Any]], object], Mapping[str, Any]]] = {
    "run": (Run.from_json, _RUN),
    "component": (_read_component, _COMPONENT),
    "summary": (Summary.from_json, _SUMMARY),
}
_OPTIONAL = ("successes", "images", "fault", "effective-time", "statements")


@pytest.mark.parametrize("kind", _READERS)
def test_a_line_as_it_was_written_is_taken(kind: str) -> None:
    read, line = _READERS[kind]
    assert read(line)


@pytest.mark.parametrize(
    ("kind", "member"),
    [(kind, name) for kind, (_, line) in _READERS.items() for name in line if name not in ("type", "format")]
    + [("component", name) for name in _OPTIONAL],
)
def test_a_member_of_another_type_is_named(kind: str, member: str) -> None:
    read, line = _READERS[kind]
    odd = [5] if isinstance(line.get(member), dict) else {"odd": 5}
    with pytest.raises(LineError, match=f'"{member}"'):
        read({**line, member: odd})


@pytest.mark.parametrize("members", [{"type": "component"}, {"type": ["run"]}, {"format": 2}, {"format": "1"}])
def test_another_first_line_is_refused(members: Mapping[str, Any]) -> None:
    with pytest.raises(LineError, match='the first line is no "run" of format 1'):
        Run.from_json({**_RUN, **members})


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"violations": [{"msg": "m", "metadata": 5}]}, '"metadata" is of the wrong type'),
        ({"violations": [{"metadata": {}}]}, 'no member "msg"'),
        ({"warnings": ["w"]}, 'what "warnings" lists is of the wrong type'),
        ({"signatures": [{"keyid": "k"}]}, 'no member "sig"'),
        ({"signatures": ["s"]}, 'what "signatures" lists is of the wrong type'),
        ({"attestations": [5]}, 'what "attestations" lists is of the wrong type'),
        ({"images": 5}, '"images" is of the wrong type'),
        ({"images": [5]}, 'what "images" lists is of the wrong type'),
        ({"statements": None}, 'no member "statements"'),
        ({"statements": ["%"]}, "a document isn't in base64"),
        ({"policy-input": 5}, "a document isn't in base64"),
        ({"effective-time": [5]}, '"effective-time" is no time'),
        ({"position": 0}, '"position" is less than 1'),
        ({"success": True}, '"success" isn\'t what "violations" say'),
    ],
)
def test_what_formats_could_not_show_is_refused(members: Mapping[str, Any], why: str) -> None:
    with pytest.raises(LineError, match=f"^{re.escape(why)}$"):
        decode_found([{**_COMPONENT, **members}])


@pytest.mark.parametrize("finished", ["soon", "2031-01-01T00:00:00"])
def test_an_end_without_a_time_is_refused(finished: str) -> None:
    with pytest.raises(LineError, match='"finished"'):
        Summary.from_json({**_SUMMARY, "finished": finished})
