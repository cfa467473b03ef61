"""``ec.oci.blob``, ``parsed_blob`` and ``blob_files``: single blobs; no cache directory (specification 12 §3)."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any, Final

from refimpl.errors import (
    DigestMismatchError,
    EvaluationError,
    LimitExceededError,
    MalformedError,
    MismatchError,
    RegistryError,
    TransferError,
)
from refimpl.golang.document import DocumentError
from refimpl.golang.jsontext import CostError, DepthError
from refimpl.golang.numbers import normalise
from refimpl.golang.utf8 import decode_utf8
from refimpl.golang.yamltext import loads as from_yaml
from refimpl.oci.descriptor import Descriptor
from refimpl.oci.digest import digest_of
from refimpl.rego.builtins.context import Content
from refimpl.rego.builtins.failure import failure, strings, text
from refimpl.rego.builtins.numbers import loads as from_json
from refimpl.rego.builtins.references import digest_reference

if TYPE_CHECKING:
    from refimpl.oci.client import BlobStream
    from refimpl.oci.reference import Reference
    from refimpl.rego.builtins.context import ComponentContext

BLOB_LIMIT: Final = 1 << 30
"""The largest blob in bytes, decompressed; the contract has no limit, memory has."""
FILE_LIMIT: Final = 500 << 20
"""Files of archives above this size are left out."""
_ENTRIES: Final = 2_000_000
_BLOB: Final = "ec.oci.blob"
_PARSED: Final = "ec.oci.parsed_blob"
_FILES: Final = "ec.oci.blob_files"
_CHUNK = 1 << 18


def blob(context: ComponentContext, ref: object) -> str:
    """A blob's content. One that is stored compressed has none, unless `blob_files` read it before.

    Raises:
        FailedError: it can't be had.
    """
    return decode_utf8(_content(context, text(_BLOB, ref)))


def parsed_blob(context: ComponentContext, ref: object) -> Any:
    """A blob's content parsed as JSON, numbers as 64-bit floats.

    Raises:
        FailedError: it can't be had, or isn't JSON.
        EvaluationError: nested too deeply; without it rules would see nothing where something is.
    """
    given = text(_BLOB, ref)
    return context.parsed.get(given, lambda: _parse(given, _content(context, given)))


def blob_files(context: ComponentContext, ref: object, paths: object) -> dict[str, Any]:
    """The named files of an archive, as YAML or JSON; those that are missing or don't parse are left out.

    Raises:
        FailedError: it can't be had, or isn't a tar archive.
        EvaluationError: one of the files is nested too deeply.
    """
    given = text(_FILES, ref)
    wanted = strings(_FILES, given, paths)
    found: dict[str, Any] = context.files.get((_FILES, given, wanted), lambda: _files(context, given, wanted))
    return found


def _content(context: ComponentContext, ref: str) -> bytes:
    return context.contents.get(ref, lambda: _verify(context, ref))


def _verify(context: ComponentContext, ref: str) -> bytes:
    reference = digest_reference(_BLOB, ref)
    content = _fetch(context, reference)
    if content.digest != reference.digest:
        message = "computed digest does not match expected digest"
        got, want = content.digest, reference.digest
        raise failure(_BLOB, message, action="verify digest", ref=ref, computed_digest=got, expected_digest=want)
    return content.data


def _fetch(context: ComponentContext, reference: Reference) -> Content:
    """A blob, decompressed; the bytes as stored have the reference's digest."""
    key = (str(reference.repository), reference.identifier)
    return context.shared.blobs.get(key, lambda: _download(context, reference))


def _download(context: ComponentContext, reference: Reference) -> Content:
    try:
        with context.shared.client.open_blob(reference.repository, Descriptor("", reference.identifier, 0)) as stream:
            return _read(stream, reference)
    except (LimitExceededError, MalformedError, MismatchError, TransferError) as error:
        message, action = "failed to copy data into buffer", "copy buffer"
        raise failure(_BLOB, message, action=action, error=error, ref=reference.text) from None
    except RegistryError as error:
        message, action = "failed to uncompress OCI layer", "uncompress layer"
        raise failure(_BLOB, message, action=action, error=error, ref=reference.text) from None


def _read(stream: BlobStream, reference: Reference) -> Content:
    from refimpl.layers.stream import Decompressed

    stored = _Hashed(stream)
    source = Decompressed(stored, BLOB_LIMIT)
    parts = []
    while part := source.read(_CHUNK):
        parts.append(part)
    while stored.read(_CHUNK):
        pass
    if stored.digest != reference.digest:
        raise DigestMismatchError(
            f"error verifying sha256 checksum after reading {stored.size} bytes; "
            f'got "{stored.digest}", want "{reference.digest}"'
        )
    data = b"".join(parts)
    return Content(data, digest_of(data))


class _Hashed:
    """Bytes as they come, and the digest of those that have come."""

    def __init__(self, stream: BlobStream) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data


def _parse(ref: str, data: bytes) -> Any:
    why: object
    try:
        return from_json(decode_utf8(data))
    except DepthError as error:
        raise EvaluationError(f"{ref}: {error}") from None
    except DocumentError as error:
        why = error
    except ValueError as error:
        why = f"json: {error}"
    raise failure(_PARSED, "failed to unmarshal blob as JSON", action="unmarshal", error=why, ref=ref)


def _files(context: ComponentContext, ref: str, paths: tuple[str, ...]) -> dict[str, Any]:
    reference = digest_reference(_BLOB, ref)
    content = _fetch(context, reference)
    context.contents.put(ref, content.data)
    return _unpack(ref, content.data, frozenset(paths))


def _unpack(ref: str, data: bytes, paths: frozenset[str]) -> dict[str, Any]:
    from refimpl.layers.archive import Archive

    found: dict[str, Any] = {}
    archive = Archive(io.BytesIO(data), entries=_ENTRIES)
    name = ""
    try:
        for entry in archive:
            if entry.name not in paths or entry.size > FILE_LIMIT:
                continue
            name = entry.name
            content = archive.content(FILE_LIMIT)
            name = ""
            try:
                found[entry.name] = normalise(from_yaml(content.decode(), mend=True))
            except CostError as error:
                raise EvaluationError(f"{entry.name} of {ref}: {error}") from None
            except ValueError:
                continue
    except RegistryError as error:
        if name:
            message, action = "failed to read file content", "read file content"
            raise failure(_FILES, message, action=action, error=error, file=name, ref=ref) from None
        message, action = "failed to read tar archive", "read tar header"
        raise failure(_FILES, message, action=action, error=error, ref=ref) from None
    return found
