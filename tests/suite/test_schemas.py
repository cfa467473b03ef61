"""The JSON Schemas that ec-ref ships: valid, true of all that is stored, and no more permissive than they must be."""

from __future__ import annotations

import base64
import copy
import json
import re
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
import stored
from jsonschema import Draft202012Validator
from ndjson_lines import ndjson_lines

from refimpl import schemas
from refimpl.command_line.version import render
from refimpl.report.formats import FORMATS, INPUT_FORMATS, STREAMED
from refimpl.server.messages import error_response
from refimpl.vsa.statement import signed_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLAIN = {"text", "junit", "summary-markdown"}
_ANYTHING = {
    "": r".*/metadata/.+|.*/ruleData(/.*)?",
    "inspect-policy": r".*/annotations/(custom|related_resources|authors)(/.*)?|.*/path/\*/value",
    "inspect-policy-data": r".+",
    "validate-image-attestation": r".+",
    "validate-image-policy-input": r".*/statement/.+|.*/(config|files)/.+",
    "vsa-statement": r"/predicate/.+",
}
"""Where a document holds what others chose, so that no schema can say what: for all schemas, and for one."""
_LISTS = r"/components/\*/(violations|warnings|successes|signatures|attestations)"
_CODES = r"/(components|filepaths)/\*/(violations|warnings|successes)/.*"
_OPTIONAL = {
    "": r".*/(policy|policy_spec)/.*(?<!/value)|.*/source/git(/.*(?<!/url))?|.*/attestations/\*/signatures"
    r"|.*/(certificate|chain|metadata|predicateType|predicateBuildType)",
    "inspect-policy": r"/[^*]*|.*/annotations|.*/annotations/.+|.*/\*/path",
    "validate-image": rf"/snapshot|{_LISTS}",
    "validate-image-ndjson": r"/part|/parts|/successes|/images|/fault|/attested|/policy-input|/statements"
    r"|/effective-time",
    "validate-image-policy-input": r"/component_name|/snapshot/display.+"
    r"|/image/(signatures|config|parent|parent/config|files)",
    "validate-image-summary": rf"/snapshot|{_CODES}",
    "validate-input-summary": _CODES,
    "validate-vsa": rf"/policy_diff|/fallback|/result/fallback|/vsa_summary/fallback_reasons|/fallback{_LISTS}",
}
"""Members that a document may lack."""
_ANY_NAMES = {
    "": r".*/metadata",
    "inspect-policy": r"|.*/custom",
    "inspect-policy-data": "",
    "validate-image-attestation": "",
    "validate-image-policy-input": r".*/(statement|config|files)",
    "validate-image-summary": _CODES.removesuffix("/.*"),
    "validate-input-summary": _CODES.removesuffix("/.*"),
    "vsa-statement": "/predicate",
}
"""Objects whose members may have any names."""


class _Key:
    """Stands for a signing key."""

    def sign(self, data: bytes) -> bytes:
        return data[:64]


@cache
def _examples() -> dict[str, list[Any]]:
    """Documents by schema: what is stored, and what no scenario stores."""
    found: dict[str, list[Any]] = {name: [] for name in schemas.names()}
    for one in stored.documents():
        found[one.schema].append(one.document)
    predicate = found["vsa-predicate"][0]
    envelope = json.loads(signed_statement(predicate, name="r/a", digest="sha256:" + "a" * 64, key=_Key()))  # type: ignore[arg-type]
    found["vsa-envelope"].append(envelope)
    found["vsa-statement"].append(json.loads(base64.b64decode(envelope["payload"])))
    found["validate-image-ndjson"] += ndjson_lines()
    found["version"].append(json.loads(render(as_json=True)))
    found["server-error"].append(json.loads(error_response(HTTPStatus.BAD_REQUEST, "request body is empty").body))
    found["server-status"] += [{"status": "ok"}, {"status": "ready"}, {"status": "not ready"}]
    return found


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schemas.read(name)))


def _walk(value: Any, place: str = "", path: tuple[Any, ...] = ()) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    """Each value in a document: its place with ``*`` for each item of a list, its path, and itself."""
    yield place, path, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _walk(member, f"{place}/{'*' if isinstance(value, list) else name}", (*path, name))


def _change(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copied = copy.deepcopy(document)
    holder = copied
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return copied


def _without(document: Any, path: tuple[Any, ...]) -> Any:
    copied = copy.deepcopy(document)
    holder = copied
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return copied


def _of_another_type(value: Any) -> Any:
    return ["wrong"] if isinstance(value, dict | str) else {"wrong": 1} if isinstance(value, list) else "wrong"


def _is(places: Mapping[str, str], schema: str, place: str) -> bool:
    return any(one in places and re.fullmatch(places[one], place) for one in ("", schema))


def _wrong(schema: str, document: Any, done: set[str]) -> Iterator[tuple[str, Any]]:
    """The document, wrong in one way each: another type, a member missing, a member too many."""
    for place, path, value in _walk(document):
        if place in done or _is(_ANYTHING, schema, place):
            continue
        done.add(place)
        shown = place or "the document"
        yield f"{shown} is of another type", _change(document, path, _of_another_type(value))
        if path and isinstance(path[-1], str) and not _is(_OPTIONAL, schema, place):
            yield f"{shown} is missing", _without(document, path)
        if isinstance(value, dict) and not _is(_ANY_NAMES, schema, place):
            yield f"{shown} has an unknown member", _change(document, path, {**value, "wrong": 1})


def test_schemas_are_schemas_and_tell_what_they_are_of() -> None:
    for name in schemas.names():
        document = json.loads(schemas.read(name))
        Draft202012Validator.check_schema(document)
        assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert document["$id"] == f"urn:ec-ref:schema:{name}"
        assert document["title"]
        assert document["description"]


def test_definitions_of_one_name_are_one_in_all_schemas() -> None:
    known: dict[str, Any] = {}
    for name in schemas.names():
        for title, definition in json.loads(schemas.read(name)).get("$defs", {}).items():
            assert known.setdefault(title, definition) == definition, f"{title} of {name} is another than elsewhere"


def test_each_format_that_is_json_has_a_schema() -> None:
    known = set(schemas.names())
    for command, formats in (
        ("validate-image", FORMATS.keys() | set(STREAMED)),
        ("validate-input", INPUT_FORMATS.keys()),
    ):
        for name in formats - _PLAIN - {"json", "yaml", "hacbs", "sarif"}:
            assert f"{command}-{name}" in known, f"{name} of {command} has no schema"


def test_each_stored_document_is_valid() -> None:
    found = list(stored.documents())
    assert {one.schema for one in found} >= {"validate-image", "validate-input", "validate-vsa", "vsa-predicate"}
    for one in found:
        problems = [
            f"{list(error.absolute_path)}: {error.message[:200]}"
            for error in _validator(one.schema).iter_errors(one.document)
        ]
        assert not problems, f"{one.place} isn't a document of {one.schema}: {problems}"


@pytest.mark.parametrize("name", [name for name in schemas.names() if name != "sarif"])
def test_documents_are_valid_and_none_that_is_wrong_in_one_place(name: str) -> None:
    done: set[str] = set()
    assert _examples()[name], "there is no example"
    accepted = []
    for document in sorted(_examples()[name], key=lambda one: -len(json.dumps(one))):
        assert list(_validator(name).iter_errors(document)) == []
        accepted += [what for what, wrong in _wrong(name, document, done) if _validator(name).is_valid(wrong)]
    assert accepted == []


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("validate-image", ("success",), "true"),
        ("validate-image", ("effective-time",), "now"),
        ("validate-image-summary", ("success",), True),
        ("validate-image-appstudio", ("result",), "PASSED"),
        ("validate-image-appstudio", ("failures",), -1),
        ("validate-image-vsa", ("status",), "success"),
        ("validate-image-vsa", ("timestamp",), "2026-11-27T11:00:00.5Z"),
        ("vsa-predicate", ("imageRefs",), ["a", "a"]),
        ("vsa-statement", ("subject",), []),
        ("vsa-envelope", ("payloadType",), "application/json"),
        ("validate-vsa", ("result", "overall"), "PASSED"),
        ("validate-vsa-status", ("result",), "PASSED"),
        ("server-status", ("status",), "starting"),
        ("server-error", ("status",), 200),
        ("server-error", ("error",), ""),
    ],
)
def test_values_that_no_output_has_are_refused(name: str, path: tuple[Any, ...], value: Any) -> None:
    document = _examples()[name][0]
    assert not _validator(name).is_valid(_change(document, path, value))


def test_a_component_with_violations_is_no_success() -> None:
    for document in _examples()["validate-image"][:20]:
        for number, component in enumerate(document["components"] or ()):
            turned = _change(document, ("components", number, "success"), not component["success"])
            assert not _validator("validate-image").is_valid(turned)
