"""in-toto statements: what they claim about an image, and their header (specification 20 §5.2, §5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.errors import VerificationError
from refimpl.golang.document import DocumentError
from refimpl.golang.typed import ANY, BYTES, STRING, Items, Protobuf, Struct, Table, decode_struct
from refimpl.record import record

if TYPE_CHECKING:
    from refimpl.golang.document import Document

_DIGESTS = Table("map[string]string", STRING)
_PROTOBUF = Protobuf("structpb.Struct")
_DESCRIPTOR = Struct.of(
    "v1.ResourceDescriptor",
    name=STRING,
    uri=STRING,
    digest=_DIGESTS,
    content=BYTES,
    download_location=STRING,
    media_type=STRING,
    annotations=_PROTOBUF,
)
_CLAIM = Struct.of(
    "v1.Statement",
    type=STRING,
    subject=Items("[]*v1.ResourceDescriptor", _DESCRIPTOR),
    predicate_type=STRING,
    predicate=_PROTOBUF,
)
_SUBJECT = Struct.of("in_toto.Subject", name=STRING, digest=Table("common.DigestSet", STRING))

#: The members of every statement, to which a predicate is added.
HEADER = Struct.embedding(
    "in_toto.Statement",
    "StatementHeader",
    _type=STRING,
    predicateType=STRING,
    subject=Items("[]in_toto.Subject", _SUBJECT),
)


_ANY_STATEMENT = HEADER.plus(predicate=ANY)


@record
class Header:
    """What a statement says of itself; missing members are empty."""

    statement_type: str
    predicate_type: str


def check_claim(statement: Document, digest: str) -> None:
    """Check that some subject of the statement is the image, by ``sha256``, written as in `digest`.

    Raises:
        VerificationError: none is, or the statement isn't one.
    """
    try:
        claim = decode_struct(statement, _CLAIM)
    except DocumentError as error:
        raise VerificationError(str(error)) from None
    algorithm, _, encoded = digest.partition(":")
    for subject in claim.get("subject") or ():
        if subject and (subject.get("digest") or {}).get(algorithm) == encoded:
            return
    raise VerificationError("no matching subject digest found")


def read_header(statement: Document) -> Header:
    """The statement's types.

    Raises:
        DocumentError: a member of the wrong type.
    """
    header = decode_struct(statement, _ANY_STATEMENT)
    return Header(header.get("_type", ""), header.get("predicateType", ""))


def build_finished(statement: Any) -> str | None:
    """``predicate.metadata.buildFinishedOn`` when it is a text, whatever the predicate's type (20 §11)."""
    for name in ("predicate", "metadata", "buildFinishedOn"):
        statement = statement.get(name) if isinstance(statement, dict) else None
    return statement if type(statement) is str else None
