"""Archives, packs and layers that break off, and what is taken for their end."""

from __future__ import annotations

from typing import Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

__all__: list[str] = []


@mutant(
    "archive-ends-at-damage",
    "A damaged header, or the end of the bytes, counts as the end of a tar archive.",
    Kind.TRUNCATION,
    "archive-01 archive-02 archive-03 archive-04 archive-07 archive-08 archive-13 archive-24 archive-25 archive-27 "
    "archive-28 archive-29",
)
def archive_ends_at_damage() -> None:
    from refimpl.errors import MalformedError
    from refimpl.layers.archive import Archive

    @change(Archive, "_next")
    def following(original: Any, self: Any) -> Any:
        try:
            return original(self)
        except MalformedError:
            return None


@mutant(
    "archives-of-any-depth",
    "The folders of an archive of rules may be as deep as they like.",
    Kind.SOURCES,
    "archive-128.01 archive-128.02",
)
def archives_of_any_depth() -> None:
    from refimpl.policy.sources import content

    replace(content, "MAX_DEPTH", 1 << 30)


@mutant(
    "archive-end-unmarked",
    "An archive of rules may end anywhere between two members, and anything may follow its end.",
    Kind.TRUNCATION,
    "archive-03 archive-05 archive-29",
)
def archive_end_unmarked() -> None:
    from refimpl.layers.archive import Archive

    @change(Archive, "_check_end")
    def end(*_: object, **__: object) -> None:
        return None


@mutant(
    "compression-cut",
    "Compressed data that breaks off, is damaged or followed by something else ends there.",
    Kind.TRUNCATION,
    "archive-09 archive-10 archive-11 archive-14 archive-15 archive-22 archive-23 archive-30",
)
def compression_cut() -> None:
    from refimpl.errors import MalformedError
    from refimpl.layers.stream import Decompressed

    @change(Decompressed, "read")
    def read(original: Any, self: Any, size: int) -> bytes:
        try:
            return bytes(original(self, size))
        except MalformedError:
            return b""


@mutant(
    "damaged-archive-is-a-file",
    "An archive that doesn't begin as one is a file that counts for nothing.",
    Kind.TRUNCATION,
    "archive-12 archive-21 archive-35",
)
def damaged_archive_is_a_file() -> None:
    from refimpl.policy.sources import unpacking

    @change(unpacking, "unpack")
    def unpack(original: Any, source: Any, *arguments: Any, **named: Any) -> bool:
        head = source.read_bytes()[:512]
        known = head.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh")) or head[257:262] == b"ustar"
        return bool(known and original(source, *arguments, **named))


@mutant(
    "zip-directory-believed",
    "What a zip archive's directory says is believed: neither counted nor compared with the members.",
    Kind.TRUNCATION,
    "archive-16 archive-17 archive-20 archive-26",
)
def zip_directory_believed() -> None:
    import zipfile

    from refimpl.policy.sources import zipped

    def directory(file: Any, _: int) -> tuple[int, int]:
        with zipfile.ZipFile(file) as archive:
            return archive.start_dir, 0

    replace(zipped, "_directory", directory)
    replace(zipped, "_check_extents", lambda *_: None)


@mutant(
    "zip-checksum-ignored",
    "A zip archive's checksums aren't compared.",
    Kind.TRUNCATION,
    "archive-18",
)
def zip_checksum_ignored() -> None:
    import zipfile

    replace(zipfile.ZipExtFile, "_update_crc", lambda *_: None)


@mutant(
    "last-member-of-a-name",
    "Of members of an archive with one name the last one counts.",
    Kind.TRUNCATION,
    "archive-36",
)
def last_member_of_a_name() -> None:
    from refimpl.policy.sources.unpacking import _Unpacking

    @change(_Unpacking, "_write")
    def write(original: Any, self: Any, chunks: Any, path: Any, name: str) -> None:
        self._written.discard(path)
        original(self, chunks, path, name)


@mutant(
    "unreadable-passed-over",
    "What can't be read of a folder of rules, or is no file, is passed over.",
    Kind.TRUNCATION,
    "archive-37 archive-38 archive-40 archive-41 archive-42 archive-43",
)
def unreadable_passed_over() -> None:
    import shutil

    from refimpl.policy.sources import local

    def copy(source: str, destination: str, **_: object) -> None:
        shutil.copytree(source, destination, dirs_exist_ok=True, copy_function=_quietly, ignore=_no_files)

    replace(local, "_copy_directory", copy)


def _quietly(source: str, destination: str) -> None:
    import shutil
    from contextlib import suppress

    with suppress(OSError):
        shutil.copyfile(source, destination)


def _no_files(folder: str, names: list[str]) -> list[str]:
    import os

    return [name for name in names if not os.access(f"{folder}/{name}", os.R_OK) or not _is_plain(f"{folder}/{name}")]


def _is_plain(path: str) -> bool:
    import os

    return os.path.isfile(path) or os.path.isdir(path)  # noqa: PTH112, PTH113  # paths as texts, as there


@mutant(
    "special-data-counts-for-nothing",
    "A source that is neither a file nor a folder counts for nothing.",
    Kind.TRUNCATION,
    "archive-44 archive-45",
)
def special_data_counts_for_nothing() -> None:
    from refimpl.errors import PolicyError
    from refimpl.policy.sources import local

    @change(local, "fetch")
    def fetch(original: Any, url: str, destination: Any, **named: Any) -> str:
        try:
            return str(original(url, destination, **named))
        except PolicyError as error:
            if "neither a file nor" in str(error):
                return url
            raise


@mutant(
    "entries-place-taken",
    "What can't be opened in the place of a cache entry stays there, and nothing is stored any more.",
    Kind.TRUNCATION,
    "archive-47",
)
def entries_place_taken() -> None:
    import os

    from refimpl.layers.directory import Directory

    @change(Directory, "open_entry")
    def open_entry(original: Any, self: Any, name: str) -> Any:
        if (self.path / name).is_socket():
            return os.open(self.path / name, os.O_RDONLY)
        return original(self, name)


@mutant(
    "budget-of-few-digits",
    "A budget of more than 4300 digits ends the run.",
    Kind.TRUNCATION,
    "archive-49",
)
def budget_of_few_digits() -> None:
    from refimpl.layers import cache

    replace(cache, "_DIGITS", 1 << 62)


@mutant(
    "last-entry-of-a-name",
    "Of entries of a git tree with one name the last one counts.",
    Kind.TRUNCATION,
    "archive-51 archive-52",
)
def last_entry_of_a_name() -> None:
    from refimpl.policy.sources import checkout

    @change(checkout, "parse_tree")
    def parse(original: Any, *arguments: Any) -> Any:
        return {name: (name, mode, sha) for name, mode, sha in original(*arguments)}.values()


@mutant(
    "odd-entries-passed-over",
    "Entries of a git tree with names that git forbids, or of no kind, are passed over.",
    Kind.TRUNCATION,
    "archive-53 archive-54 archive-55 archive-56 archive-57 archive-58 archive-59",
)
def odd_entries_passed_over() -> None:
    from refimpl.policy.sources import checkout

    @change(checkout, "parse_tree")
    def parse(original: Any, *arguments: Any) -> Any:
        for name, mode, sha in original(*arguments):
            if name.lower() not in {b"", b".", b"..", b".git"} and b"/" not in name and mode != 0o170000:
                yield name, mode, sha


@mutant(
    "odd-kinds-are-null",
    "Entries of a layer of other kinds than that of regular files show no content.",
    Kind.TRUNCATION,
    "archive-100 archive-101 archive-102 archive-103 archive-104 archive-105 archive-106 archive-108",
)
def odd_kinds_are_null() -> None:
    from refimpl.layers.archive import Entry

    replace(Entry, "has_content", property(lambda entry: entry.kind == "0"))


@mutant(
    "hard-link-shows-what-is-below",
    "A hard link that leads out of the image, or seems to, leaves lower layers' file in sight.",
    Kind.TRUNCATION,
    "archive-114 archive-115",
)
def hard_link_shows_what_is_below() -> None:
    from refimpl.layers import listing

    @change(listing, "_escapes")
    def escapes(original: Any, entry: Any, parent: str) -> bool:
        return bool(original(entry, parent) or (entry.kind == "1" and entry.link.startswith("../")))


@mutant(
    "removed-in-its-own-layer",
    "What a layer removes it removes from itself too, where it stands behind the mark.",
    Kind.TRUNCATION,
    "archive-121",
)
def removed_in_its_own_layer() -> None:
    from refimpl.layers import listing

    @change(listing, "read_listing")
    def read(original: Any, *arguments: Any) -> Any:
        found = original(*arguments)
        for mark in found.covers - found.names:
            gone = [name for name in found.files if name == mark or name.startswith(f"{mark}/")]
            for name in gone:
                del found.files[name]
        return found


@mutant(
    "opaque-unknown",
    "The mark that hides all that lower layers have in a folder isn't known.",
    Kind.TRUNCATION,
    "archive-122 archive-123 archive-124",
)
def opaque_unknown() -> None:
    from refimpl.layers import listing

    replace(listing, "_under", lambda *_: False)
