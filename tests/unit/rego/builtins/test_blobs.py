from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from calling import Bench

from ec_acceptance.testbed.fixtures.archive import Directory, Entry, Symlink, gzip, tar, zstd
from ec_acceptance.testbed.gate.rules import Answer, FlipBit, Hold, Reset
from refimpl.deadline import Deadline
from refimpl.errors import EvaluationError, StatusError, TimeoutExceededError, TransferError
from refimpl.golang import jsontext
from refimpl.rego.builtin import UNDEFINED
from refimpl.rego.builtins import ComponentContext

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_DIGEST = "sha256:" + "0" * 64
FILES = {
    "a.yaml": b"x: y",
    "dir/b.json": b'{"q":1}',
    "dir/noext": b"k: v",
    "./c.yml": b"c: 1",
    "bad.json": b"{nope: [",
    "z.txt": b"text only",
}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


def log_fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    """The log's lines, message and fields."""
    return [
        {"msg": record.getMessage(), **{name: str(value) for name, value in record.__dict__["fields"].items()}}
        for record in caplog.records
    ]


def test_a_blob_is_its_text(bench: Bench) -> None:
    assert bench.call("oci.blob", bench.blob(b"hello")) == "hello"
    assert bench.call("oci.blob", bench.blob(b"")) == ""


def test_each_byte_that_is_no_text_is_replaced(bench: Bench) -> None:
    assert bench.call("oci.blob", bench.blob(b"\xe2\x82a\xff")) == "\ufffd\ufffda\ufffd"


def test_a_compressed_blob_has_the_wrong_digest(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    ref = bench.blob(gzip(b"hello gz")[0])
    assert bench.call("oci.blob", ref) is UNDEFINED
    (line,) = log_fields(caplog)
    assert line["msg"] == "computed digest does not match expected digest"
    assert (line["action"], line["function"], line["ref"]) == ("verify digest", "ec.oci.blob", ref)
    assert line["expected_digest"] == ref.partition("@")[2]


def test_what_blob_files_read_is_there_for_blob_in_the_same_component(bench: Bench) -> None:
    archive = tar({"a.yaml": b"x: 1"})[0]
    ref = bench.blob(gzip(archive)[0])
    assert bench.call("oci.blob", ref) is UNDEFINED
    bench.call("oci.blob_files", ref, ["a.yaml"])
    assert bench.call("oci.blob", ref) == archive.decode()
    assert bench.call("oci.blob", ref, context=ComponentContext(bench.shared)) is UNDEFINED


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        (
            "{name}:v1",
            "a digest must contain exactly one '@' separator (e.g. registry/repository@digest) saw: {name}:v1",
        ),
        ("::", "a digest must contain exactly one '@' separator (e.g. registry/repository@digest) saw: ::"),
        ("{name}@sha256:abc", "invalid checksum digest length"),
        ("{name}@sha256:" + "G" * 64, "invalid checksum digest format"),
        ("{name}@sha512:" + "0" * 128, "unsupported digest algorithm: sha512:" + "0" * 128),
    ],
)
@pytest.mark.parametrize("function", ["blob", "parsed_blob", "blob_files", "image_files"])
def test_only_digests_of_sha256_will_do(
    bench: Bench, caplog: pytest.LogCaptureFixture, function: str, ref: str, why: str
) -> None:
    ref, why = ref.format(name=bench.name), why.format(name=bench.name)
    paths = [["a"]] if function.endswith("files") else []
    assert bench.call(f"oci.{function}", ref, *paths) is UNDEFINED
    (line,) = log_fields(caplog)
    named = "ec.oci.image_files" if function == "image_files" else "ec.oci.blob"
    assert line == {
        "msg": "failed to create new digest",
        "action": "new digest",
        "error": why,
        "function": named,
        "ref": ref,
    }
    assert bench.asked() == []


def test_a_blob_that_is_not_there(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.blob(b"another")
    assert bench.call("oci.blob", f"{bench.name}@{NO_DIGEST}") is UNDEFINED
    (line,) = log_fields(caplog)
    assert (line["msg"], line["action"]) == ("failed to uncompress OCI layer", "uncompress layer")
    assert line["error"].startswith(f"GET {bench.gate.url}/v2/acme/app/blobs/{NO_DIGEST}: BLOB_UNKNOWN: ")


@pytest.mark.parametrize("function", ["blob", "parsed_blob", "blob_files"])
def test_wrong_bytes_are_never_seen(bench: Bench, function: str) -> None:
    ref = bench.blob(tar({"a": b"x"})[0] if function == "blob_files" else b'"hello"')
    bench.gate.add(FlipBit(1), kind="blob")
    paths = [["a"]] if function == "blob_files" else []
    assert bench.call(f"oci.{function}", ref, *paths) is UNDEFINED


@pytest.mark.parametrize("function", ["blob", "parsed_blob", "blob_files"])
def test_broken_bytes_are_never_seen(bench: Bench, function: str) -> None:
    ref = bench.blob(tar({"a": b"x"})[0] if function == "blob_files" else b'"hello"')
    bench.gate.add(Reset(3), kind="blob")
    paths = [["a"]] if function == "blob_files" else []
    with pytest.raises(TransferError):
        bench.call(f"oci.{function}", ref, *paths)


def test_a_flipped_bit_after_the_last_entry_counts_too(bench: Bench) -> None:
    archive = tar({"a.yaml": b"x: 1"})[0]
    ref = bench.blob(archive)
    bench.gate.add(FlipBit(len(archive) - 1), kind="blob")
    assert bench.call("oci.blob_files", ref, ["a.yaml"]) is UNDEFINED


def test_failures_are_not_remembered(bench: Bench) -> None:
    ref = bench.blob(b"hello")
    bench.gate.add(Answer(503), kind="blob", nth=1)
    with pytest.raises(StatusError, match="503"):
        bench.call("oci.blob", ref)
    assert bench.call("oci.blob", ref) == "hello"


def test_all_functions_and_components_share_one_request(bench: Bench) -> None:
    ref = bench.blob(b'{"a": 1}')
    for context in (bench.context, ComponentContext(bench.shared)):
        bench.call("oci.blob", ref, context=context)
        bench.call("oci.parsed_blob", ref, context=context)
        bench.call("oci.blob_files", ref, ["a"], context=context)
    assert len(bench.asked(kind="blob")) == 1


class Watched(Deadline):
    """Tells when somebody waits for another's answer."""

    def __init__(self) -> None:
        super().__init__(30)
        self.waited_for = threading.Event()

    def wait(self, event: threading.Event, seconds: float | None = None) -> bool:
        self.waited_for.set()
        return super().wait(event, seconds)


def test_callers_at_the_same_time_share_one_request() -> None:
    deadline = Watched()
    with Bench(deadline=deadline) as bench:
        ref = bench.blob(b"hello")
        rule = bench.gate.add(Hold(), kind="blob")
        found: list[Any] = []
        contexts = [bench.context, ComponentContext(bench.shared)]
        threads = [
            threading.Thread(target=lambda c=context: found.append(bench.call("oci.blob", ref, context=c)))
            for context in contexts
        ]
        threads[0].start()
        rule.wait_held(1, timeout=60)
        threads[1].start()
        assert deadline.waited_for.wait(60)
        rule.release()
        for thread in threads:
            thread.join(60)
        assert found == ["hello", "hello"]
        assert len(bench.asked(kind="blob")) == 1


def test_the_end_of_the_time_is_no_undefined_value() -> None:
    with Bench(deadline=Deadline(0.2)) as bench:
        ref = bench.blob(b"hello")
        bench.gate.add(Hold(), kind="blob")
        with pytest.raises(TimeoutExceededError):
            bench.call("oci.blob", ref)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"a": 1.50, "big": 12345678901234567890}', '{"a":1.5,"big":1.2345678901234567e+19}'),
        (b"[1000000, 999999, 1e20, 1e-7, 0.0001, 1e5, 100.0]", "[1e+06,999999,1e+20,1e-07,0.0001,100000,100]"),
        (b' {"a":1,"a":2} ', '{"a":2}'),
        (b"null", "null"),
        (b'"\\ud800x\xff\xe2\x82a"', '"\ufffdx\ufffd\ufffd\ufffda"'),
    ],
)
def test_json_is_parsed_with_floats(bench: Bench, text: bytes, expected: str) -> None:
    assert jsontext.dumps(bench.call("oci.parsed_blob", bench.blob(text))) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"hello", "invalid character 'h' looking for beginning of value"),
        (b"", "unexpected end of JSON input"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"NaN", "invalid character 'N' looking for beginning of value"),
        (b"01", "invalid character '1' after top-level value"),
        (b'{"a":1e400}', "json: cannot unmarshal number 1e400 into Go value of type float64"),
    ],
)
def test_what_is_not_json(bench: Bench, caplog: pytest.LogCaptureFixture, text: bytes, why: str) -> None:
    ref = bench.blob(text)
    assert bench.call("oci.parsed_blob", ref) is UNDEFINED
    (line,) = log_fields(caplog)
    assert line == {
        "msg": "failed to unmarshal blob as JSON",
        "action": "unmarshal",
        "error": why,
        "function": "ec.oci.parsed_blob",
        "ref": ref,
    }


@pytest.mark.parametrize("levels", [251, 10_000, 100_000])
def test_what_is_nested_too_deeply_to_be_shown_is_an_error_and_not_undefined(bench: Bench, levels: int) -> None:
    deep = b"[" * levels + b"]" * levels
    with pytest.raises(EvaluationError, match="nested too deeply: more than 250 levels"):
        bench.call("oci.parsed_blob", bench.blob(deep))
    with pytest.raises(EvaluationError, match=r"^a.json of .*nested too deeply: more than 250 levels"):
        bench.call("oci.blob_files", bench.blob(tar([("a.json", deep)])[0]), ["a.json"])


@pytest.mark.parametrize("packed", [lambda data: data, lambda data: gzip(data)[0], lambda data: zstd(data)[0]])
def test_files_of_an_archive(bench: Bench, packed: Any) -> None:
    paths = [*FILES, "c.yml", "missing"]
    assert bench.call("oci.blob_files", bench.blob(packed(tar(FILES)[0])), paths) == {
        "./c.yml": {"c": 1},
        "a.yaml": {"x": True},
        "dir/b.json": {"q": 1},
        "dir/noext": {"k": "v"},
        "z.txt": "text only",
    }


def test_odd_entries_of_an_archive(bench: Bench) -> None:
    entries: list[tuple[str, Entry]] = [
        ("twice", b"1"),
        ("twice", b"2"),
        ("spoilt", b"3"),
        ("spoilt", b"{"),
        ("link", Symlink("twice")),
        ("dir/", Directory()),
        ("empty", b""),
        ("binary", b"\xff"),
        ("two", b"a: 1\n---\nb: 2"),
        ("numbers", b"[2.50, 1e3, 12345678901234567890, 0.00001]"),
    ]
    found = bench.call("oci.blob_files", bench.blob(tar(entries)[0]), [name for name, _ in entries])
    assert jsontext.dumps(dict(sorted(found.items()))) == (
        '{"dir/":null,"empty":null,"link":null,"numbers":[2.5,1000,12345678901234567890,0.00001],'
        '"spoilt":3,"twice":2,"two":{"a":1}}'
    )


def test_no_paths_no_files_if_there_is_an_archive(bench: Bench) -> None:
    assert bench.call("oci.blob_files", bench.blob(tar(FILES)[0]), []) == {}
    assert bench.call("oci.blob_files", bench.blob(b"hello"), []) is UNDEFINED
    assert bench.call("oci.blob_files", f"{bench.name}@{NO_DIGEST}", []) is UNDEFINED


@pytest.mark.parametrize(
    ("cut", "message"), [(1024 + 100, "failed to read tar archive"), (514, "failed to read file content")]
)
def test_a_broken_archive_has_no_files(bench: Bench, caplog: pytest.LogCaptureFixture, cut: int, message: str) -> None:
    ref = bench.blob(tar({"a.yaml": b"x: y", "b.yaml": b"a: b"})[0][:cut])
    assert bench.call("oci.blob_files", ref, ["a.yaml"]) is UNDEFINED
    assert [line["msg"] for line in log_fields(caplog)] == [message]


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        (None, "operand 1 must be array but got null"),
        ({"a": 1}, "operand 1 must be array but got object"),
        (["a", 5], "path is not a string: number"),
    ],
)
@pytest.mark.parametrize("function", ["blob_files", "image_files"])
def test_paths_of_the_wrong_type(
    bench: Bench, caplog: pytest.LogCaptureFixture, function: str, paths: object, why: str
) -> None:
    assert bench.call(f"oci.{function}", f"{bench.name}@{NO_DIGEST}", paths) is UNDEFINED
    (line,) = log_fields(caplog)
    assert (line["error"], line["function"]) == (why, f"ec.oci.{function}")


@pytest.mark.parametrize("function", ["blob", "parsed_blob", "descriptor", "image_manifest", "image_index"])
def test_a_reference_that_is_no_text(bench: Bench, caplog: pytest.LogCaptureFixture, function: str) -> None:
    assert bench.call(f"oci.{function}", 5) is UNDEFINED
    assert [line["msg"] for line in log_fields(caplog)] == ["input is not a string"]
