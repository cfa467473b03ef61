"""Many images: what is written of them, what is put together, what isn't judged again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []


@mutant(
    "unreadable-lines-passed-over",
    "A line of a list that can't be read counts for nothing.",
    Kind.SCALE,
    "scale-02",
)
def unreadable_lines_passed_over() -> None:
    from refimpl.commands.image_list import ImageList

    @change(ImageList, "_entries")
    def entries(original: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
        return (entry for entry in original(*arguments) if not entry.component.problem)


@mutant(
    "a-list-as-one-snapshot",
    "Rules see nothing of an image that a list names in their snapshot.",
    Kind.SCALE,
    "scale-01",
)
def a_list_as_one_snapshot() -> None:
    from refimpl.policy_input.document import InputDocuments

    @change(InputDocuments, "of")
    def of(_: object, self: InputDocuments, __: object) -> InputDocuments:
        return self


@mutant(
    "judged-as-often-as-named",
    "An image that a list names twice is judged and reported twice.",
    Kind.SCALE,
    "scale-03",
)
def judged_as_often_as_named() -> None:
    from itertools import count

    from refimpl.commands import image_list

    numbers = count()
    replace(image_list, "identity", lambda _: f"{next(numbers):016x}")


@mutant(
    "one-name-for-an-image",
    "Of two components that a list gives one image, the second isn't judged.",
    Kind.SCALE,
    "scale-03",
)
def one_name_for_an_image() -> None:
    from hashlib import sha256

    from refimpl.commands import image_list

    replace(image_list, "identity", lambda one: sha256(one.container_image.encode()).hexdigest()[:16])


@mutant(
    "lines-held-back",
    "Lines are written when the run ends.",
    Kind.SCALE,
    "scale-05",
)
def lines_held_back() -> None:
    from refimpl.ndjson.writing import Writer

    held: list[bytes] = []

    @change(Writer, "_write")
    def write(_: object, __: Writer, data: bytes) -> None:
        held.append(data)

    @change(Writer, "close")
    def close(original: Callable[..., None], self: Writer) -> None:
        import os

        os.write(self._descriptor, b"".join(held))
        original(self)


@mutant(
    "all-again",
    "Whatever a file of results has, all images are judged again.",
    Kind.SCALE,
    "scale-05 scale-06",
)
def all_again() -> None:
    from refimpl.commands.resume import Earlier

    @change(Earlier, "mark")
    def mark(_: object, __: Earlier, entry: Any) -> Any:
        return entry.component


@mutant(
    "torn-lines-stay",
    "What is behind the last whole line of a file of results stays there, and is written on.",
    Kind.SCALE,
    "scale-06",
)
def torn_lines_stay() -> None:
    from pathlib import Path

    from refimpl.ndjson.reading import Results

    @change(Results, "_look_through")
    def look_through(original: Callable[..., None], self: Results) -> None:
        original(self)
        self.end = Path(self.path).stat().st_size


@mutant(
    "named-for-ever",
    "What an earlier run has written counts, though the list doesn't name it any more.",
    Kind.SCALE,
    "scale-16",
)
def named_for_ever() -> None:
    from refimpl.commands.outputs import Outputs

    @change(Outputs, "remove")
    def remove(*_: object) -> None:
        return


@mutant(
    "any-policy-will-do",
    "Results of another policy count, too.",
    Kind.SCALE,
    "scale-07",
)
def any_policy_will_do() -> None:
    from refimpl.commands import stream

    replace(stream, "verdict_key", lambda *_: f"sha256:{'0' * 64}")


@mutant(
    "undecided-is-final",
    "What a failing registry kept from being decided isn't judged again.",
    Kind.SCALE,
    "scale-08",
)
def undecided_is_final() -> None:
    from refimpl.commands import resume

    replace(resume, "is_settled", lambda line: bool(line.get("digest")))


@mutant(
    "merged-as-it-comes",
    "What shards found is put together in the order in which it is found.",
    Kind.SCALE,
    "scale-09",
)
def merged_as_it_comes() -> None:
    from refimpl.commands import merge

    replace(merge, "_places", lambda files: [(position, file) for file in files for position in file.places])


@mutant(
    "shards-that-overlap",
    "An image is in more than one shard.",
    Kind.SCALE,
    "scale-09",
)
def shards_that_overlap() -> None:
    from refimpl.command_line.shard import Shard

    @change(Shard, "has")
    def has(*_: object) -> bool:
        return True


@mutant(
    "some-shards-will-do",
    "Results are put together whether all shards are there or not.",
    Kind.SCALE,
    "scale-10",
)
def some_shards_will_do() -> None:
    from refimpl.commands import merge

    replace(merge, "_check_together", lambda _: None)


@mutant(
    "half-a-run-will-do",
    "Results of a run that was ended before are put together like others.",
    Kind.SCALE,
    "scale-11",
)
def half_a_run_will_do() -> None:
    from datetime import UTC, datetime

    from refimpl.commands import merge
    from refimpl.ndjson.lines import Summary

    @change(merge, "_end")
    def end(_: object, file: Any) -> Summary:
        return Summary(
            input="",
            entries=len(file.places),
            repeated=0,
            success=True,
            violations=0,
            warnings=0,
            successes=0,
            effective_time=file.run.effective_time,
            finished=datetime.now(UTC),
        )


@mutant(
    "lost-lines-are-fine",
    "Lines that can't be written are passed over.",
    Kind.SCALE,
    "scale-12",
)
def lost_lines_are_fine() -> None:
    from refimpl.errors import OutputError
    from refimpl.ndjson.writing import Writer

    @change(Writer, "_write")
    def write(original: Callable[..., None], *arguments: Any) -> None:
        try:
            original(*arguments)
        except OutputError:
            return


@mutant(
    "lines-that-some-break",
    "Characters that some programs take for the end of a line stand in lines as they are.",
    Kind.SCALE,
    "scale-13",
)
def lines_that_some_break() -> None:
    import json

    from refimpl.ndjson import lines, writing

    def encode(members: Any) -> bytes:
        return json.dumps(members, ensure_ascii=False, default=list).encode() + b"\n"

    replace(lines, "encode_line", encode)
    replace(writing, "encode_line", encode)


@mutant(
    "an-index-without-its-images",
    "Of an index in a list its images aren't judged.",
    Kind.SCALE,
    "scale-14",
)
def an_index_without_its_images() -> None:
    from refimpl.commands import component

    replace(component, "expand_indexes", lambda snapshot, *_: snapshot)


@mutant(
    "first-come-first-served",
    "Images are judged in the order of the list, whoever's they are.",
    Kind.SCALE,
    "scale-15.1 scale-15.2",
)
def first_come_first_served() -> None:
    from refimpl.system.turns import Turns

    @change(Turns, "__init__")
    def init(original: Callable[..., None], turns: Any, things: Any, group: Any, **named: Any) -> None:
        original(turns, things, group, **{**named, "ahead": 1})
