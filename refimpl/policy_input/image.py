"""What a policy is told of an image besides its signatures: ``config``, ``parent`` and ``files`` of ``input.image``.

Specification 22 part A. A configuration that isn't one, or a parent that can't be had, is left out, with a debug
message. Whatever else keeps us from knowing an image's files is an error: leaving them out would let rules pass that
should fail (specification 40 #23; `ec` leaves them out). Only what was read and verified and turns out to be no
container image has no files: no configuration, one whose members have wrong types, an index without a linux/amd64
image.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from refimpl.errors import (
    InvalidReferenceError,
    LimitExceededError,
    MalformedError,
    RegistryError,
    UnreadableLayersError,
    is_undecided,
)
from refimpl.golang import members
from refimpl.golang.members import FLAG, TEXT, WHOLE, Flat, Listed, Mapped, Nested, Optional
from refimpl.oci.descriptor import DIGEST
from refimpl.oci.reference import parse_digest
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.golang.members import Shape
    from refimpl.layers import Layers
    from refimpl.oci.client import Registry
    from refimpl.oci.descriptor import Manifest
    from refimpl.oci.reference import Reference, Repository

_log = logging.getLogger(__name__)
#: The label of an image's configuration that names the directory with its OLM manifests.
_OLM_LABEL = "operators.operatorframework.io.bundle.manifests.v1"
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
#: The largest configuration in bytes, and how many commas it may have: values take more memory than text does.
CONFIGURATION_LIMIT, _COMMAS = 64 << 20, 1_000_000


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


def image_details(client: Registry, layers: Layers, ref: Reference) -> ImageDetails:
    """Fetch what there is to know about the image `ref` (with a digest); of an index, about its linux/amd64 child.

    Raises:
        RegistryError: it can't be told which files the image has.
        TimeoutExceededError: the deadline passed.
    """
    try:
        manifest = client.image(ref)
    except UnreadableLayersError:
        raise
    except MalformedError as error:
        _log.debug("Unable to fetch image config: %s", error)
        return ImageDetails()
    parent = _parent(client, manifest)
    try:
        config = _config(client, ref.repository, manifest)
    except MalformedError as error:
        if _names_files(client, ref.repository, manifest):
            raise UnreadableLayersError(f"it can't be told which files the image has: {error}") from error
        _log.debug("Unable to fetch image config: %s", error)
        return ImageDetails(parent=parent)
    return ImageDetails(config, parent, _files(layers, ref.repository, manifest, config))


def _config(client: Registry, repository: Repository, manifest: Manifest) -> dict[str, Any]:
    """The known members of ``config``, in the order of the input document.

    Raises:
        MalformedError: there is no configuration, or a member that is known has another type than it must.
        RegistryError: it can't be had, or is too large.
    """
    data = client.blob(repository, manifest.config, limit=CONFIGURATION_LIMIT)
    if data.count(b",") > _COMMAS:
        raise LimitExceededError(f"configuration {manifest.config.digest} has more than {_COMMAS} values")
    try:
        document = members.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"image configuration isn't JSON: {error}") from error
    return _select_known(members.canonicalise(document, _CONFIGURATION).get("config") or {})


def _names_files(client: Registry, repository: Repository, manifest: Manifest) -> bool:
    """Whether a configuration that can't be read as a whole has the label that names a folder of files."""
    try:
        document = members.loads(client.blob(repository, manifest.config, limit=CONFIGURATION_LIMIT))
        labels = members.canonicalise(document, _LABELS_ALONE).get("config", {}).get("Labels")
    except (MalformedError, ValueError, RecursionError):
        return False
    return _OLM_LABEL in (labels or {})


def _parent(client: Registry, image: Manifest) -> dict[str, Any] | None:
    try:
        name = _parent_name(image.annotations)
        parent = parse_digest(name)
    except InvalidReferenceError as error:
        _log.debug("Unable to fetch parent's image config: unable to parse parent image ref: %s", error)
        return None
    except MalformedError as error:
        _log.debug("Unable to fetch parent's image config: %s", error)
        return None
    try:
        return {"ref": name, "config": _config(client, parent.repository, client.image(parent))}
    except RegistryError as error:
        if is_undecided(error):
            raise
        _log.debug("Unable to fetch parent's image config: %s", error)
        return {"ref": name}


def _parent_name(annotations: Mapping[str, str]) -> str:
    name, digest = annotations.get(BASE_NAME, ""), annotations.get(BASE_DIGEST, "")
    for needed, value in ((BASE_NAME, name), (BASE_DIGEST, digest or "@" in name)):
        if not value:
            raise MalformedError(f"unable to determine parent image, make sure {needed} annotation is set")
    return name if "@" in name else f"{name}@{digest}"


_LABELS_ALONE = Nested({"config": Nested({"Labels": Mapped(members.ANYTHING)})})


def _files(
    layers: Layers, repository: Repository, manifest: Manifest, config: Mapping[str, Any]
) -> dict[str, Any] | None:
    directory = config.get("Labels", {}).get(_OLM_LABEL)
    if directory is None:
        return None
    from refimpl.layers.files import image_files  # few images have it

    return image_files(layers, manifest, repository, [directory]) or None


def _select_known(given: Mapping[str, Any]) -> dict[str, Any]:
    """The known members in their order, the empty ones left out."""
    known: dict[str, Any] = {}
    for name, shape in _CONFIG.items():
        value = given.get(name)
        if isinstance(shape, Listed):
            value = [item or "" for item in value or ()]
        elif shape is _LABELS:
            value = {key: item or "" for key, item in sorted((value or {}).items())}
        elif shape is _SET:
            value = {key: {} for key in sorted(value or ())}
        elif shape is _HEALTH and value is not None:
            known[name] = _health(value)
        if value:
            known.setdefault(name, value)
    return known


def _health(given: Mapping[str, Any]) -> dict[str, Any]:
    test = [item or "" for item in given.get("Test") or ()]
    found = {"Test": test, **{name: given.get(name) for name in ("Interval", "Timeout", "StartPeriod", "Retries")}}
    return {name: item for name, item in found.items() if item}


def _is_time(value: object) -> bool:
    from refimpl.golang.instant import TimeSyntaxError, parse_rfc3339

    try:
        return isinstance(value, str) and parse_rfc3339(value) is not None
    except TimeSyntaxError:
        return False


_TEXTS, _LABELS, _SET = Listed(TEXT), Mapped(TEXT), Mapped(Nested({}))
_TIME = Flat("an RFC 3339 time", _is_time)
_HEALTH = Optional({"Test": _TEXTS, "Interval": WHOLE, "Timeout": WHOLE, "StartPeriod": WHOLE, "Retries": WHOLE})
_CONFIG: Mapping[str, Shape] = {
    "AttachStderr": FLAG,
    "AttachStdin": FLAG,
    "AttachStdout": FLAG,
    "Cmd": _TEXTS,
    "Healthcheck": _HEALTH,
    "Domainname": TEXT,
    "Entrypoint": _TEXTS,
    "Env": _TEXTS,
    "Hostname": TEXT,
    "Image": TEXT,
    "Labels": _LABELS,
    "OnBuild": _TEXTS,
    "OpenStdin": FLAG,
    "StdinOnce": FLAG,
    "Tty": FLAG,
    "User": TEXT,
    "Volumes": _SET,
    "WorkingDir": TEXT,
    "ExposedPorts": _SET,
    "ArgsEscaped": FLAG,
    "NetworkDisabled": FLAG,
    "MacAddress": TEXT,
    "StopSignal": TEXT,
    "Shell": _TEXTS,
}
#: All members of a configuration: one of the wrong type, and there is none.
_CONFIGURATION = Nested(
    {
        "architecture": TEXT,
        "author": TEXT,
        "container": TEXT,
        "created": _TIME,
        "docker_version": TEXT,
        "history": Listed(
            Nested({"author": TEXT, "created": _TIME, "created_by": TEXT, "comment": TEXT, "empty_layer": FLAG})
        ),
        "os": TEXT,
        "rootfs": Nested({"type": TEXT, "diff_ids": Listed(DIGEST)}),
        "config": Nested(_CONFIG),
        "os.version": TEXT,
        "variant": TEXT,
        "os.features": _TEXTS,
    }
)
