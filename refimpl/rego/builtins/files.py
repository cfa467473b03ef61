"""``ec.oci.image_files``: files of an image, as ``input.image.files`` reads them (specification 12 §3, 40 #22)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from refimpl.errors import RegistryError, UnreadableLayersError
from refimpl.golang.numbers import normalise
from refimpl.rego.builtins.failure import failure, strings, text
from refimpl.rego.builtins.references import digest_reference

if TYPE_CHECKING:
    from refimpl.rego.builtins.context import ComponentContext

_FILES: Final = "ec.oci.image_files"


def image_files(context: ComponentContext, ref: object, paths: object) -> dict[str, Any] | None:
    """The YAML and JSON files directly in the given directories of an image, by name; None without directories.

    Raises:
        FailedError: the image can't be had.
        RegistryError: a layer can't be read whole and verified: a shorter list could change a verdict (40 #23).
    """
    given = text(_FILES, ref)
    wanted = strings(_FILES, given, paths)
    key = _FILES, given, wanted
    found: dict[str, Any] | None = context.files.get(key, lambda: _files(context, given, wanted))
    return found


def _files(context: ComponentContext, ref: str, directories: tuple[str, ...]) -> dict[str, Any] | None:
    reference = digest_reference(_FILES, ref)
    shared = context.shared
    try:
        manifest = shared.client.image(reference)
    except UnreadableLayersError:
        raise
    except RegistryError as error:
        message = "failed to extract image files"
        raise failure(_FILES, message, action="extract files", error=error, ref=ref) from None
    if not directories:
        return None
    from refimpl.layers.files import image_files as files_of

    found: dict[str, Any] = normalise(files_of(shared.layers, manifest, reference.repository, directories))
    return found
