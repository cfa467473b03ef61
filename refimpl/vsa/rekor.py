"""VSAs in a transparency log: entries of kind intoto 0.0.2 (specification 24 §14; Rekor, API v1)."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from typing import TYPE_CHECKING, Any

from refimpl.deadline import Deadline
from refimpl.errors import TimeoutExceededError, VerificationError
from refimpl.golang import base64text, jsontext
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.quoting import quote
from refimpl.golang.strconv import parse_duration
from refimpl.golang.typed import INTEGER, STRING, Bytes, Items, Struct, Table, decode, decode_struct
from refimpl.http import codes
from refimpl.http.transport import Transport
from refimpl.record import record
from refimpl.verify.dsse import MOST_SIGNATURES, Envelope, EnvelopeSignature
from refimpl.verify.rekor import api_url, ask
from refimpl.vsa.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refimpl.verify.keys import PublicKey
    from refimpl.vsa.storage import Backend

_FOUND = Items("[]string", STRING)
_ANSWER = Table(
    "models.LogEntry",
    Struct.of(
        "models.LogEntryAnon",
        attestation=Struct.of("models.LogEntryAnonAttestation", data=Bytes("strfmt.Base64")),
        body=STRING,
        integratedTime=INTEGER,
    ),
)
_HEAD = Struct.of("intoto", kind=STRING, apiVersion=STRING)
_SIGNATURES = Items("[]signature", Struct.of("signature", keyid=STRING, sig=STRING))
_ENVELOPE = Struct.of("envelope", payloadType=STRING, payload=STRING, signatures=_SIGNATURES)
_BODY = Struct.of("intoto", spec=Struct.of("spec", content=Struct.of("content", envelope=_ENVELOPE)))

_log = logging.getLogger(__name__)

DEFAULT_SERVER = "https://rekor.sigstore.dev"
_ENTRIES = "/api/v1/log/entries"
_SECONDS = 30.0
_RETRIES = 3
_MOST_RETRIES = 10
_NAMES: Mapping[int, str] = {400: "BadRequest", 409: "Conflict"}
_INDEX = "/api/v1/index/retrieve"
#: Anybody may log entries about any digest, and each costs a request and a verification.
_MOST_ENTRIES = 100
_UUID = re.compile("(?:[0-9a-fA-F]{16})?[0-9a-fA-F]{64}")
_DIGEST = re.compile("sha(256|512):(?:[0-9a-fA-F]{2})+")


class RekorStorage:
    """Uploads envelopes to one log.

    Args:
        backend: which log, and how.
        public: the key that signed them.
        environ: proxies and trust.
        deadline: of the run.

    Raises:
        StorageError: not a URL, or a parameter that can't be.
    """

    def __init__(self, backend: Backend, public: PublicKey, environ: Mapping[str, str], deadline: Deadline) -> None:
        url, seconds, retries = backend.url or DEFAULT_SERVER, _SECONDS, _RETRIES
        for name, value in backend.parameters.items():
            if name in ("server", "url"):
                url = value
            elif name == "timeout":
                seconds = _duration(value)
            elif name == "retries":
                retries = _count(value)
            else:
                _log.warning("[VSA] Rekor backend: ignoring unknown parameter '%s'", name)
        self.name = f"Rekor ({url})"
        try:
            self._url = api_url(url) + _ENTRIES
        except VerificationError as error:
            raise StorageError(str(error)) from None
        self._public = public
        self._environ = environ
        self._deadline = deadline
        self._seconds = seconds
        self._attempts = min(max(retries, 0), _MOST_RETRIES) + 1

    def store(self, envelope: bytes) -> None:
        """Have the log take an envelope; if it doesn't, the log of the run says why."""
        reason = self._refusal(envelope)
        if not reason:
            return
        _log.error("[VSA] CreateLogEntry for in-toto 0.0.2 failed", extra={"fields": {"error": reason}})
        whole = f"failed to create in-toto 0.0.2 log entry: {reason}"
        _log.error("[VSA] Failed to upload in-toto 0.0.2 entry", extra={"fields": {"error": whole}})

    def _refusal(self, envelope: bytes) -> str:
        """Why the log didn't take it; empty if it did."""
        transport = Transport(self._environ, Deadline(self._deadline.cap(self._seconds)), user_agent="ec-ref")
        try:
            status, _, answer = ask(transport, "POST", self._url, self._propose(envelope), attempts=self._attempts)
        except DocumentError as error:
            return str(error)
        except TimeoutExceededError:
            self._deadline.check()
            return f'Post "{self._url}": no answer within {self._seconds:g} s'
        if status == codes.CREATED:
            return ""
        return f"[POST {_ENTRIES}][{status}] createLogEntry{_NAMES.get(status, ' default')} {_quote_refusal(answer)}"

    def _propose(self, envelope: bytes) -> bytes:
        """The entry as the contract's tool proposes it: texts that are base64 already are encoded once more."""
        parsed = Envelope.parse(envelope)
        pem = self._public.pem
        sent = {
            "payload": parsed.payload,
            "payloadType": parsed.payload_type,
            "signatures": [{"sig": one.sig, "publicKey": pem} for one in parsed.signatures],
        }
        content = {
            "envelope": {
                "payload": _base64(parsed.payload.encode()),
                "payloadType": parsed.payload_type,
                "signatures": [
                    {"publicKey": _base64(pem.encode()), "sig": _base64(one.sig.encode())} for one in parsed.signatures
                ],
            },
            "hash": {"algorithm": "sha256", "value": hashlib.sha256(jsontext.encode(sent)).hexdigest()},
        }
        return jsontext.encode({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": content}})


@record
class LoggedEnvelope:
    """An envelope that a log has; `integrated` is since when, in seconds since 1970."""

    envelope: Envelope
    integrated: int


class RekorRetriever:
    """Finds the envelopes that a log has about an image. Thread-safe.

    Args:
        url: of the server; empty for the usual one.
        transport: sends requests.

    Raises:
        StorageError: not a URL.
    """

    def __init__(self, url: str, transport: Transport) -> None:
        try:
            self._url = api_url(url or DEFAULT_SERVER)
        except VerificationError as error:
            raise StorageError(str(error)) from None
        self._transport = transport

    def retrieve(self, identifier: str) -> Sequence[Envelope]:
        """The envelopes about the digest in `identifier`, those first that were logged last.

        Raises:
            VerificationError: there is none, or the log can't be asked for all of them.
        """
        digest = digest_in(identifier)
        if not digest:
            raise VerificationError(
                "failed to extract image digest from identifier: "
                f"identifier '{identifier}' does not contain a valid image digest"
            )
        searching = "failed to search Rekor for image digest: failed to search Rekor index"
        try:
            names = self._names(digest)
        except DocumentError as error:
            raise VerificationError(f"{searching}: {error}") from None
        try:
            found = [entry for name in names if (entry := self._entry(name)) is not None]
        except DocumentError as error:
            raise VerificationError(f"{searching}: failed to fetch log entries: {error}") from None
        if not names:
            raise VerificationError(f"no entries found in Rekor for image digest: {digest}")
        if not found:
            raise VerificationError(f"no in-toto 0.0.2 entry found for image digest: {digest}")
        return [one.envelope for one in sorted(found, key=lambda one: -one.integrated)]

    def _names(self, digest: str) -> Sequence[str]:
        status, _, answer = ask(self._transport, "POST", self._url + _INDEX, jsontext.encode({"hash": digest}))
        if status != codes.OK:
            raise DocumentError(
                f"[POST {_INDEX}][{status}] searchIndex{_NAMES.get(status, ' default')} {_quote_refusal(answer)}"
            )
        names = decode(parse(answer, most_values=FEW_VALUES), _FOUND) or ()
        if len(names) > _MOST_ENTRIES:
            raise DocumentError(f"more than {_MOST_ENTRIES} entries are about it")
        for name in names:
            if not _UUID.fullmatch(name or ""):
                raise DocumentError(f"{quote(name or '')} is no name of an entry")
        return tuple(names)

    def _entry(self, name: str) -> LoggedEnvelope | None:
        """The entry of this name; None for one of another kind."""
        status, _, answer = ask(self._transport, "GET", f"{self._url}{_ENTRIES}/{name}")
        if status != codes.OK:
            raise DocumentError(f"[GET {_ENTRIES}/{name}][{status}] getLogEntryByUUID {_quote_refusal(answer)}")
        found = (decode(parse(answer, most_values=FEW_VALUES), _ANSWER) or {}).get(name)
        if found is None:
            raise DocumentError(f"log entry not found for UUID: {name}")
        return _envelope(found)


def digest_in(identifier: str) -> str:
    """The image digest that an identifier is or ends with; empty without one."""
    found = identifier if _DIGEST.fullmatch(identifier) else identifier.rpartition("@")[2]
    return found if _DIGEST.fullmatch(found) else ""


def _envelope(entry: Mapping[str, Any]) -> LoggedEnvelope | None:
    """The envelope of an entry of kind intoto 0.0.2: signatures are in the body, the payload is beside it.

    Raises:
        DocumentError: an entry of that kind that isn't whole.
    """
    try:
        body = base64text.decode(entry.get("body", ""))
    except base64text.Base64Error as error:
        raise DocumentError(f"rekor body base64 decode failed: {error}") from None
    document = parse(body, most_values=FEW_VALUES)
    head = decode_struct(document, _HEAD)
    if (head.get("kind", "").lower(), head.get("apiVersion", "")) != ("intoto", "0.0.2"):
        return None
    content = (decode_struct(document, _BODY).get("spec") or {}).get("content") or {}
    kept = content.get("envelope") or {}
    payload = (entry.get("attestation") or {}).get("data")
    text = kept.get("payload", "") if payload is None else _base64(payload)
    if not text:
        raise DocumentError("no payload found in attestation data or envelope")
    listed = kept.get("signatures") or ()
    if len(listed) > MOST_SIGNATURES:
        raise DocumentError(f"more than {MOST_SIGNATURES} signatures")
    signatures = tuple(EnvelopeSignature(one.get("keyid", ""), _signature(one.get("sig", ""))) for one in listed if one)
    return LoggedEnvelope(Envelope(kept.get("payloadType", ""), text, signatures), entry.get("integratedTime", 0))


def _signature(text: str) -> str:
    """The base64 of a signature, from itself or from the base64 of it, as logs have it."""
    try:
        inner = base64text.decode(text)
        base64text.decode(inner.decode())
    except ValueError:
        return text
    return inner.decode()


def _quote_refusal(answer: bytes) -> str:
    """What the log says of its refusal, as its JSON."""
    try:
        return jsontext.dumps(jsontext.loads(answer))
    except ValueError:
        return "{}"


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise StorageError(f"invalid timeout format '{text}': {error}") from None


def _count(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        raise StorageError(f"invalid retries format '{text}': not a whole number")
    return int(text)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
