from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from calling import Bench

from refimpl.rego.builtin import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Iterator

# What packageurl-go 0.1.3 made of texts that were changed at random; null for an error.
RECORDED = json.loads(Path(__file__).with_name("package_urls.json").read_text(encoding="utf-8"))

EMPTY = {"namespace": "", "version": "", "qualifiers": [], "subpath": ""}


def qualifiers(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "pkg:npm/%40ns/foo@1.0?arch=x&b=%20y#sub/path",
            {
                "type": "npm",
                "namespace": "@ns",
                "name": "foo",
                "version": "1.0",
                "qualifiers": qualifiers(arch="x", b=" y"),
                "subpath": "sub/path",
            },
        ),
        ("pkg:deb/debian/curl", {"type": "deb", "namespace": "debian", "name": "curl"}),
        ("pkg:npm/foo@", {"type": "npm", "name": "foo"}),
        ("PKG:NPM/Foo", {"type": "npm", "name": "foo"}),
        ("pkg://npm//foo", {"type": "npm", "name": "foo"}),
        (
            "pkg:oci/x@sha256:abc?repository_url=h/r",
            {"type": "oci", "name": "x", "version": "sha256:abc", "qualifiers": qualifiers(repository_url="h/r")},
        ),
        ("pkg:pypi/Foo_Bar@1", {"type": "pypi", "name": "foo-bar", "version": "1"}),
        ("pkg:a/b?Z=1&a=2", {"type": "a", "name": "b", "qualifiers": qualifiers(a="2", z="1")}),
        ("pkg:a/%ff", {"type": "a", "name": "\ufffd"}),
        ("pkg:huggingface/a/b@ABC", {"type": "huggingface", "namespace": "a", "name": "b", "version": "abc"}),
        (
            "pkg:conan/a/b@1?channel=stable&&user=x",
            {
                "type": "conan",
                "namespace": "a",
                "name": "b",
                "version": "1",
                "qualifiers": qualifiers(channel="stable", user="x"),
            },
        ),
        ("pkg:swift/a/b@1", {"type": "swift", "namespace": "a", "name": "b", "version": "1"}),
    ],
)
def test_parts(bench: Bench, text: str, expected: dict[str, Any]) -> None:
    assert bench.call("purl.parse", text) == EMPTY | expected
    assert bench.call("purl.is_valid", text) is True


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "",
        "pkg:npm",
        "pkg:golang/github.com/A/B@v1#/a/../b/",
        "pkg:npm/\x7f",
        "pkg://user name@host/a/b",
        "pkg://[::1/a/b",
        "pkg://[1.2.3.4]/a/b",
        "pkg://[::1]:x/a/b",
        "pkg:npm/a/",
        "pkg:npm/a?b=c;d=e",
        "pkg:npm/a?b%20c=d",
        "pkg:npm/a?b=1&b=2",
        "pkg:conan/a/b@1",
        "pkg:conan/b@1?channel=stable",
        "pkg:swift/b@1",
        "pkg:swift/a/b",
        "pkg:cran/b",
        5,
        None,
    ],
)
def test_what_is_none(bench: Bench, text: object) -> None:
    assert bench.call("purl.parse", text) is UNDEFINED
    assert bench.call("purl.is_valid", text) is False


@pytest.mark.parametrize(("text", "expected"), RECORDED, ids=range(len(RECORDED)))
def test_reads_as_the_contracts_parser_does(bench: Bench, text: str, expected: dict[str, Any] | None) -> None:
    found = bench.call("purl.parse", text)
    if expected is None:
        assert found is UNDEFINED
    else:
        assert found == {**expected, "qualifiers": qualifiers(**expected["qualifiers"])}


def test_only_parsing_says_in_the_log_why_not(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.call("purl.is_valid", "pkg:npm/%zz")
    bench.call("purl.parse", "pkg:npm/%zz")
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "failed to parse PURL")
    fields = {name: str(value) for name, value in record.__dict__["fields"].items()}
    assert fields == {
        "function": "ec.purl.parse",
        "purl": "pkg:npm/%zz",
        "error": 'error unescaping name: invalid URL escape "%zz"',
    }
