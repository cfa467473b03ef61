"""What a request's body holds: JSON, or YAML that is a mapping."""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING, Any, Final

from refimpl.errors import Error
from refimpl.golang import jsontext
from refimpl.golang.document import MANY_VALUES
from refimpl.policy_input.documents import UnreadableDocumentError, parse_documents, spread

if TYPE_CHECKING:
    from refimpl.server.messages import Request

_YAML_TYPES: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
_INVALID: Final = "request body is not valid JSON or YAML"


class BodyError(Error):
    """The body can't be judged: the client's fault, not the policy's."""


def documents(request: Request) -> tuple[bytes, ...]:
    """The documents of the body in JSON: of a list its elements, of YAML all of them.

    A content type of JSON or of YAML is taken at its word; with any other one, JSON is tried, then YAML.

    Raises:
        BodyError: it is neither, or beyond what is read.
    """
    kind = _media_type(request.content_type)
    if kind == "application/json":
        found = _json(request.body)
    elif kind in _YAML_TYPES:
        found = _yaml(request.body)
    else:
        try:
            found = _json(request.body)
        except BodyError as json_error:
            try:
                found = _yaml(request.body)
            except BodyError:
                if request.body.lstrip()[:1] in {b"{", b"["}:
                    raise json_error from None
                raise
    return tuple(jsontext.encode(document, escape_html=False) for document in spread(found))


def _media_type(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_type() if content_type else ""


def _json(body: bytes) -> list[Any]:
    return _parse(body, "json")


def _yaml(body: bytes) -> list[Any]:
    found = _parse(body, "yaml")
    if found and found[0] is not None and not isinstance(found[0], dict):
        raise BodyError(f"{_INVALID}: YAML must be a mapping")
    return found


def _parse(body: bytes, kind: str) -> list[Any]:
    try:
        return parse_documents(body, kind, most_values=MANY_VALUES)
    except UnreadableDocumentError as error:
        raise BodyError(f"{_INVALID}: {error}") from None
