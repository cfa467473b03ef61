"""Lists, shards, results as lines, and resuming: in this process, over the testbed's services."""

from __future__ import annotations

import io
import itertools
import json
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stages import Stage

from ec_acceptance.testbed.fixtures.images import Image, Layer, publish
from refimpl.command_line.shard import Shard
from refimpl.commands import resume, stream, validate_image
from refimpl.commands.component import ComponentValidator
from refimpl.commands.dispatch import validate
from refimpl.commands.image_list import ImageList
from refimpl.commands.merge import merge
from refimpl.errors import ComponentError, Error, InputError, OutputError, UnsuccessfulError
from refimpl.ndjson.lines import encode_line
from refimpl.ndjson.writing import Writer
from refimpl.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from refimpl.command_line.options import Options
    from refimpl.commands.image_list import Entry
    from refimpl.commands.snapshot import Component
    from refimpl.ndjson.lines import Found
    from refimpl.report.outcome import ComponentOutcome

_FORMATS = ("json", "yaml", "text", "appstudio", "summary", "summary-markdown", "junit", "vsa", "sarif", "ndjson")
_CHANCE = random.Random
_DOCUMENTED = (*_FORMATS, "attestation", "policy-input")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as made:
        for number in range(8):
            made.image(f"image/i{number}")
        yield made


@pytest.fixture
def options(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("".join(f"{line}\n" for line in _lines(stage)))
    return stage.options(
        {},
        images="list.txt",
        output=("ndjson=results.ndjson",),
        effective_time="2031-01-01T00:00:00Z",
        show_successes=True,
    )


def _lines(stage: Stage) -> list[str]:
    references = [f"{stage.gate.address}/image/i{number}" for number in range(8)]
    denied = json.dumps({"name": "denied", "containerImage": references[2]})
    return [*references[:6], "# not an image", "", denied, "no reference!", f"{references[7]}:other", references[3]]


def _run(stage: Stage, options: Options, work: Callable[..., None] = validate) -> Error | None:
    try:
        work(options, stage.environ)
    except Error as error:
        return error
    return None


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def _without_times(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "finished"}


def test_each_entry_has_its_line_between_those_of_the_run_and_its_end(
    stage: Stage, options: Options, tmp_path: Path
) -> None:
    error = _run(stage, options)
    assert str(error) == 'list.txt:10: not a reference to an image: "no reference!"'
    first, *lines, last = _read(tmp_path / "results.ndjson")
    assert first["type"] == "run"
    assert sorted(line["position"] for line in lines) == [1, 2, 3, 4, 5, 6, 9, 10, 11]
    assert {line["position"]: line["success"] for line in lines if not line["success"]} == {
        9: False,
        10: False,
        11: False,
    }
    assert (last["entries"], last["repeated"], last["success"]) == (9, 1, False)


def test_a_line_that_cant_be_read_makes_the_report_unsuccessful(stage: Stage, options: Options, tmp_path: Path) -> None:
    error = _run(stage, replace(options, output=("json=report.json",), strict=False))
    assert error is not None
    report = json.loads((tmp_path / "report.json").read_text())
    (unread,) = [one for one in report["components"] if one["name"] == "line 10"]
    assert (report["success"], unread["violations"][0]["metadata"]["code"]) == (False, "builtin.image.judged")


def test_rules_see_each_image_of_a_list_as_a_snapshot_of_its_own(
    stage: Stage, options: Options, tmp_path: Path
) -> None:
    _run(stage, replace(options, output=("policy-input=inputs.ndjson",)))
    inputs = [json.loads(line) for line in (tmp_path / "inputs.ndjson").read_text().splitlines() if line]
    assert [len(one["snapshot"]["components"]) for one in inputs] == [1] * 7
    assert {one["component_name"] for one in inputs} == {"Unnamed", "denied"}


def test_lines_come_in_the_order_of_the_list_if_that_is_wanted(stage: Stage, options: Options, tmp_path: Path) -> None:
    _run(stage, replace(options, output=("ndjson=results.ndjson?ordered=true",)))
    positions = [line["position"] for line in _read(tmp_path / "results.ndjson")[1:-1]]
    assert positions == sorted(positions)


def test_no_more_is_read_while_many_lines_wait_for_an_earlier_one(
    stage: Stage, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No scenario tells it: from outside, what must not be read can't be waited for."""
    read: list[int] = []
    read_meanwhile: list[int] = []
    others: list[int] = []
    two_others_are_done = threading.Event()
    entries, add, validate_one = ImageList.__iter__, Writer.add, ComponentValidator.validate

    def counted(images: ImageList) -> Iterator[Entry]:
        for entry in entries(images):
            read.append(entry.position)
            yield entry

    def added(writer: Writer, number: int, found: Found) -> None:
        others.append(number)
        if len(others) == 2:
            two_others_are_done.set()
        add(writer, number, found)

    def validated(validator: ComponentValidator, component: Component) -> ComponentOutcome:
        if component.container_image.endswith("/i0"):
            two_others_are_done.wait(60)
            read_meanwhile.append(len(read))
        return validate_one(validator, component)

    monkeypatch.setattr(stream, "AHEAD", 3)
    monkeypatch.setattr(ImageList, "__iter__", counted)
    monkeypatch.setattr(Writer, "add", added)
    monkeypatch.setattr(ComponentValidator, "validate", validated)
    _run(stage, replace(options, output=("ndjson=results.ndjson?ordered=true",)))
    assert read_meanwhile == [3]
    assert len(read) == 10


def test_a_list_is_counted_as_far_as_the_number_of_processes_depends_on_it(
    stage: Stage, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []

    def count(_: Options, components: int) -> int:
        counted.append(components)
        return 1

    monkeypatch.setattr(validate_image, "count_processes", count)
    for lines in (2, 1000):
        (tmp_path / "list.txt").write_text("no reference!\n" * lines)
        _run(stage, options)
    assert counted == [2, validate_image.FEW + 1]


def test_standard_input_is_a_list(
    stage: Stage, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{_lines(stage)[0]}\n".encode())))
    assert _run(stage, replace(options, images="-")) is None
    assert [line["position"] for line in _read(tmp_path / "results.ndjson")[1:-1]] == [1]


def test_a_snapshot_is_no_list(stage: Stage, options: Options, tmp_path: Path) -> None:
    (tmp_path / "snapshot.json").write_text(json.dumps({"components": [{"containerImage": _lines(stage)[0]}]}))
    assert _run(stage, replace(options, images="snapshot.json", output=("json=report.json",))) is None
    assert len(json.loads((tmp_path / "report.json").read_text())["components"]) == 1


def test_a_list_and_other_images_are_refused(stage: Stage, options: Options) -> None:
    assert isinstance(_run(stage, replace(options, image=_lines(stage)[0])), InputError)


def test_lines_that_cant_be_written_end_the_run(stage: Stage, options: Options) -> None:
    error = _run(stage, replace(options, output=("ndjson=/dev/full",)))
    assert isinstance(error, OutputError)
    assert str(error) == "write /dev/full: no space left on device"


@pytest.mark.parametrize("text", ["\n", "\r", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\ud800", '"}\n{'])
def test_no_text_breaks_a_line(text: str) -> None:
    line = encode_line({"msg": f"a{text}b"}).decode()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["msg"] == f"a{text}b".replace("\ud800", "\ufffd")


@given(st.text())
def test_all_texts_are_read_as_they_were_written(text: str) -> None:
    line = encode_line({text: text}).decode()
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {text: text}


@pytest.fixture(scope="module")
def whole(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of a run without shards, in all formats."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "list.txt").write_text("".join(f"{line}\n" for line in _lines(stage)))
    _run(stage, _whole(stage, folder))
    return folder


def _whole(stage: Stage, folder: Path) -> Options:
    return stage.options(
        {},
        images=str(folder / "list.txt"),
        output=_outputs(folder),
        effective_time="2031-01-01T00:00:00Z",
        show_successes=True,
    )


def _outputs(folder: Path) -> tuple[str, ...]:
    switches = {"ndjson": "?ordered=true&documents=true", "text": "?show-successes=true"}
    return tuple(f"{one}={folder / one}{switches.get(one, '')}" for one in _DOCUMENTED)


@settings(max_examples=8)
@given(count=st.integers(1, 5), seed=st.integers(0, 1000))
def test_shards_in_any_order_are_the_whole(
    stage: Stage, whole: Path, tmp_path_factory: pytest.TempPathFactory, count: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("merged")
    wanted = _run(stage, _whole(stage, whole))
    made = _shards(stage, whole, folder, count)
    _CHANCE(seed).shuffle(made)
    for path in made:
        _shuffle(path, seed)
    merged = replace(_whole(stage, folder), images="", show_successes=False)
    error = _run(stage, merged, lambda given, environ: merge([str(path) for path in made], given, environ))
    assert (type(error), str(error)) == (type(wanted), str(wanted))
    for name in _DOCUMENTED:
        assert _timeless(folder / name) == _timeless(whole / name), name


def _shards(stage: Stage, whole: Path, folder: Path, count: int) -> list[Path]:
    made = []
    for index in range(1, count + 1):
        path = folder / f"shard-{index}.ndjson"
        output = f"ndjson={path}?documents=true"
        _run(stage, replace(_whole(stage, whole), shard=f"{index}/{count}", output=(output,)))
        made.append(path)
    return made


def _shuffle(path: Path, seed: int) -> None:
    """Put the lines of components into another order, as they would come on another day."""
    first, *lines, last = path.read_text().splitlines(keepends=True)
    _CHANCE(seed).shuffle(lines)
    path.write_text("".join([first, *lines, last]))


def _timeless(path: Path) -> str:
    """What is there, without the time at which it was made."""
    import re

    text = re.sub(r"20[0-9]{2}-(?!01-01T00:00:00Z)[0-9-]+[ T][0-9:]+(\.[0-9]+)?(Z|\+00:00)?", "TIME", path.read_text())
    return re.sub(r'"timestamp":"[0-9]+"', "TIMESTAMP", text)


def test_merging_needs_each_shard_once_and_whole(stage: Stage, whole: Path, tmp_path: Path) -> None:
    one, two, three = map(str, _shards(stage, whole, tmp_path, 3))
    (other,) = map(str, _shards(stage, whole, tmp_path, 1))
    torn = tmp_path / "torn.ndjson"
    torn.write_bytes((tmp_path / "shard-2.ndjson").read_bytes()[:-40])

    def tell(*paths: str) -> str:
        given = replace(_whole(stage, tmp_path), output=("json=merged.json",))
        return str(_run(stage, given, lambda options, environ: merge(paths, options, environ)))

    shards = _shards(stage, whole, tmp_path, 3)  # the first one was written over
    assert tell(one, three) == "there are shards missing: 2/3"
    assert tell(one, two, three, two) == f"shard 2/3 is there twice: in {two} and in {two}"
    assert "has no end" in tell(one, str(torn), three)
    changed = max(shards, key=lambda path: path.stat().st_size)  # the registry's port decides which of them has images
    others = [str(path) for path in shards if path != changed]
    first, line, *rest = changed.read_text().splitlines(keepends=True)
    changed.write_text("".join([first, *rest]))
    assert "lacks lines" in tell(*others, str(changed))
    foreign = json.dumps({**json.loads(line), "position": 1000}) + "\n"
    changed.write_text("".join([first, foreign, line, *rest]))
    assert "has lines of other runs" in tell(*others, str(changed))
    assert tell() == "no files of results to merge; name those of all shards"
    assert other == one


def test_a_shard_of_another_policy_or_list_is_refused(stage: Stage, whole: Path, tmp_path: Path) -> None:
    one, two = _shards(stage, whole, tmp_path, 2)
    for changed, said in (({"verdict-key": "other"}, "another policy"), ({"input": "other"}, "another list")):
        lines = [
            json.dumps(line | {name: value for name, value in changed.items() if name in line}) for line in _read(two)
        ]
        (other := tmp_path / "other.ndjson").write_text("".join(f"{line}\n" for line in lines))
        with pytest.raises(InputError, match=said):
            merge([str(one), str(other)], replace(_whole(stage, tmp_path), output=("json=merged.json",)), {})


def test_every_image_is_in_one_shard_whatever_its_name_in_front_of_the_digest() -> None:
    for number, count in itertools.product(range(50), (1, 2, 7)):
        digest = f"sha256:{number:064x}"
        named = [Shard(index, count).has(f"registry/a@{digest}") for index in range(1, count + 1)]
        assert named.count(True) == 1
        assert named == [Shard(index, count).has(f"other/b@{digest}") for index in range(1, count + 1)]


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/65537", "1/2/3", "a/b", "1/2\n"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be i/n"):
        Shard.parse(text)


def test_a_run_that_ended_anywhere_goes_on_to_the_same_end(stage: Stage, options: Options, tmp_path: Path) -> None:
    wanted = _run(stage, replace(options, output=("ndjson=results.ndjson", "json=wanted.json")))
    whole = (tmp_path / "results.ndjson").read_bytes()
    chance = _CHANCE(7)
    for end in [0, 1, len(whole) - 1, len(whole), *(chance.randrange(len(whole)) for _ in range(12))]:
        (tmp_path / "results.ndjson").write_bytes(whole[:end])
        error = _run(
            stage, replace(options, resume="results.ndjson", output=("ndjson=results.ndjson", "json=report.json"))
        )
        assert str(error) == str(wanted), end
        assert (tmp_path / "report.json").read_text() == (tmp_path / "wanted.json").read_text(), end
        first, *lines, last = _read(tmp_path / "results.ndjson")
        assert {json.dumps(line) for line in lines} == {json.dumps(line) for line in _read_bytes(whole)[1:-1]}, end
        assert (first, _without_times(last)) == (_read_bytes(whole)[0], _without_times(_read_bytes(whole)[-1])), end


def _read_bytes(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def _ask(stage: Stage, options: Options) -> set[str]:
    before = len(stage.gate.log.requests())
    _run(stage, options)
    asked = stage.gate.log.requests()[before:]
    return {exchange.repository for exchange in asked if exchange.kind != "ping" and exchange.method == "GET"}


def test_what_was_judged_is_judged_again_only_where_something_changed(stage: Stage, options: Options) -> None:
    resumed = replace(options, resume="results.ndjson")
    assert len(_ask(stage, resumed)) == 6
    assert _ask(stage, resumed) == set()
    assert len(_ask(stage, replace(resumed, info=True))) == 6  # another verdict: titles are kept
    assert len(_ask(stage, replace(resumed, effective_time="2032-01-01T00:00:00Z"))) == 6


def test_a_tag_that_moved_is_judged_again(stage: Stage, options: Options, tmp_path: Path) -> None:
    tag = stage.image("image/moving")
    (tmp_path / "list.txt").write_text(f"{tag}\n")
    resumed = replace(options, resume="results.ndjson", output=("ndjson=results.ndjson", "json=report.json"))
    assert _run(stage, resumed) is None
    other = publish(Image.of([Layer.of({"name": b"unsigned"})]), stage.gate.repository("image/moving"), tag="latest")
    assert isinstance(_run(stage, resumed), UnsuccessfulError)
    (component,) = json.loads((tmp_path / "report.json").read_text())["components"]
    assert component["containerImage"].endswith(other.digest)
    assert [line["position"] for line in _read(tmp_path / "results.ndjson")[1:-1]] == [1, 1]


def test_now_stays_what_it_was_for_a_day(
    stage: Stage, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed = replace(options, resume="results.ndjson", effective_time="now")
    _run(stage, resumed)
    time = _read(tmp_path / "results.ndjson")[0]["effective-time"]
    assert _ask(stage, resumed) == set()
    assert _read(tmp_path / "results.ndjson")[0]["effective-time"] == time
    monkeypatch.setattr(resume, "OLDEST", -1)
    assert len(_ask(stage, resumed)) == 6
    assert _read(tmp_path / "results.ndjson")[0]["effective-time"] != time


def test_what_isnt_results_is_told_by_its_line(stage: Stage, options: Options, tmp_path: Path) -> None:
    (tmp_path / "results.ndjson").write_text('{"type":"other"}\n')
    error = _run(stage, replace(options, resume="results.ndjson"))
    assert str(error) == 'results.ndjson:1: not a line of results: the first line is no "run" of format 1'
    _run(stage, options)
    lines = (tmp_path / "results.ndjson").read_text().split("\n")
    (tmp_path / "results.ndjson").write_text("\n".join([lines[0], "{}", *lines[1:]]))
    error = _run(stage, replace(options, resume="results.ndjson"))
    assert str(error) == "results.ndjson:2: not a line of results: no object with members"


def test_only_what_a_format_shows_is_kept(stage: Stage, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Sequence[object]] = []
    from refimpl.commands.tally import Tally

    made = Tally.__init__

    def note(self: Tally, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        kept.append(self._results)  # type: ignore[arg-type]

    monkeypatch.setattr(Tally, "__init__", note)
    _run(stage, options)
    assert not kept[0]
    assert isinstance(_run(stage, replace(options, output=("ndjson=a", "json=b"))), Error)
    assert kept[1]


def test_the_exit_says_that_an_image_does_not_conform(stage: Stage, options: Options, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{_lines(stage)[8]}\n")
    assert isinstance(_run(stage, options), UnsuccessfulError)
    assert _run(stage, replace(options, strict=False)) is None


def test_a_snapshot_in_shards_has_each_of_its_components_once(stage: Stage, tmp_path: Path) -> None:
    wanted = {f"c{number}": f"{stage.gate.address}/image/i{number}" for number in range(8)}
    found = []
    for shard in ("1/2", "2/2"):
        output = tmp_path / f"{shard[0]}.ndjson"
        _run(stage, stage.options(wanted, output=(f"ndjson={output}",), shard=shard))
        found.append([line["name"] for line in _read(output)[1:-1]])
    assert sorted(found[0] + found[1]) == sorted(wanted)
    assert all(found)


def test_a_component_of_a_snapshot_that_cant_be_judged_ends_the_run_without_its_line(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate_one = ComponentValidator.validate

    def fail_for_one(validator: ComponentValidator, component: Component) -> ComponentOutcome | ComponentError:
        return ComponentError("c1 can't be judged") if component.name == "c1" else validate_one(validator, component)

    monkeypatch.setattr(ComponentValidator, "validate", fail_for_one)
    wanted = {f"c{number}": f"{stage.gate.address}/image/i{number}" for number in range(3)}
    output = tmp_path / "results.ndjson"
    error = _run(stage, stage.options(wanted, output=(f"ndjson={output}",)))
    assert (type(error), str(error)) == (ComponentError, "c1 can't be judged")
    assert "c1" not in {line.get("name") for line in _read(output) if line["type"] == "component"}


def test_beside_a_list_nothing_else_names_images(stage: Stage, options: Options) -> None:
    error = _run(stage, replace(options, image=f"{stage.gate.address}/image/i0"))
    assert str(error) == "--images names a list: nothing else can name images besides"


def test_a_list_without_images_is_warned_of(
    stage: Stage, options: Options, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (empty := tmp_path / "empty.txt").write_text("# nothing yet\n\n")
    report = f"json={tmp_path / 'report.json'}"
    assert _run(stage, replace(options, images=str(empty), output=(report,))) is None
    assert json.loads((tmp_path / "report.json").read_text())["components"] is None
    assert f"{empty} names no images" in caplog.messages
