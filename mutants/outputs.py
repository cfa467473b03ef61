"""Formats for other tools, and names in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []


@mutant(
    "violations-as-warnings",
    "In SARIF a violation is no more than a warning.",
    Kind.OUTPUTS,
    "outputs-01 outputs-04",
)
def violations_as_warnings() -> None:
    from refimpl.report import sarif

    @change(sarif, "_describe_result")
    def describe_result(original: Callable[..., Any], component: Any, result: Any, _: str, index: int) -> Any:
        return original(component, result, "warning", index)


@mutant(
    "findings-nowhere",
    "In SARIF each finding is at the root, whatever image or file it is about.",
    Kind.OUTPUTS,
    "outputs-01 outputs-04",
)
def findings_nowhere() -> None:
    from refimpl.report import sarif

    replace(sarif, "_uri", lambda _: ".")


@mutant(
    "rules-without-help",
    "In SARIF a rule has nothing but its code.",
    Kind.OUTPUTS,
    "outputs-02",
)
def rules_without_help() -> None:
    from refimpl.report import sarif

    replace(sarif, "_text", lambda *_: "")


@mutant(
    "one-fingerprint-for-a-rule",
    "In SARIF the findings of a rule are taken for one, whatever image they are about.",
    Kind.OUTPUTS,
    "outputs-03",
)
def one_fingerprint_for_a_rule() -> None:
    from refimpl.report import sarif

    replace(sarif, "_fingerprint", lambda _uri, _component, result: result.code)


@mutant(
    "members-as-written",
    "Members of an image's files are in the order in which they were written.",
    Kind.OUTPUTS,
    "outputs-05",
)
def members_as_written() -> None:
    from refimpl.layers import files

    replace(files, "_sort_members", lambda value: value)


@mutant(
    "work-folder-in-letters",
    "The folder that errors name has letters in its name.",
    Kind.OUTPUTS,
    "outputs-06",
)
def work_folder_in_letters() -> None:
    from refimpl.policy.sources import workspace

    @change(workspace, "_make")
    def make(original: Callable[..., Path], *arguments: Any, **named: Any) -> Path:
        path = original(*arguments, **named)
        return path.rename(path.with_name(f"ec-work-x{path.name.removeprefix('ec-work-')}"))


@mutant(
    "locations-in-strict-utf8",
    "In SARIF a file whose name isn't UTF-8 has no location: the report can't be written.",
    Kind.OUTPUTS,
    "outputs-07",
)
def locations_in_strict_utf8() -> None:
    from refimpl.report import sarif

    replace(sarif, "replace_surrogates", lambda text: text)


@mutant(
    "one-schema-for-all",
    "Whatever schema is asked for, that of the report on images is shown.",
    Kind.OUTPUTS,
    "outputs-08 outputs-09",
)
def one_schema_for_all() -> None:
    from refimpl import schemas

    @change(schemas, "read")
    def read(original: Callable[[str], str], _: str) -> str:
        return original("validate-image")


@mutant(
    "profiles-for-all",
    "Profiles can be read by everybody.",
    Kind.OUTPUTS,
    "outputs-10",
)
def profiles_for_all() -> None:
    from refimpl import profiles

    @change(profiles, "_make")
    def make(original: Callable[..., Path], name: str, title: str) -> Path:
        path = original(name, title)
        path.chmod(0o644)
        return path


@mutant(
    "profiles-of-nothing",
    "Profiles of processor time and memory say nothing of their values, and the trace has no events.",
    Kind.OUTPUTS,
    "outputs-10",
)
def profiles_of_nothing() -> None:
    from refimpl.profiles.calls import CallTrace
    from refimpl.profiles.cpu import CpuProfile
    from refimpl.profiles.memory import MemoryProfile

    for profile in (CallTrace, CpuProfile, MemoryProfile):
        replace(profile, "end", lambda _: b"")


@mutant(
    "one-profile-a-run",
    "Of several kinds of tracing only one has a file.",
    Kind.OUTPUTS,
    "outputs-11",
)
def one_profile_a_run() -> None:
    from refimpl import profiles

    @change(profiles, "profile")
    def profile(original: Callable[..., int], kinds: frozenset[str], work: Callable[[], int]) -> int:
        return original(sorted(kinds)[:1], work)


@mutant(
    "profiles-if-possible",
    "A profile that can't be made is passed over.",
    Kind.OUTPUTS,
    "outputs-12",
)
def profiles_if_possible() -> None:
    from refimpl import profiles
    from refimpl.errors import OutputError

    @change(profiles, "profile")
    def profile(original: Callable[..., int], kinds: frozenset[str], work: Callable[[], int]) -> int:
        try:
            return original(kinds, work)
        except OutputError:
            return work()


@mutant(
    "keys-of-unknown-schemes-as-files",
    "A public key at a scheme that nobody knows is a file of that name.",
    Kind.OUTPUTS,
    "outputs-13",
)
def keys_of_unknown_schemes_as_files() -> None:
    from refimpl.verify import keys

    replace(keys, "_text", lambda reference, *_: keys.read_file(reference).decode())


@mutant(
    "unnamed-is-json",
    "An output without a format is JSON, for files too.",
    Kind.OUTPUTS,
    "outputs-14",
)
def unnamed_is_json() -> None:
    from refimpl.report import targets

    @change(targets, "parse_target")
    def parse_target(original: Callable[..., Any], text: str, _: str = "") -> Any:
        return original(text)


@mutant(
    "sections-end-early",
    "In JUnit a message ends the section that it stands in.",
    Kind.OUTPUTS,
    "outputs-15",
)
def sections_end_early() -> None:
    from refimpl.report import junit

    replace(junit, "_cdata", lambda text: f"<![CDATA[{text}]]>" if text else "")


@mutant(
    "blanks-alone-are-breaks",
    "Lines of text are only broken at blanks, not at other white space.",
    Kind.OUTPUTS,
    "outputs-15",
)
def blanks_alone_are_breaks() -> None:
    import textwrap

    from refimpl.report import text as text_format

    replace(text_format, "wrap", lambda text, width: "\n".join(textwrap.wrap(text, width)))


@mutant(
    "yaml-without-odd-names",
    "YAML fails for texts that aren't Unicode.",
    Kind.OUTPUTS,
    "outputs-16",
)
def yaml_without_odd_names() -> None:
    from refimpl.golang import yaml_dump

    replace(yaml_dump, "replace_surrogates", lambda text: text)


@mutant(
    "breaks-in-yaml-stand",
    "In YAML line breaks stand in texts as they are.",
    Kind.OUTPUTS,
    "outputs-17.01",
)
def breaks_in_yaml_stand() -> None:
    import re

    from refimpl.golang import yaml_dump

    replace(yaml_dump, "_SEPARATORS", re.compile("(?!)"))


@mutant(
    "controls-in-junit-stand",
    "In JUnit characters stand as they are that XML has no way to write.",
    Kind.OUTPUTS,
    "outputs-17.02",
)
def controls_in_junit_stand() -> None:
    from refimpl.report import junit

    replace(junit, "_is_xml", lambda _: True)
