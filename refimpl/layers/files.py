"""The YAML and JSON files in an image's directories: ``input.image.files`` and ``ec.oci.image_files`` read them so.

Specification 22 A3 and 12 §3. Unlike `ec`, a layer that can't be read whole and verified is an error (40 #23).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from refimpl.errors import LimitExceededError
from refimpl.golang.utf8 import replace_surrogates
from refimpl.layers.archive import NAME_LIMIT
from refimpl.layers.listing import clean_path, flatten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refimpl.layers.layers import Layers
    from refimpl.oci.descriptor import Manifest
    from refimpl.oci.reference import Repository

_log = logging.getLogger(__name__)


class _UNREADABLE:
    """In the place of what isn't YAML."""


def image_files(
    layers: Layers, manifest: Manifest, repository: Repository, directories: Iterable[str]
) -> dict[str, Any]:
    """The parsed files that are directly in one of `directories` of an image, by cleaned name in sorted order.

    Directories and the extensions ``.yaml``, ``.yml`` and ``.json`` are compared without case. Files that aren't YAML
    are left out. The values are shared with other callers: don't change them.

    Raises:
        RegistryError: a layer can't be read whole and verified, or a file is nested too deeply; the text names the
            cause.
        TimeoutExceededError: the deadline passed.
    """
    # No entry has a longer name than that, so a longer directory has nothing.
    wanted = frozenset(clean_path(name).lower() for name in directories if len(name) <= NAME_LIMIT)
    if not wanted:
        return {}
    found = flatten([layers.listing(repository, layer, wanted, _parse) for layer in reversed(manifest.layers)])
    files: dict[str, Any] = {}
    size = 0
    for name in sorted(found):
        value, length = found[name]
        size += length
        if size > layers.limits.image_bytes:
            raise LimitExceededError(f"files of the image have more than {layers.limits.image_bytes} bytes")
        if value is not _UNREADABLE:
            files[replace_surrogates(name)] = value
    return files


def _sort_members(value: Any) -> Any:
    """The value with the members of all its objects in the order of their names, as the contract writes files."""
    if isinstance(value, dict):
        return {name: _sort_members(value[name]) for name in sorted(value)}
    return [_sort_members(item) for item in value] if isinstance(value, list) else value


def _parse(name: str, content: bytes) -> tuple[Any, int]:
    from refimpl.golang import jsontext, yamltext

    try:
        return _sort_members(yamltext.loads(content, mend=True)), len(content)
    except jsontext.CostError as error:
        raise LimitExceededError(f"{replace_surrogates(name)}: {error}") from None
    except ValueError as error:
        _log.debug(
            "unable to read the layer content of `%s` as JSON or YAML, ignoring (%s)", replace_surrogates(name), error
        )
        return _UNREADABLE, len(content)
