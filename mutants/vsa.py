"""Verification summaries: what is attested, and what counts as attested."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacing import changed, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__: list[str] = []


@mutant("vsa-always-passed", "A VSA says that the image passed, whatever was found.", Kind.VSA, "vsa-02")
def always_passed() -> None:
    from refimpl.report import vsa
    from refimpl.vsa import making

    original = vsa.component_predicate

    def passed(*arguments: Any, **options: Any) -> Mapping[str, Any]:
        return {**original(*arguments, **options), "status": "passed"}

    replace(making, "component_predicate", passed)


@mutant("vsa-without-images-of-indexes", "An index's VSA doesn't name its images.", Kind.VSA, "vsa-03")
def without_images_of_indexes() -> None:
    from refimpl.report import vsa

    replace(vsa, "_images", lambda *_: ())


@mutant("vsa-names-as-paths", "A component's name can lead out of the folder for VSAs.", Kind.VSA, "vsa-14")
def names_as_paths() -> None:
    from refimpl.vsa.files import Folder

    @changed(Folder, "path")
    def path(self: Any, name: str, digest: str) -> Path:
        del digest
        (self._path / f"vsa-{name}.json").parent.mkdir(parents=True, exist_ok=True)
        return Path(self._path / f"vsa-{name}.json")


@mutant("vsa-overwritten", "Of components with one name, only the last one's VSA is left.", Kind.VSA, "vsa-15")
def overwritten() -> None:
    from refimpl.vsa.files import Folder

    @changed(Folder, "path")
    def path(self: Any, name: str, digest: str) -> Path:
        del digest
        self._path.mkdir(parents=True, exist_ok=True)
        return Path(self._path / f"vsa-{name}.json")


@mutant("vsa-anywhere", "VSAs are written into whatever folder is named.", Kind.VSA, "vsa-09")
def anywhere() -> None:
    from refimpl.vsa import making

    replace(making, "output_folder", lambda text: Path(text) if text else None)


@mutant("vsa-unencrypted-keys", "A signing key needs no password's protection.", Kind.VSA, "vsa-07")
def unencrypted_keys() -> None:
    from refimpl.vsa import signing_key

    replace(signing_key, "_LABELS", signing_key._LABELS | {"PRIVATE KEY"})
    replace(signing_key, "_decrypted", lambda data, _: data)
