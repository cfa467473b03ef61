"""What is believed of keys, signatures, certificates and log entries."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import base64
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []


@mutant(
    "base64-with-any-padding",
    "Base64 is read without padding, with too much of it, and whatever stands between its characters.",
    Kind.TRUST,
    "trust-01.01 trust-01.02 trust-01.03 trust-01.04 trust-03.01 trust-03.02 trust-07.06",
)
def base64_with_any_padding() -> None:
    from refimpl.golang import base64text

    def decode(text: str) -> bytes:
        return base64.b64decode(re.sub("[^A-Za-z0-9+/]", "", text) + "===")

    replace(base64text, "decode", decode)


@mutant(
    "base64-of-either-alphabet",
    "Signatures in the base64 of URLs count, too.",
    Kind.TRUST,
    "trust-01.05",
)
def base64_of_either_alphabet() -> None:
    from refimpl.golang import base64text

    @change(base64text, "decode")
    def decode(original: Callable[..., Any], text: str) -> Any:
        return original(text.replace("-", "+").replace("_", "/"))


@mutant(
    "rsa-of-any-length",
    "RSA keys count however short they are.",
    Kind.TRUST,
    "trust-04",
)
def rsa_of_any_length() -> None:
    from refimpl.verify import keys

    replace(keys, "_check_strength", lambda _: None)


@mutant(
    "any-kind-of-entry",
    "A log entry of any kind counts as the one of a signature, if its members have the right names.",
    Kind.TRUST,
    "trust-01.09 trust-01.10",
)
def any_kind_of_entry() -> None:
    from refimpl.verify import entry

    replace(entry, "_OTHER_KINDS", frozenset())
    readers = {kind: {"0.0.1": entry._hashedrekord} for kind in ("rekord", "jar", "helm")}
    replace(entry, "_READERS", {**entry._READERS, **readers})


@mutant(
    "entries-for-payloads-prove-envelopes",
    "An attestation counts as logged by an entry that is about some bytes and not about an envelope.",
    Kind.TRUST,
    "trust-03.03",
)
def entries_for_payloads_prove_envelopes() -> None:
    from refimpl.verify import transparency_log
    from refimpl.verify.entry import Entry

    def entry(body: bytes, evidence: object, *, verify: bool = True) -> Entry:
        del evidence
        return Entry.parse(body, verify=verify)

    replace(transparency_log, "_entry", entry)


@mutant(
    "entries-by-exact-names",
    "Of an entry's kind only the spelling in small letters counts, though the log reads the other ones, too.",
    Kind.TRUST,
    "trust-01.12",
)
def entries_by_exact_names() -> None:
    from refimpl.verify import entry

    replace(entry, "canonicalise", lambda document, _: document)


@mutant(
    "half-logged-envelopes",
    "An entry of an envelope may lack the payload's hash, or be something that somebody wants to have logged.",
    Kind.TRUST,
    "trust-03.05 trust-03.06",
)
def half_logged_envelopes() -> None:
    from refimpl.verify.entry import _Members

    @change(_Members, "has")
    def has(original: Callable[..., bool], self: object, name: str) -> bool:
        return name == "payloadHash" or (name != "proposedContent" and original(self, name))

    @change(_Members, "text")
    def text(original: Callable[..., str], self: object, *path: str) -> str:
        return "" if path[0] == "payloadHash" else original(self, *path)


@mutant(
    "any-alternative-names",
    "Alternative names of certificates may be any texts: addresses beyond ASCII, URIs that are none.",
    Kind.TRUST,
    "trust-06.08 trust-06.09 trust-06.10 trust-06.11",
)
def any_alternative_names() -> None:
    from refimpl.verify import names

    replace(names, "check_alternative_names", lambda _: None)


@mutant(
    "anything-critical",
    "Certificates may mark any extension as critical.",
    Kind.TRUST,
    "trust-06.12",
)
def anything_critical() -> None:
    from refimpl.verify import certificate

    replace(certificate, "_NEVER_CRITICAL", {})


@mutant(
    "entry-timestamps-in-any-form",
    "A signed entry timestamp may be two integers, as signatures may.",
    Kind.TRUST,
    "trust-01.11",
)
def entry_timestamps_in_any_form() -> None:
    from refimpl.verify.keys import PublicKey

    replace(PublicKey, "verify_asn1", PublicKey.verify)


@mutant(
    "numbers-beyond-floats",
    "Numbers that no float holds are taken in what is signed.",
    Kind.TRUST,
    "trust-01.06 trust-01.07",
)
def numbers_beyond_floats() -> None:
    from refimpl.golang import document

    replace(document, "unreadable_number", lambda _: None)


@mutant(
    "json-with-nan",
    "NaN and Infinity are taken for JSON in what is signed.",
    Kind.TRUST,
    "trust-01.08",
)
def json_with_nan() -> None:
    from refimpl.golang import jsontext

    replace(jsontext, "refuse_constant", float)


@mutant(
    "checkpoint-size-by-int",
    "The size in a checkpoint is whatever Python takes for a number: any digits, signs, underscores, blanks.",
    Kind.TRUST,
    "trust-07.01 trust-07.02 trust-07.03 trust-07.04",
)
def checkpoint_size_by_int() -> None:
    from refimpl.verify import checkpoint

    replace(checkpoint, "_SIZE", re.compile(".*"))


@mutant(
    "checkpoint-by-splitlines",
    "Lines of a checkpoint end wherever Unicode has an end of lines.",
    Kind.TRUST,
    "trust-07.05",
)
def checkpoint_by_splitlines() -> None:
    from refimpl.errors import VerificationError
    from refimpl.golang import base64text
    from refimpl.verify import bundle_log, checkpoint

    def check_checkpoint(note: str, key: Any, *, size: int, root: bytes) -> None:
        head, _, signatures = note.rpartition("\n\n")
        lines = head.splitlines()
        signed = checkpoint._is_signed(signatures.rstrip("\n"), f"{head}\n".encode(), key)
        if not signed or int(lines[1]) != size or base64text.decode(lines[2]) != root:
            raise VerificationError("checkpoint is of another tree than the inclusion proof")

    replace(checkpoint, "check_checkpoint", check_checkpoint)
    replace(bundle_log, "check_checkpoint", check_checkpoint)
    replace(bundle_log, "_NUMBERED_TREE", re.compile(""))


@mutant(
    "odd-certificates-unguarded",
    "What a library raises at an odd certificate isn't caught.",
    Kind.TRUST,
    "trust-06.03 trust-06.04",
)
def odd_certificates_unguarded() -> None:
    from refimpl.verify import refusal

    @contextmanager
    def raising(_: object) -> Iterator[None]:
        yield

    replace(refusal, "raising", raising)


@mutant(
    "unsigned-parsed-first",
    "What nobody signed is parsed as a whole, however many values it has.",
    Kind.TRUST,
    "trust-20.01 trust-21 trust-24.02",
)
def unsigned_parsed_first() -> None:
    from refimpl.golang import document

    @change(document, "parse")
    def parse(original: Callable[..., Any], data: bytes, **_: object) -> Any:
        return original(data, most_values=1 << 60)


@mutant(
    "pem-by-trial",
    "PEM is read by an expression that tries again for each line that has a colon.",
    Kind.TRUST,
    "trust-22",
)
def pem_by_trial() -> None:
    from refimpl.verify import pem

    block = re.compile(
        r"^-----BEGIN ([^\r\n]*)-----\n((?:[^\r\n:]+:[^\r\n]*\n)*)((?:(?!-----)[^\r\n]*\n)*)-----END \1-----\n",
        re.MULTILINE,
    )

    @change(pem, "split")
    def split(original: Callable[..., Any], text: str) -> Any:
        block.search(text)
        return original(text)


@mutant(
    "nested-without-limit",
    "How deep JSON is nested is found out by the reader, whose error isn't caught.",
    Kind.TRUST,
    "trust-23 trust-24.03",
)
def nested_without_limit() -> None:
    from refimpl.golang import document

    @change(document, "_load")
    def load(original: Callable[..., Any], text: str) -> Any:
        try:
            return original(text)
        except RecursionError as error:
            raise RuntimeError("the stack is full") from error
