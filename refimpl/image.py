"""What a policy is told of an image besides its signatures: ``config``, ``parent`` and ``files`` of ``input.image``.

Specification 22 part A. A configuration or parent that can't be had is left out, with a debug message. Files are
another matter: leaving them out would let rules pass that should fail, so whatever keeps us from knowing them is an
error (specification 40 #23; `ec` leaves them out). Only what was read and verified and turns out to be no container
image has no files: no configuration, one that isn't JSON, an index without a linux/amd64 image.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from refimpl.layers.files import OLM_LABEL, image_files
from refimpl.oci import members
from refimpl.oci.errors import InvalidReferenceError, MalformedError, RegistryError
from refimpl.oci.members import Flat, Listed, Mapped, Nested, Optional
from refimpl.oci.reference import parse_digest
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from refimpl.layers import Layers
    from refimpl.oci.client import Registry
    from refimpl.oci.descriptor import Manifest
    from refimpl.oci.members import Shape
    from refimpl.oci.reference import Reference, Repository

__all__ = ["BASE_DIGEST", "BASE_NAME", "ImageDetails", "image_details"]

_log = logging.getLogger(__name__)
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"


@record
class ImageDetails:
    """The members of ``input.image``; None where there is none.

    Args:
        config: the known members of the configuration's ``config``; may be empty.
        parent: ``ref`` and, if it could be fetched, ``config``.
        files: parsed files by name, of OLM bundles that have any.
    """

    config: dict[str, Any] | None = None
    parent: dict[str, Any] | None = None
    files: dict[str, Any] | None = None

    def to_input(self) -> dict[str, Any]:
        """The members that there are, in the order of the input document."""
        members = {"config": self.config, "parent": self.parent, "files": self.files}
        return {name: value for name, value in members.items() if value is not None}


def image_details(client: Registry, layers: Layers, ref: Reference) -> ImageDetails:
    """Fetch what there is to know about the image `ref` (with a digest); of an index, about its linux/amd64 child.

    Raises:
        RegistryError: it can't be told which files the image has.
        TimeoutExceededError: the deadline passed.
    """
    return ImageDetails(_config(client, ref), _parent(client, ref), _files(client, layers, ref))


def _config(client: Registry, ref: Reference) -> dict[str, Any] | None:
    try:
        return _known(_raw_config(client, ref.repository, client.image(ref)))
    except RegistryError as error:
        _log.debug("Unable to fetch image config: %s", error)
        return None


def _parent(client: Registry, ref: Reference) -> dict[str, Any] | None:
    try:
        annotations = client.image(ref).annotations
        name = annotations.get(BASE_NAME, "")
        if not name:
            raise MalformedError(f"unable to determine parent image, make sure {BASE_NAME} annotation is set")
        if "@" not in name:
            digest = annotations.get(BASE_DIGEST, "")
            if not digest:
                raise MalformedError(f"unable to determine parent image, make sure {BASE_DIGEST} annotation is set")
            name = f"{name}@{digest}"
        parent = parse_digest(name)
    except InvalidReferenceError as error:
        _log.debug("Unable to fetch parent's image config: unable to parse parent image ref: %s", error)
        return None
    except RegistryError as error:
        _log.debug("Unable to fetch parent's image config: %s", error)
        return None
    try:
        return {"ref": name, "config": _known(_raw_config(client, parent.repository, client.image(parent)))}
    except RegistryError as error:
        _log.debug("Unable to fetch parent's image config: %s", error)
        return {"ref": name}


def _files(client: Registry, layers: Layers, ref: Reference) -> dict[str, Any] | None:
    try:
        manifest = client.image(ref)
    except MalformedError as error:
        _log.debug("Unable to fetch image manifests: %s", error)
        return None
    if manifest.document.get("config") is None:
        return None
    data = client.blob(ref.repository, manifest.config)
    try:
        labels = _members(_document(data)).get("Labels") or {}
        directory = labels.get(OLM_LABEL)
        if directory is None and OLM_LABEL in labels:
            directory = ""
    except (MalformedError, AttributeError) as error:
        _log.debug("Unable to fetch image manifests: %s", error)
        return None
    if not isinstance(directory, str):
        return None
    return image_files(layers, manifest, ref.repository, [directory]) or None


def _raw_config(client: Registry, repository: Repository, manifest: Manifest) -> dict[str, Any]:
    return _document(client.blob(repository, manifest.config))


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = members.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"image configuration isn't JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedError("image configuration isn't a JSON object")
    return cast("dict[str, Any]", members.canonical(document, _SHAPE))


def _members(document: Mapping[str, Any]) -> dict[str, Any]:
    config = document.get("config")
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise MalformedError("config of the image configuration isn't an object")
    return config


def _known(document: Mapping[str, Any]) -> dict[str, Any]:
    """The known members in their order, the empty ones left out.

    Raises:
        MalformedError: one has another type than it must.
    """
    given = _members(document)
    known: dict[str, Any] = {}
    for name, (_, read) in _MEMBERS.items():
        value = given.get(name)
        if value is None:
            continue
        try:
            found = read(value)
        except (TypeError, AttributeError) as error:
            raise MalformedError(f"{name} of the image configuration has the wrong type") from error
        if found or name == "Healthcheck":
            known[name] = found
    return known


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError
    return ["" if item is None else _text(item) for item in value]


def _labels(value: Any) -> dict[str, str]:
    return {name: "" if value[name] is None else _text(value[name]) for name in sorted(value.keys())}


def _set(value: Any) -> dict[str, Any]:
    return {name: {} for name in sorted(value.keys())}


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _health(value: Any) -> dict[str, Any]:
    given = {name: item for name, item in value.items() if item is not None}
    found: dict[str, Any] = {"Test": _texts(given.get("Test", []))}
    for name in ("Interval", "Timeout", "StartPeriod", "Retries"):
        found[name] = _count(given.get(name, 0))
    return {name: item for name, item in found.items() if item}


_FLAT, _LISTED, _MAPPED = Flat(), Listed(Flat()), Mapped()
_HEALTH = Optional({"Test": _LISTED, "Interval": _FLAT, "Timeout": _FLAT, "StartPeriod": _FLAT, "Retries": _FLAT})
_MEMBERS: dict[str, tuple[Shape, Callable[[Any], Any]]] = {
    "AttachStderr": (_FLAT, _flag),
    "AttachStdin": (_FLAT, _flag),
    "AttachStdout": (_FLAT, _flag),
    "Cmd": (_LISTED, _texts),
    "Healthcheck": (_HEALTH, _health),
    "Domainname": (_FLAT, _text),
    "Entrypoint": (_LISTED, _texts),
    "Env": (_LISTED, _texts),
    "Hostname": (_FLAT, _text),
    "Image": (_FLAT, _text),
    "Labels": (_MAPPED, _labels),
    "OnBuild": (_LISTED, _texts),
    "OpenStdin": (_FLAT, _flag),
    "StdinOnce": (_FLAT, _flag),
    "Tty": (_FLAT, _flag),
    "User": (_FLAT, _text),
    "Volumes": (_MAPPED, _set),
    "WorkingDir": (_FLAT, _text),
    "ExposedPorts": (_MAPPED, _set),
    "ArgsEscaped": (_FLAT, _flag),
    "NetworkDisabled": (_FLAT, _flag),
    "MacAddress": (_FLAT, _text),
    "StopSignal": (_FLAT, _text),
    "Shell": (_LISTED, _texts),
}
_SHAPE = Nested({"config": Nested({name: shape for name, (shape, _) in _MEMBERS.items()})})
