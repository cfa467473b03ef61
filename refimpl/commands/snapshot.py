"""Which images are validated: inputs, merging, and the images of indexes (specification 10 §2)."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.deadline import Deadline
from refimpl.errors import Error, InputError, InvalidReferenceError, RegistryError, is_undecided
from refimpl.golang import yamltext
from refimpl.golang.document import DocumentError
from refimpl.golang.document import parse as parse_json
from refimpl.golang.oserrors import describe, reason
from refimpl.golang.typed import STRING, TEXT, Items, Struct
from refimpl.policy.schema import JSON, decode
from refimpl.record import field, record, replace
from refimpl.system.workers import map_all, run_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from refimpl.command_line.options import Options
    from refimpl.oci.descriptor import Descriptor, Manifest
    from refimpl.oci.reference import Reference

_log = logging.getLogger(__name__)

UNNAMED = "Unnamed"
"""The name of components that were given none."""
_DEFAULT_WORKERS = 5
_ALL_AT_ONCE = 64
_LONG_PATH = 4096
_OTHER_BEGINNINGS = ("-", "%", "[", '"', "'", "&", "!")  # of YAML

_GIT_MEMBERS = ("url", "revision", "context", "devfileUrl", "dockerfileUrl")
_GIT = Struct.of("v1alpha1.GitSource", **dict.fromkeys(_GIT_MEMBERS, STRING)).requiring("url")
_COMPONENT = Struct.of(
    "v1alpha1.SnapshotComponent",
    name=TEXT,
    containerImage=TEXT,
    source=Struct.of("v1alpha1.ComponentSource", git=_GIT),
)
_SPEC = Struct.of(
    "v1alpha1.SnapshotSpec",
    application=TEXT,
    displayName=TEXT,
    displayDescription=TEXT,
    components=Items("[]v1alpha1.SnapshotComponent", _COMPONENT),
    artifacts=Struct.of("v1alpha1.SnapshotArtifacts", unstableFields=JSON),
)


class SnapshotCluster(Protocol):
    """What holds snapshots by name: `refimpl.kubernetes.cluster.Cluster`."""

    def snapshot(self, reference: str) -> Mapping[str, Any]:
        """The ``spec`` of a Snapshot, ``[namespace/]name``; `InputError` with the contract's text."""
        ...


class Images(Protocol):
    """What tells indexes from images: `refimpl.oci.client.Client`."""

    def head(self, ref: Reference) -> Descriptor:
        """Media type and digest of a manifest."""
        ...

    def manifest(self, ref: Reference) -> Manifest:
        """A manifest or index."""
        ...


@record
class Component:
    """One image to validate.

    Attributes:
        container_image: as given.
        source: ``{}`` or ``{"git": {…}}``.
        unknown: why nobody knows whether it is an index, whose images must be judged, too; None if that is known.
        known_digest: of an image that needs no validation any more, as it was validated before.
        problem: why a line of a list couldn't be read; the other members are what it says then.
    """

    name: str
    container_image: str
    source: Mapping[str, Any] = field(default_factory=dict)
    unknown: RegistryError | None = None
    known_digest: str = ""
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """As in the snapshot that rules see."""
        return {"name": self.name, "containerImage": self.container_image, "source": self.source}


@record
class Snapshot:
    """All images to validate, and what they are together.

    `indexes` has the references of each index's images, by its own with the digest, once `expand_indexes` looked.
    """

    application: str = ""
    display_name: str = ""
    display_description: str = ""
    components: tuple[Component, ...] = ()
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As rules see it: ``input.snapshot`` (20 §10)."""
        shown: dict[str, Any] = {"application": self.application}
        if self.display_name:
            shown["displayName"] = self.display_name
        if self.display_description:
            shown["displayDescription"] = self.display_description
        return shown | {"components": [component.to_json() for component in self.components] or None, "artifacts": {}}

    def merge(self, other: Snapshot) -> Snapshot:
        """This one with what `other` adds: images not seen yet, and names for those that have none."""
        components = {component.container_image: component for component in self.components}
        for component in other.components:
            known = components.setdefault(component.container_image, component)
            if known.name in ("", UNNAMED):
                components[component.container_image] = replace(known, name=component.name)
        return Snapshot(
            self.application or other.application,
            self.display_name or other.display_name,
            self.display_description or other.display_description,
            tuple(components.values()),
        )


def resolve_inputs(options: Options, cluster: SnapshotCluster) -> Snapshot:
    """Read all inputs, in the contract's order, and merge them.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    readers: tuple[tuple[str, Callable[[str], Snapshot]], ...] = (
        (options.images, _from_file_or_text),
        (options.file_path, _from_file),
        (options.json_input, _from_text),
        (options.image, _from_reference),
        (options.snapshot, lambda reference: _from_cluster(reference, cluster)),
    )
    given = [(value, read) for value, read in readers if value]
    if not given:
        raise InputError("neither Snapshot nor image reference provided to validate")
    snapshot = Snapshot()
    for value, read in given:
        snapshot = snapshot.merge(read(value))
    return snapshot


def index_workers(environ: Mapping[str, str]) -> int:
    """How many images are looked up at the same time, by ``IMAGE_INDEX_WORKERS`` (10 §1.5)."""
    text = environ.get("IMAGE_INDEX_WORKERS", "")
    if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return _DEFAULT_WORKERS
    number = int(text)
    return _ALL_AT_ONCE if number < 0 else min(max(number, 1), _ALL_AT_ONCE)


def expand_indexes(snapshot: Snapshot, client: Images, workers: int) -> Snapshot:
    """Add the images of every index, and sort all by reference.

    What cannot be looked up stays as it is; one warning names them all. Where the registry failed, so that nobody knows
    which images there are, the component says so.
    """
    listed = snapshot.components
    expansions = _look_up(listed, client, workers)
    components = [
        replace(component, unknown=expansion.unknown) if expansion.unknown else component
        for component, expansion in zip(listed, expansions, strict=True)
    ]
    problems = [expansion.problem for expansion in expansions if expansion.problem]
    if problems:
        _log.warning("Encountered error while checking for Image Index: %s", "\n".join(problems))
    children = [child for expansion in expansions for child in expansion.children]
    ordered = sorted((*components, *children), key=lambda component: component.container_image)
    indexes = {
        expansion.index: tuple(child.container_image for child in expansion.children)
        for expansion in expansions
        if expansion.index
    }
    return replace(snapshot, components=tuple(ordered), indexes=indexes)


def _look_up(components: Sequence[Component], client: Images, workers: int) -> list[_Expansion]:
    """What each stands for; no registry holds up those of others."""

    def look_up(component: Component) -> _Expansion:
        return _expansion(component, client)

    if workers <= 1 or len({registry_of(component) for component in components}) <= 1:
        return map_all(look_up, components, threads=workers, name="index")
    from refimpl.system.turns import Turns

    turns = Turns(components, registry_of)
    unending = Deadline(None)  # the client's own ends each look-up
    found = run_each(look_up, turns, threads=workers, name="index", deadline=unending, ended=turns.end)
    expansions = {turns.settle(handed)[0]: one for handed, one in found if isinstance(one, _Expansion)}
    return [expansions[number] for number in range(len(components))]


def _from_file_or_text(value: str) -> Snapshot:
    try:
        content = Path(value).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: no file can have this name
        _log.debug("could not read images from file: %s", error)
        try:
            return _from_text(value)
        except InputError as failure:
            if not _is_like_a_path(value):
                raise
            why = reason(error) if isinstance(error, OSError) else "invalid argument"
            raise InputError(f"{failure} ({value}: {why}; it was taken for the specification itself)") from None
    try:
        return _from_text(_decode(content))
    except InputError:
        if Path(value).is_fifo() and begins_a_list(content.partition(b"\n")[0]):
            raise InputError(f"{value}: a list that comes through a pipe must be standard input: --images -") from None
        raise


def begins_a_list(line: bytes) -> bool:
    """Whether a line is a list's: a reference, or an object that names an image."""
    text = line.decode(errors="replace").strip().removeprefix("\ufeff")
    if text.startswith("{"):
        try:
            return bool(read_component(parse_json(text.encode()).value).container_image)
        except DocumentError:
            return False
    return bool(text) and not text.startswith(_OTHER_BEGINNINGS) and not text.endswith(":") and len(text.split()) == 1


def _is_like_a_path(text: str) -> bool:
    return len(text) < _LONG_PATH and text[:1] not in {"{", "["} and "\n" not in text and ": " not in text


def _from_file(path: str) -> Snapshot:
    try:
        if Path(path).is_dir():  # what the system says on opening it differs
            raise InputError(f"read {path}: is a directory")
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(describe("open", path, error)) from None
    except ValueError:
        raise InputError(f"open {path}: invalid argument") from None
    return _from_text(_decode(content))


def _from_text(content: str) -> Snapshot:
    failed = f"unable to parse Snapshot specification from {content}"
    try:
        content.encode()
        document = yamltext.loads(content)
    except ValueError as error:
        words = "yaml: invalid UTF-8" if isinstance(error, UnicodeError) else error
        raise InputError(f"{failed}: error converting YAML to JSON: {words}") from None
    try:
        return _from_spec(decode(_SPEC, _specification(document)))
    except DocumentError as error:
        raise InputError(f"{failed}: error unmarshaling JSON: while decoding JSON: {error}") from None


def _from_reference(reference: str) -> Snapshot:
    return Snapshot(components=(Component(UNNAMED, reference),))


def _from_cluster(reference: str, cluster: SnapshotCluster) -> Snapshot:
    spec = cluster.snapshot(reference)
    try:
        return _from_spec(decode(_SPEC, spec))
    except DocumentError as error:
        raise InputError(str(error)) from None


def _specification(document: Any) -> Any:
    """The member ``spec`` if the document has one, else the document.

    Where ``spec`` is no specification but the document has components of its own, those are meant.
    """
    if not isinstance(document, dict):
        return document
    members = {key.lower(): value for key, value in sorted(document.items())}
    spec = members.get("spec")
    if spec is None:
        return document
    if "components" in members:
        try:
            decode(_SPEC, spec)
        except DocumentError:
            return document
    return spec


def _from_spec(spec: Mapping[str, Any]) -> Snapshot:
    components = tuple(_component(component) for component in spec.get("components", ()))
    return Snapshot(
        spec.get("application", ""), spec.get("displayName", ""), spec.get("displayDescription", ""), components
    )


def read_component(document: Any) -> Component:
    """A component by its members, as in a snapshot.

    Raises:
        DocumentError: a member has the wrong type.
    """
    return _component(decode(_COMPONENT, document))


def registry_of(component: Component) -> str:
    """Whom judging it asks; empty if its reference can't be read."""
    from refimpl.oci.reference import parse

    try:
        return parse(component.container_image).repository.registry
    except InvalidReferenceError:
        return ""


def _component(members: Mapping[str, Any]) -> Component:
    return Component(members.get("name", ""), members.get("containerImage", ""), members.get("source", {}))


@record
class _Expansion:
    """What a component that is an index stands for: its reference with the digest, and its images.

    All empty of one that is none; `problem` says what went wrong, and `unknown` is why nobody knows what it is.
    """

    index: str = ""
    children: tuple[Component, ...] = ()
    problem: str = ""
    unknown: RegistryError | None = None


def _expansion(component: Component, client: Images) -> _Expansion:
    from refimpl.oci.descriptor import MANIFEST_TYPES
    from refimpl.oci.reference import parse

    image = component.container_image
    step = "parse container image"
    try:
        reference = parse(image)
        step = "fetch descriptior for container image"  # the contract spells it so
        head = client.head(reference)
        if head.media_type in MANIFEST_TYPES:
            return _Expansion()
        step = "fetch index for container image"
        pinned = reference.at(head.digest)
        index = client.manifest(pinned)
        if not index.is_index:
            return _Expansion()
        step = "fetch index manifest for container image"
        return _Expansion(str(pinned), tuple(_named_children(component, reference, index.manifests)))
    except Error as error:
        unknown = error if isinstance(error, RegistryError) and is_undecided(error) else None
        return _Expansion(problem=f"unable to {step} {image}: {error}", unknown=unknown)


def _named_children(component: Component, reference: Reference, entries: Iterable[Descriptor]) -> Iterable[Component]:
    for position, entry in enumerate(entries):
        architecture = entry.platform.architecture if entry.platform is not None else ""
        name = f"{component.name}-{entry.digest}-{architecture or f'noarch-{position}'}"
        yield Component(name, f"{reference.repository}@{entry.digest}", component.source)


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
