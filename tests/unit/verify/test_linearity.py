"""What is read before anything is verified is read in time linear in its size, whatever is in it.

Time is the processor's, and compared with itself: what is eight times as large may take 24 times as long. Readers that
go back for each line take 64 times as long.
"""

from __future__ import annotations

import contextlib
import gc
import json
import time
from typing import TYPE_CHECKING

import pytest
from samples import KNOWN, LOG, public

from refimpl.errors import Error
from refimpl.golang import base64text
from refimpl.golang.document import DocumentError, parse
from refimpl.golang.instant import TimeSyntaxError, parse_rfc3339
from refimpl.verify import pem
from refimpl.verify.bundle import Bundle
from refimpl.verify.certificate import parse_certificates
from refimpl.verify.checkpoint import check_checkpoint
from refimpl.verify.dsse import read_envelope
from refimpl.verify.entry import Entry, key_of
from refimpl.verify.formats import is_date_time, is_uri
from refimpl.verify.schema import SLSA_V02, schema_error
from refimpl.verify.transparency_log import SignedEntryTimestamp

if TYPE_CHECKING:
    from collections.abc import Callable

_SMALL, _FACTOR, _MOST = 50_000, 8, 24
_LEAST = 0.005  # seconds; below, it is the clock that counts
_PIECES = [
    "a",
    "a:\n",
    "a: b\r\n",
    "\n",
    "\n\n",
    " ",
    "\t \n",
    "=",
    "==\n",
    "A\n",
    "-----BEGIN X-----\n",
    "\n-----END X-----\n",
    "-----BEGIN X-----\na:\n",
    "-----BEGIN X-----\nAAAA\n-----END X-----\n",
    "\u2014 a AAAA\n",
    "[",
    "[1,",
    '{"a":',
    '"\\',
    '\\"',
    "\\ud800",
    "\\ud800\\udc00",
    "\\\\",
    "9",
    "1e",
    "0.",
    "-",
    "%",
    "%25",
    ":",
    "://",
    "@",
    "a@",
    "[:",
    "\ud7ff",
    "2024-01-01T",
    "\u0661",
]


def _statement(text: str) -> str | None:
    predicate = {"builder": {"id": text}, "buildType": text, "metadata": {"buildStartedOn": text}}
    statement = {"_type": text, "subject": [{"name": text, "digest": {text: text}}], "predicate": predicate}
    return schema_error(SLSA_V02, statement)


def _checkpoint(text: str) -> None:
    check_checkpoint(text, public(LOG), size=1, root=bytes(32))


_READERS: dict[str, Callable[[str], object]] = {
    "base64": base64text.decode,
    "base64 of either alphabet": base64text.decode_either,
    "base64 of protobuf": base64text.decode_protobuf,
    "PEM": pem.split,
    "certificates": parse_certificates,
    "key": key_of,
    "checkpoint": _checkpoint,
    "signed checkpoint": lambda text: _checkpoint(f"a\n1\n{text}\n\n\u2014 a AAAA\n"),
    "JSON": lambda text: parse(text.encode()),
    "text in JSON": lambda text: parse(f'"{text}"'.encode()),
    "member in JSON": lambda text: parse(f'{{"a":{text}'.encode()),
    "envelope": lambda text: read_envelope(json.dumps({"payloadType": text, "payload": text}).encode()),
    "entry": lambda text: Entry.parse(json.dumps({"kind": "dsse", "apiVersion": text, "spec": text}).encode()),
    "entry timestamp": lambda text: SignedEntryTimestamp.parse(json.dumps({"Payload": {"body": text, "logID": text}})),
    "bundle": lambda text: Bundle.parse(json.dumps({"mediaType": text, "dsseEnvelope": {"payload": text}}).encode()),
    "signature": lambda text: public(KNOWN).verify(text.encode(), b""),
    "URI": is_uri,
    "absolute URI": lambda text: is_uri(f"a://{text}"),
    "host in brackets": lambda text: is_uri(f"a://[{text}]"),
    "date and time": is_date_time,
    "fraction of a second": lambda text: is_date_time(f"2024-01-01T00:00:00.{text}Z"),
    "instant": parse_rfc3339,
    "statement": _statement,
}


def _seconds(read: Callable[[str], object], text: str) -> float:
    gc.disable()  # what the tests before have left isn't this reader's
    started = time.process_time()
    try:
        with contextlib.suppress(Error, DocumentError, base64text.Base64Error, TimeSyntaxError):
            read(text)
        return time.process_time() - started
    finally:
        gc.enable()


@pytest.mark.parametrize("name", _READERS)
def test_what_is_larger_takes_as_much_longer(name: str) -> None:
    read = _READERS[name]
    for piece in _PIECES:
        text = piece * (_SMALL // len(piece))
        small = max(_LEAST, min(_seconds(read, text) for _ in range(2)))
        large = min(_seconds(read, text * _FACTOR) for _ in range(2))
        assert large <= _MOST * small, f"{piece!r}: {small:.3f} s, and {large:.3f} s for {_FACTOR} times as much"
