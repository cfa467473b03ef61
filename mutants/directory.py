"""Faults in how the cache treats its directory."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any, NoReturn

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "never-swept",
    "What dead validations were writing is never removed.",
    Kind.DIRECTORY,
    "cache-14.3 cache-14.4 cache-14.5 cache-14.6 cache-14.7 cache-14.13 cache-14.14",
)
def never_swept() -> None:
    from refimpl.layers.directory import Directory
    from refimpl.system import leftovers

    @change(Directory, "sweep")
    def sweep(*_: object) -> int:
        return 0

    @change(leftovers, "add_file")
    def add_file(*_: object) -> None:  # nor when a signal ends the run
        return


@mutant(
    "sweeps-the-living",
    "What living validations are writing is removed as if they were dead.",
    Kind.DIRECTORY,
    "cache-14.15 cache-14.16",
)
def sweeps_the_living() -> None:
    from refimpl.layers.directory import PREFIX, Directory

    @change(Directory, "sweep")
    def sweep(_: object, self: Any) -> int:
        found = [path for path in self.path.iterdir() if path.name.startswith(PREFIX)]
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)


@mutant(
    "sweeps-foreign-files",
    "Whatever isn't an entry is taken for rubbish and removed.",
    Kind.DIRECTORY,
    "cache-14.11 cache-14.12 cache-14.17",
)
def sweeps_foreign_files() -> None:
    from refimpl.layers.directory import _ENTRY, PREFIX, Directory

    @change(Directory, "sweep")
    def sweep(original: Callable[..., int], self: Any) -> int:
        for path in self.path.iterdir():
            if not path.name.startswith(PREFIX) and not re.fullmatch(_ENTRY, path.name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return original(self)


@mutant(
    "write-error-is-fatal",
    "When the directory can't be used, the validation fails.",
    Kind.DIRECTORY,
    "cache-07.21 cache-07.22 cache-15.1 cache-15.2 cache-15.3 cache-15.4 cache-15.11 cache-15.12 cache-15.15 "
    "cache-15.16 cache-15.17 cache-15.18",
)
def write_error_is_fatal() -> None:
    from refimpl.errors import MalformedError
    from refimpl.layers.cache import LayerCache
    from refimpl.layers.directory import Directory, UnusableError

    @change(LayerCache, "_stop_writing")
    def stop_writing(_: object, self: Any, error: Exception) -> NoReturn:
        raise MalformedError(f"unable to write to {self._directory.path}: {error}")

    @change(Directory, "prepare")
    def prepare(original: Callable[..., None], self: Any) -> None:
        try:
            original(self)
        except UnusableError as error:
            raise MalformedError(f"unable to use {self.path}: {error}") from error


@mutant(
    "anyone-may-add",
    "The directory's mode is 0777.",
    Kind.DIRECTORY,
    "cache-24.1 cache-24.2",
)
def anyone_may_add() -> None:
    from refimpl.layers.directory import Directory

    @change(Directory, "prepare")
    def prepare(original: Callable[..., None], self: Any) -> None:
        original(self)
        self.path.chmod(0o777)


@mutant(
    "anyone-may-write",
    "Entries may be written by everybody.",
    Kind.DIRECTORY,
    "cache-24.1 cache-24.2",
)
def anyone_may_write() -> None:
    from refimpl.layers.directory import Directory

    @change(Directory, "publish")
    def publish(original: Callable[..., None], self: Any, temporary: Any, name: str) -> None:
        original(self, temporary, name)
        (self.path / name).chmod(0o666)


@mutant(
    "any-directory-will-do",
    "A directory that others own or can write is used all the same.",
    Kind.DIRECTORY,
    "cache-15.7 cache-15.8 cache-15.9 cache-15.10 cache-15.13 cache-15.14",
)
def any_directory_will_do() -> None:
    from refimpl.layers import directory

    @change(directory, "_check")
    def check(*_: object, ours: bool) -> None:
        del ours


@mutant(
    "says-nothing",
    "That the directory can't be used is told to nobody.",
    Kind.DIRECTORY,
    "cache-15.5 cache-15.6 cache-15.11 cache-07.21",
)
def says_nothing() -> None:
    from refimpl.layers import cache

    replace(cache._log, "warning", cache._log.debug)


@mutant(
    "files-stay-open",
    "What was opened to read a layer stays open until the end.",
    Kind.DIRECTORY,
    "cache-25.5",
)
def files_stay_open() -> None:
    import os

    from refimpl.layers.layers import Layers

    @change(Layers, "listing")
    def listing(original: Callable[..., Any], *arguments: Any) -> Any:
        for _ in range(8):
            os.open(os.devnull, os.O_RDONLY)
        return original(*arguments)


@mutant(
    "names-unchecked",
    "Whatever a manifest calls a digest becomes the name of a file.",
    Kind.DIRECTORY,
    "cache-24.6 cache-24.7 cache-24.8 cache-30.7 cache-30.8",
)
def names_unchecked() -> None:
    import hashlib
    import os
    from pathlib import Path

    from refimpl.layers.directory import _ENTRY, Directory
    from refimpl.oci import descriptor, digest

    @change(descriptor, "check_digest")
    def check_digest(_: object, text: object) -> str:
        return str(text)

    @change(digest.Verifier, "__init__")
    def make(_: object, self: Any, wanted: str) -> None:
        algorithm = wanted.partition(":")[0]
        self._wanted = wanted
        self._hash = hashlib.new(algorithm if algorithm in hashlib.algorithms_available else "sha256")
        self.size = 0

    @change(Directory, "open_entry")
    def open_entry(original: Callable[..., Any], self: Any, name: str) -> Any:
        seen = self.path / f"{name}.seen"
        inside = seen.resolve().is_relative_to(Path(os.environ["HOME"]).resolve().parent)
        if inside and not re.fullmatch(_ENTRY, name):  # further out is what others keep on this machine
            seen.parent.mkdir(parents=True, exist_ok=True)
            seen.touch()
        return original(self, name)
