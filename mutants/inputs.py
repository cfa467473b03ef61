"""References, images, indexes and input files of odd forms."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "sparse-index-ends-all",
    "An index that lacks an image ends the run: no component has a verdict.",
    Kind.INPUTS,
    "form-06",
)
def sparse_index_ends_all() -> None:
    from refimpl.errors import ComponentError, MissingChildError
    from refimpl.oci.client import Client

    @change(Client, "image")
    def image(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except MissingChildError as error:
            raise ComponentError(str(error)) from error


@mutant(
    "any-configuration",
    "Of a configuration only what rules see is looked at: other members may have any type.",
    Kind.INPUTS,
    "form-01",
)
def any_configuration() -> None:
    from refimpl.golang.members import Nested
    from refimpl.policy_input import image

    replace(image, "_CONFIGURATION", Nested({"config": Nested(image._CONFIG)}))


@mutant(
    "strict-configuration",
    "A configuration with a member that nobody knows, or that is null, is none.",
    Kind.INPUTS,
    "form-02",
)
def strict_configuration() -> None:
    from refimpl.errors import MalformedError
    from refimpl.golang import members

    @change(members, "canonicalise")
    def canonical(original: Callable[..., Any], value: Any, shape: Any) -> Any:
        known = {name for name, _ in shape.names.values()}
        if isinstance(value, dict) and (None in value.values() or not known >= value.keys()):
            raise MalformedError("an unknown member")
        return original(value, shape)


@mutant(
    "small-configurations",
    "Configurations of more than 4 MiB are refused.",
    Kind.INPUTS,
    "form-03",
)
def small_configurations() -> None:
    from refimpl.policy_input import image

    replace(image, "CONFIGURATION_LIMIT", 4 << 20)


@mutant(
    "any-number-of-values",
    "A configuration may have any number of values, whatever memory they take.",
    Kind.INPUTS,
    "form-41",
)
def any_number_of_values() -> None:
    from refimpl.policy_input import image

    replace(image, "_COMMAS", 1 << 62)


@mutant(
    "inline-data-believed",
    "What a descriptor holds of the content is taken without a look at its digest.",
    Kind.INPUTS,
    "form-40",
)
def inline_data_believed() -> None:
    from refimpl.oci import client

    replace(client, "verify", lambda *_: None)


@mutant(
    "inline-data-unread",
    "What a descriptor holds of the content is passed over, and fetched all the same.",
    Kind.INPUTS,
    "form-04",
)
def inline_data_unread() -> None:
    from refimpl.oci.client import Client
    from refimpl.record import replace as with_changes

    @change(Client, "blob")
    def blob(original: Callable[..., Any], self: Any, repository: Any, descriptor: Any, **named: Any) -> Any:
        return original(self, repository, with_changes(descriptor, data=None), **named)


@mutant(
    "lenient-references",
    "A reference is read by the places of its signs: whatever stands between them is taken.",
    Kind.INPUTS,
    "form-07",
)
def lenient_references() -> None:
    from refimpl.oci import reference

    replace(reference, "_REPOSITORY", re.compile("[^:]+"))
    replace(reference, "_TAG", re.compile("[^/]+"))
    replace(reference, "_DIGEST", re.compile("sha256:[0-9a-f]+"))
    replace(reference, "_is_authority", lambda _: True)


@mutant(
    "any-host-name",
    "A registry may have a name that no host can have.",
    Kind.INPUTS,
    "form-07.01 form-07.02 form-07.03 form-07.04",
)
def any_host_name() -> None:
    from refimpl.oci import reference

    replace(reference, "_is_host", lambda _: True)


@mutant(
    "unknown-kinds-in-folders",
    "A file that nobody reads is an error wherever it is in a folder.",
    Kind.INPUTS,
    "form-20",
)
def unknown_kinds_in_folders() -> None:
    from refimpl.commands import input_files

    @change(input_files, "_kind")
    def kind(original: Callable[..., Any], path: str) -> Any:
        return original(path) or "other"


@mutant(
    "unknown-kinds-passed-over",
    "A file that nobody reads is passed over wherever it is in a folder.",
    Kind.INPUTS,
    "form-21",
)
def unknown_kinds_passed_over() -> None:
    from refimpl.commands import input_files

    @change(input_files, "_below")
    def below(original: Callable[..., Any], directory: str) -> Any:
        return [path for path in original(directory) if input_files._kind(path)]


@mutant(
    "links-unfollowed",
    "Links in folders are passed over.",
    Kind.INPUTS,
    "form-22",
)
def links_unfollowed() -> None:
    import os

    from refimpl.commands import input_files

    @change(input_files, "_names")
    def names(original: Callable[..., Any], directory: str, failed: str) -> Any:
        return [name for name in original(directory, failed) if not os.path.islink(f"{directory}/{name}")]  # noqa: PTH114


@mutant(
    "lower-case-ends",
    "Only the ends of names in lower case say what a file is.",
    Kind.INPUTS,
    "form-23 form-24",
)
def lower_case_ends() -> None:
    from refimpl.commands import input_files, inspect_data

    @change(input_files, "_kind")
    def kind(original: Callable[..., Any], path: str) -> Any:
        return original(path) if path.lower() == path else None

    @change(inspect_data, "_files")
    def files(original: Callable[..., Any], directory: Any) -> Any:
        return (path for path in original(directory) if path.name.lower() == path.name)


@mutant(
    "plain-dashes-only",
    "Documents that begin with more than plain dashes are lost.",
    Kind.INPUTS,
    "form-25.02 form-25.03",
)
def plain_dashes_only() -> None:
    from refimpl.golang import yamltext

    @change(yamltext, "loads_all")
    def loads_all(original: Callable[..., Any], text: bytes) -> Any:
        return original(text)[:1]


@mutant(
    "directives-alone",
    "A line of dashes parts directives from the document after them.",
    Kind.INPUTS,
    "form-26",
)
def directives_alone() -> None:
    from refimpl.policy_input import documents

    replace(documents, "_split", lambda content: content.split(b"\n---\n"))


@mutant(
    "yaml-1.1-only",
    "YAML that says it is of version 1.2 is none.",
    Kind.INPUTS,
    "form-26.02",
)
def yaml_of_one_version_only() -> None:
    from refimpl.golang import yamltext

    @change(yamltext, "loads_all")
    def loads_all(original: Callable[..., Any], text: bytes) -> Any:
        if text.startswith(b"%YAML 1.2"):
            raise ValueError("yaml: found incompatible YAML document")
        return original(text)


@mutant(
    "pipes-read",
    "A pipe in a folder is passed over as if it weren't there.",
    Kind.INPUTS,
    "form-27",
)
def pipes_read() -> None:
    from pathlib import Path

    from refimpl.commands import input_files

    @change(input_files, "_kind")
    def kind(original: Callable[..., Any], path: str) -> Any:
        return None if Path(path).is_fifo() else original(path)


@mutant(
    "aliases-without-end",
    "YAML's aliases may make a document of any size.",
    Kind.INPUTS,
    "form-42.01 form-42.02",
)
def aliases_without_end() -> None:
    from refimpl.golang import yamltext

    def documents(_: str) -> Any:
        return iter([None])  # what such a document would become doesn't fit anywhere

    @change(yamltext, "_documents")
    def bounded(original: Callable[..., Any], text: str) -> Any:
        return documents(text) if "&" in text else original(text)


@mutant(
    "directives-without-end",
    "YAML may have any number of directives, though the parser looks through all for each.",
    Kind.INPUTS,
    "form-42.04",
)
def directives_without_end() -> None:
    from refimpl.golang import yamltext

    @change(yamltext, "_documents")
    def documents(original: Callable[..., Any], text: str) -> Any:
        return iter([None]) if "%TAG" in text else original(text)  # a million of them take hours


@mutant(
    "costly-files-left-out",
    "A file of a layer that costs too much to read is left out, and rules don't see it.",
    Kind.INPUTS,
    "form-43",
)
def costly_files_left_out() -> None:
    from refimpl.golang import yamltext

    replace(yamltext, "CostError", ValueError)


@mutant(
    "taken-in-silence",
    "What is no file is told as what else it was taken for, and nothing is said of files.",
    Kind.INPUTS,
    "form-28",
)
def taken_in_silence() -> None:
    from refimpl.commands import snapshot
    from refimpl.errors import PolicyError
    from refimpl.policy import config

    replace(snapshot, "_is_like_a_path", lambda _: False)

    @change(config, "_no_file")
    def no_file(_: Callable[..., Any], text: str) -> Any:
        raise PolicyError(f'enterprisecontractpolicies "{text}" not found')


@mutant(
    "formats-unnamed",
    "An unknown format is refused without a word on those that there are.",
    Kind.INPUTS,
    "form-29",
)
def formats_unnamed() -> None:
    from refimpl.errors import OutputError
    from refimpl.report import targets

    @change(targets, "_render")
    def render(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except OutputError as error:
            raise OutputError(str(error).partition(" (")[0]) from None


@mutant(
    "first-attestation-alone",
    "Rules see the first of an image's attestations.",
    Kind.INPUTS,
    "own-03 conformance-03",
)
def first_attestation_alone() -> None:
    from refimpl.policy_input.document import InputDocuments

    @change(InputDocuments, "document")
    def document(original: Callable[..., bytes], self: Any, **members: Any) -> bytes:
        return original(self, **{**members, "attestations": members["attestations"][:1]})


@mutant(
    "provenance-without-particulars",
    "Rules see who built an image, but neither the tasks of its build nor its materials.",
    Kind.INPUTS,
    "own-02",
)
def provenance_without_particulars() -> None:
    from refimpl.policy_input import document

    @change(document, "_encode_attestation")
    def encode_attestation(original: Callable[..., bytes], attestation: Any) -> bytes:
        shown = json.loads(original(attestation))
        for member in ("buildConfig", "materials"):
            shown["statement"].get("predicate", {}).pop(member, None)
        return json.dumps(shown).encode()


@mutant(
    "types-by-header-only",
    "An index that the registry doesn't call one is an image without configuration and files.",
    Kind.VERDICT,
    "field-01",
)
def types_by_header_only() -> None:
    from refimpl.oci import descriptor

    def is_index(manifest: descriptor.Manifest) -> bool:
        return manifest.descriptor.media_type in descriptor.INDEX_TYPES

    replace(descriptor.Manifest, "is_index", property(is_index))
