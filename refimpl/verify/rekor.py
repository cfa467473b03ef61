"""Questions to a Rekor server (specification 20 §7; https://github.com/sigstore/rekor, API v1)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from refimpl.errors import LimitExceededError, RegistryError, VerificationError
from refimpl.golang import base64text, jsontext
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.quoting import quote
from refimpl.golang.typed import ANY, INTEGER, STRING, Bytes, Items, Struct, Table, decode, decode_struct
from refimpl.golang.url import UnreadableURLError
from refimpl.golang.url import parse as parse_url
from refimpl.http import codes
from refimpl.verify.dsse import Envelope
from refimpl.verify.transparency_log import Evidence, InclusionProof, LoggedEntry, SignedEntryTimestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.http.transport import Transport

_PATH = "/api/v1/log/entries/retrieve"
_ATTEMPTS = 4
_LIMIT = 32 << 20
_LARGEST_UNSIGNED = 1 << 20
_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "cosign/devel (linux; amd64)",
}

_PROOF = Struct.of(
    "models.InclusionProof",
    checkpoint=STRING,
    hashes=Items("[]string", STRING),
    logIndex=INTEGER,
    rootHash=STRING,
    treeSize=INTEGER,
)
_VERIFICATION = Struct.of(
    "models.LogEntryAnonVerification", inclusionProof=_PROOF, signedEntryTimestamp=Bytes("strfmt.Base64")
)
_ENTRY = Struct.of(
    "models.LogEntryAnon",
    body=ANY,
    integratedTime=INTEGER,
    logID=STRING,
    logIndex=INTEGER,
    verification=_VERIFICATION,
)
_ANSWER = Items("[]models.LogEntry", Table("models.LogEntry", _ENTRY))
_ERROR = Struct.of("models.Error", code=INTEGER, message=STRING)
_NAMES: Mapping[int, str] = {400: "BadRequest", 422: "UnprocessableEntity"}


class RekorClient:
    """Asks one server. Thread-safe.

    Args:
        url: of the server, as given by the user.
        transport: sends requests.

    Raises:
        VerificationError: the URL cannot be parsed; the text is the contract's.
    """

    def __init__(self, url: str, transport: Transport) -> None:
        self._url = api_url(url) + _PATH
        self._transport = transport

    def find(self, evidence: Evidence) -> tuple[LoggedEntry, ...]:
        """The entries that the server has for a signature.

        Raises:
            VerificationError: the server cannot be asked, or gives no answer that can be understood.
        """
        body = _request(evidence)
        try:
            return self._ask_for(body)
        except DocumentError as error:
            raise VerificationError(f"searching log query: {error}") from None

    def _ask_for(self, body: bytes) -> tuple[LoggedEntry, ...]:
        status, content_type, answer = self._answer(body)
        _check_content_type(content_type, successful=status == codes.OK)
        if status != codes.OK:
            shown = _show_error(answer)
            raise DocumentError(f"[POST {_PATH}][{status}] searchLogQuery{_NAMES.get(status, ' default')} {shown}")
        if not answer:
            return ()
        entries = decode(parse(answer, most_values=FEW_VALUES), _ANSWER) or ()
        return tuple(_entry(uuid, entry or {}) for named in entries for uuid, entry in (named or {}).items())

    def _answer(self, body: bytes) -> tuple[int, str, bytes]:
        return ask(self._transport, "POST", self._url, body)


def api_url(url: str) -> str:
    """Where the API of a server is, without a slash at the end.

    Raises:
        VerificationError: the URL cannot be parsed; the text is the contract's.
    """
    try:
        parts = parse_url(url)
    except UnreadableURLError as error:
        raise VerificationError(str(error)) from None
    path = (parts.path or parts.opaque).rstrip("/")
    if not parts.host and path and not path.startswith("/"):
        path = f"/{path}"
    return f"{parts.scheme or 'http'}://{parts.host}{path}"


def ask(
    transport: Transport, method: str, url: str, body: bytes | None = None, *, attempts: int = _ATTEMPTS
) -> tuple[int, str, bytes]:
    """Status, content type and body of an answer, asked for without pauses (as the contract's tool does).

    Args:
        transport: sends the requests.
        method: such as ``POST``.
        url: whole, from `api_url`.
        body: JSON.
        attempts: how often it is asked for at most.

    Raises:
        DocumentError: there is none; the text says what was asked and why.
    """
    scheme, _, rest = url.partition("://")
    asked = f'{method.capitalize()} "{url}"'
    if scheme not in ("http", "https"):
        raise DocumentError(
            f"{asked}: giving up after 1 attempt(s): {asked}: unsupported protocol scheme {quote(scheme)}"
        )
    reason = f"{asked}: http: no Host in request URL"
    for _ in range(attempts if rest.partition("/")[0] else 0):
        try:
            with transport.exchange(method, url, _HEADERS, body=body) as response:
                answer = response.read_all(_LIMIT)
                status = response.status
                if status != codes.TOO_MANY_REQUESTS and (status < 500 or status == codes.NOT_IMPLEMENTED):
                    return status, response.header("Content-Type"), answer
            text = response.without_credentials(answer.decode("utf-8", "replace").rstrip("\n"))
            reason = f"status {status}" + (f": {text}" if text else "")
        except LimitExceededError as error:
            raise DocumentError(str(error)) from None
        except RegistryError as error:
            reason = str(error)
    raise DocumentError(f"{asked}: giving up after {attempts} attempt(s): {reason}")


def _request(evidence: Evidence) -> bytes:
    """The question's body, to the byte what the contract's tool sends."""
    verifier = base64.b64encode(evidence.verifier.encode()).decode()
    hashed = {"algorithm": "sha256", "value": evidence.digest}
    if not evidence.is_attestation:
        try:
            base64text.decode(evidence.signature)
        except base64text.Base64Error as error:
            raise VerificationError(f"decoding base64 signature: {error}") from None
        spec: dict[str, Any] = {
            "data": {"hash": hashed},
            "signature": {"content": evidence.signature, "publicKey": {"content": verifier}},
        }
        proposed = [_propose("hashedrekord", spec)]
    else:
        signed = bool(_read_envelope(evidence).signatures)
        if not signed and len(evidence.payload) > _LARGEST_UNSIGNED:
            raise VerificationError("no signature found")  # as it would be found next
        verifiers = [verifier] if signed else None
        envelope = evidence.payload.decode("utf-8", "replace")
        dsse = {"proposedContent": {"envelope": envelope, "verifiers": verifiers}, "signatures": None}
        intoto = {"content": {"envelope": envelope, "hash": hashed}, "publicKey": verifier}
        proposed = [_propose("dsse", dsse), _propose("intoto", intoto)]
    question = {"entryUUIDs": None, "logIndexes": None, "entries": proposed}
    return jsontext.dumps(question).encode() + b"\n"


def _read_envelope(evidence: Evidence) -> Envelope:
    """The envelope, which nobody asks a log for unless the key signed it."""
    try:
        envelope = Envelope.parse(evidence.payload, verifying=True)
    except DocumentError as error:
        raise VerificationError(f"payload must be a valid DSSE envelope: {error}") from None
    envelope.check_proposable(evidence.signer)
    return envelope


def _propose(kind: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "0.0.1", "spec": spec, "kind": kind}


def _entry(uuid: str, entry: Any) -> LoggedEntry:
    text = entry.get("body")
    try:
        body = base64text.decode(text) if isinstance(text, str) else b""
    except base64text.Base64Error:
        body = b""
    verification = entry.get("verification") or {}
    entry_timestamp = SignedEntryTimestamp(
        text if isinstance(text, str) else "",
        entry.get("integratedTime", 0),
        entry.get("logIndex", 0),
        entry.get("logID", ""),
        verification.get("signedEntryTimestamp") or b"",
    )
    proof = verification.get("inclusionProof")
    return LoggedEntry(uuid, body, entry_timestamp, None if proof is None else _proof(proof))


def _proof(proof: Any) -> InclusionProof:
    return InclusionProof(
        proof.get("logIndex", -1),
        proof.get("treeSize", 0),
        tuple(_hexadecimal(text or "") for text in proof.get("hashes") or ()),
        _hexadecimal(proof.get("rootHash", "")),
    )


def _hexadecimal(text: str) -> bytes:
    """The bytes; none when it isn't hexadecimal, which then matches nothing."""
    try:
        return base64text.decode_hexadecimal(text)
    except base64text.HexadecimalError:
        return b""


def _check_content_type(content_type: str, *, successful: bool) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    target = "&[] (*[]models.LogEntry)" if successful else "&{0 } (*models.Error)"
    if media_type.startswith("text/"):
        reason = "TextConsumer, can be resolved by supporting TextUnmarshaler interface"
    elif media_type == "application/octet-stream":
        reason = "ByteStreamConsumer, can be resolved by supporting Writer/BinaryUnmarshaler interface"
    else:
        return
    raise DocumentError(f"{target} is not supported by the {reason}")


def _show_error(answer: bytes) -> str:
    if not answer:
        return "{}"
    error = decode_struct(parse(answer, most_values=FEW_VALUES), _ERROR)
    return jsontext.dumps({name: error[name] for name in ("code", "message") if error.get(name)})
