"""Targets, their options and how files are written (24 §1)."""

from __future__ import annotations

import errno
import io
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reports import component, report, result

from refimpl.errors import OutputError
from refimpl.report.formats import FORMATS
from refimpl.report.model import TextOptions
from refimpl.report.targets import Target, parse_target, use_color, write

if TYPE_CHECKING:
    from collections.abc import Sequence

_REPORT = report(component(violations=(result("v", "p.v"),), warnings=(result("w", "p.w"),)))
_POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions and devices are POSIX's")


_NAMES = (
    "json, yaml, text, appstudio, hacbs, summary, summary-markdown, junit, attestation, policy-input, vsa, "
    "sarif, ndjson"
)


def _write(*outputs: str, options: TextOptions | None = None) -> str:
    stream = io.BytesIO()
    write(_REPORT, outputs, options or TextOptions(), stream)
    return stream.getvalue().decode()


def _problem(outputs: Sequence[str], stdout: io.BytesIO | None = None) -> str:
    with pytest.raises(OutputError) as caught:
        write(_REPORT, outputs, TextOptions(), stdout or io.BytesIO())
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("json", Target("json")),
        ("yaml=a=b", Target("yaml", "a=b")),
        ("=file", Target("json", "file")),
        ("", Target("json")),
        ("?show-successes=true", Target("json", "", "show-successes=true")),
        ("text=f?a=b?c", Target("text", "f", "a=b?c")),
        ("text=?", Target("text")),
    ],
)
def test_a_target_is_split_at_the_first_marks(text: str, target: Target) -> None:
    assert parse_target(text) == target


def test_without_outputs_the_text_goes_to_standard_output() -> None:
    assert _write() == _write("text")
    assert _write().startswith("Success: false\n")


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("attestation", "policy-input")])
def test_every_format_ends_in_exactly_one_added_newline(name: str) -> None:
    shown = _write(name)
    assert shown.endswith("\n")
    assert shown.strip()


def test_formats_without_content_are_an_empty_line() -> None:
    assert _write("attestation", "policy-input") == "\n\n"


def test_hacbs_is_appstudio() -> None:
    assert _write("hacbs") == _write("appstudio")


def test_targets_are_written_in_their_order() -> None:
    assert _write("appstudio", "json", "appstudio") == _write("appstudio") + _write("json") + _write("appstudio")


@pytest.mark.parametrize(
    ("output", "options", "warned", "linked"),
    [
        ("text", {}, True, False),
        ("text?show-warnings=false", {}, False, False),
        ("text?show-warnings=F&show-policy-docs-link=t", {}, False, True),
        ("text?show%2Dwarnings=0&unknown=%C3%A9&x", {}, False, False),
        ("text?show-warnings=false&show-warnings=x", {}, False, False),
        ("text?show-warnings=", {"show_warnings": False}, False, False),
        ("text?show-warnings", {}, True, False),
        ("text", {"show_policy_docs_link": True}, True, True),
        ("text?show-policy-docs-link=false", {"show_policy_docs_link": True}, True, False),
    ],
)
def test_options_of_a_target_go_before_the_flags(
    output: str, options: dict[str, bool], *, warned: bool, linked: bool
) -> None:
    shown = _write(output, options=TextOptions(**options))
    assert ("[Warning] p.w" in shown, "https://conforma.dev" in shown) == (warned, linked)


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        (["bogus"], '"bogus" is not a valid report format (there are ' + _NAMES + ")"),
        (["JSON"], '"JSON" is not a valid report format (there are ' + _NAMES + ")"),
        (["text ?x"], '"text " is not a valid report format (there are ' + _NAMES + ")"),
        (["json?show-warnings=2"], 'strconv.ParseBool: parsing "2": invalid syntax'),
        (["text?show-warnings=y&show-successes=x"], 'strconv.ParseBool: parsing "x": invalid syntax'),
        (["text?a;b"], "invalid semicolon separator in query"),
        (["text?show-successes=%zz"], 'invalid URL escape "%zz"'),
        (["text?%4"], 'invalid URL escape "%4"'),
        (
            ["bogus", "json?show-warnings=2"],
            '"bogus" is not a valid report format (there are '
            + _NAMES
            + ')\nstrconv.ParseBool: parsing "2": invalid syntax',
        ),
    ],
)
def test_a_target_that_cannot_be_is_named(outputs: list[str], problem: str) -> None:
    assert _problem(outputs) == problem


def test_the_other_targets_are_written_all_the_same(tmp_path: Path) -> None:
    stream = io.BytesIO()
    missing = tmp_path / "none" / "file"
    assert _problem(["bogus", "appstudio", f"json={missing}", f"yaml={tmp_path}", "appstudio"], stream) == (
        '"bogus" is not a valid report format (there are ' + _NAMES + ")\n"
        f"open {missing}: no such file or directory\n"
        f"open {tmp_path}: is a directory"
    )
    assert stream.getvalue().decode() == _write("appstudio") * 2


def test_a_file_is_created_with_the_usual_mode(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert _write(f"json={path}") == ""
    assert path.read_text(encoding="utf-8") == _write("json")
    if os.name == "posix":
        fresh = tmp_path / "fresh"
        fresh.touch()
        assert path.stat().st_mode == fresh.stat().st_mode
    assert sorted(entry.name for entry in tmp_path.iterdir()) in (["report.json"], ["fresh", "report.json"])


@_POSIX
def test_a_file_that_was_there_keeps_its_mode_and_links(tmp_path: Path) -> None:
    path, link = tmp_path / "real", tmp_path / "link"
    path.write_text("old and longer than nothing" * 1000, encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)
    _write(f"appstudio={link}")
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == _write("appstudio")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert len(list(tmp_path.iterdir())) == 2


@_POSIX
def test_a_device_is_written_in_place() -> None:
    assert _write(f"json={os.devnull}") == ""
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)  # noqa: PTH116 - no path object for a device's name


@_POSIX
def test_nothing_is_lost_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report"
    path.write_text("before", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert _problem([f"json={path}"]) == f"write {path}: no space left on device"
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


@_POSIX
@pytest.mark.parametrize("reason", [errno.EBUSY, errno.EXDEV, errno.EPERM])
def test_a_mount_point_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int) -> None:
    path = tmp_path / "report"
    path.write_text("before", encoding="utf-8")
    number = path.stat().st_ino

    def list_mounted(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "replace", list_mounted)
    _write(f"appstudio={path}")
    assert path.read_text(encoding="utf-8") == _write("appstudio")
    assert path.stat().st_ino == number
    assert list(tmp_path.iterdir()) == [path]


@_POSIX
def test_a_file_with_other_names_keeps_them(tmp_path: Path) -> None:
    path, other = tmp_path / "report", tmp_path / "other"
    path.write_text("before", encoding="utf-8")
    other.hardlink_to(path)
    _write(f"appstudio={path}")
    assert other.read_text(encoding="utf-8") == path.read_text(encoding="utf-8") == _write("appstudio")
    assert other.samefile(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_another_user_stays_theirs(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("before", encoding="utf-8")
    os.chown(path, 12345, 23456)
    _write(f"appstudio={path}")
    assert path.read_text(encoding="utf-8") == _write("appstudio")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)
    assert list(tmp_path.iterdir()) == [path]


@_POSIX
def test_a_link_that_leads_nowhere_yet_gets_its_file(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("there")
    _write(f"appstudio={link}")
    assert link.is_symlink()
    assert (tmp_path / "there").read_text(encoding="utf-8") == _write("appstudio")


@_POSIX
def test_a_named_pipe_gets_the_report_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    _write(f"appstudio={pipe}")
    reader.join()
    assert read == [_write("appstudio")]
    assert pipe.is_fifo()


@_POSIX
@pytest.mark.parametrize(
    ("name", "reason"),
    [("loop", "too many levels of symbolic links"), ("new/", "is a directory"), ("n\0", "invalid argument")],
)
def test_what_no_file_can_be_is_one_clear_error(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    path = f"{tmp_path}/{name}"
    assert _problem([f"json={path}"]) == f"open {path}: {reason}"
    assert [entry.name for entry in tmp_path.iterdir()] == ["loop"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has one")
def test_a_full_device_is_an_error() -> None:
    assert _problem(["json=/dev/full"]) == "write /dev/full: no space left on device"


def test_a_file_in_a_closed_directory_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report"
    path.write_text("before", encoding="utf-8")

    def closed(place: str, *_: object) -> int:
        raise PermissionError(13, "Permission denied", place)

    monkeypatch.setattr(os, "open", closed)
    _write(f"appstudio={path}")
    fresh = tmp_path / "fresh"
    assert _problem([f"appstudio={fresh}"]) == f"open {fresh}: permission denied"
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == _write("appstudio")
    assert list(tmp_path.iterdir()) == [path]


@_POSIX
def test_a_file_that_may_not_be_written_is_named_and_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report"
    path.write_text("before", encoding="utf-8")
    path.chmod(0o400)
    if os.geteuid() == 0:  # root may write everywhere
        monkeypatch.setattr(os, "access", lambda *_: False)
        assert _problem([f"json={path}", "bogus"]) == '"bogus" is not a valid report format (there are ' + _NAMES + ")"
        assert list(tmp_path.iterdir()) == [path]
        return
    assert _problem([f"json={path}"]) == f"open {path}: permission denied"
    assert path.read_text(encoding="utf-8") == "before"


def test_a_closed_standard_output_is_an_error_of_its_own() -> None:
    class Broken(io.BytesIO):
        def flush(self) -> None:
            raise BrokenPipeError(32, "Broken pipe")

    stream = Broken()
    assert _problem(["json"], stream) == "write /dev/stdout: broken pipe"


@pytest.mark.parametrize(
    ("wishes", "environ", "terminal", "colored"),
    [
        ({}, {}, False, False),
        ({}, {}, True, True),
        ({"color": True}, {}, False, True),
        ({"color": True, "no_color": True}, {}, True, False),
        ({"color": True}, {"NO_COLOR": "1"}, True, False),
        ({}, {"EC_NO_COLOUR": "x", "FORCE_COLOR": "1"}, True, False),
        ({}, {"EC_FORCE_COLOUR": "0"}, False, True),
        ({}, {"NO_COLOR": "", "FORCE_COLOR": ""}, False, False),
    ],
)
def test_colours_are_for_terminals_and_for_those_who_want_them(
    wishes: dict[str, bool], environ: dict[str, str], *, terminal: bool, colored: bool
) -> None:
    wanted = {"color": False, "no_color": False, **wishes}
    assert use_color(**wanted, environ=environ, is_terminal=terminal) is colored
