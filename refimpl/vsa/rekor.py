"""VSAs in a transparency log: entries of kind intoto 0.0.2 (specification 24 §14; Rekor, API v1)."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from refimpl.deadline import Deadline
from refimpl.errors import OutputError, TimeoutExceededError, VerificationError
from refimpl.golang import jsontext
from refimpl.golang.document import DocumentError
from refimpl.golang.strconv import parse_duration
from refimpl.http.transport import Transport
from refimpl.verify.dsse import Envelope
from refimpl.verify.rekor import api_url, ask
from refimpl.vsa.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.verify.keys import PublicKey
    from refimpl.vsa.storage import Backend

__all__ = ["DEFAULT_SERVER", "RekorStorage"]

_log = logging.getLogger(__name__)

DEFAULT_SERVER = "https://rekor.sigstore.dev"
_ENTRIES = "/api/v1/log/entries"
_SECONDS = 30.0
_RETRIES = 3
_MOST_RETRIES = 10


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
        """Have the log take an envelope.

        Raises:
            OutputError: it can't be asked, or doesn't take it.
        """
        bounded = Deadline(self._deadline.bounded(self._seconds))
        transport = Transport(self._environ, bounded, user_agent="ec-ref")
        try:
            status, _, answer = ask(transport, "POST", self._url, self._proposed(envelope), attempts=self._attempts)
        except DocumentError as error:
            raise OutputError(str(error)) from None
        except TimeoutExceededError:
            self._deadline.check()
            raise OutputError(f'Post "{self._url}": no answer within {self._seconds:g} s') from None
        if status != HTTPStatus.CREATED:
            raise OutputError(f"[POST {_ENTRIES}][{status}] {_message(answer)}")

    def _proposed(self, envelope: bytes) -> bytes:
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


def _message(answer: bytes) -> str:
    """What the log says of its refusal."""
    try:
        document: Any = jsontext.loads(answer)
    except ValueError:
        return "(no JSON)"
    text = document.get("message") if isinstance(document, dict) else None
    return text if isinstance(text, str) else "(no message)"


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
