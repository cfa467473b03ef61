"""What is believed of the log entries and certificates that bundles bring."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "entries-of-other-signatures",
    "Any entry of the log proves that a bundle is logged.",
    Kind.TRUST,
    "bundle-63.01 bundle-63.02 bundle-66.01",
)
def entries_of_other_signatures() -> None:
    from refimpl.verify import bundle_log
    from refimpl.verify.bundle_signer import _Material

    @change(bundle_log, "check_logged")
    def check_logged(original: Callable[..., Any], entries: Any, signature: bytes, signer: Any, logs: Any) -> Any:
        del signature
        return original(entries, entries[0].logged.signature if entries else b"", signer, logs)

    replace(_Material, "is_named", lambda *_: True)


@mutant(
    "one-entry-counts-twice",
    "A bundle may have any number of log entries, and one of them twice.",
    Kind.TRUST,
    "bundle-63.03 bundle-63.04",
)
def one_entry_counts_twice() -> None:
    from refimpl.verify import bundle_log

    replace(bundle_log, "_check_number", lambda _: None)


@mutant(
    "bundle-entry-timestamps-unverified",
    "A log's signed entry timestamp isn't held against its key.",
    Kind.TRUST,
    "bundle-63.05",
)
def bundle_entry_timestamps_unverified() -> None:
    from refimpl.verify.transparency_log import SignedEntryTimestamp

    replace(SignedEntryTimestamp, "check", lambda *_: None)


@mutant(
    "proofs-unverified",
    "That an entry has a proof is enough, whatever it proves, and whoever signed the head of the tree.",
    Kind.TRUST,
    "bundle-63.06 bundle-63.07 bundle-66.02 bundle-66.03 bundle-66.04",
)
def proofs_unverified() -> None:
    from refimpl.verify import bundle_log

    replace(bundle_log, "_check_inclusion", lambda *_: None)


@mutant(
    "logs-of-one-version",
    "Entries of Rekor's second version are passed over.",
    Kind.TRUST,
    "bundle-65",
)
def logs_of_one_version() -> None:
    from refimpl.verify.trust import LogKeys

    @change(LogKeys, "find")
    def find(original: Callable[..., Any], logs: Any, log_id: str) -> Any:
        found = original(logs, log_id)
        return None if found is not None and "tiles" in found.url else found


@mutant(
    "entry-timestamps-demanded",
    "A log's proof without a signed entry timestamp beside it doesn't count.",
    Kind.TRUST,
    "bundle-61 bundle-65",
)
def entry_timestamps_demanded() -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify import bundle_log

    @change(bundle_log, "check_logged")
    def check_logged(original: Callable[..., Any], entries: Any, *rest: Any) -> Any:
        if not any(entry.signed_timestamp for entry in entries):
            raise VerificationError("not enough verified log entries from transparency log: 0 < 1")
        return original(entries, *rest)


@mutant(
    "bundles-of-any-identity",
    "A keyless bundle counts whomever its certificate is for.",
    Kind.TRUST,
    "bundle-72.01 bundle-72.02 bundle-72.03 bundle-72.04 bundle-76.01",
)
def bundles_of_any_identity() -> None:
    from refimpl.verify.keyless import KeylessSigner

    replace(KeylessSigner, "check_bundle", lambda *_: None)


@mutant(
    "bundles-of-similar-identities",
    "A keyless bundle counts when the subject that is wanted stands somewhere in its certificate's.",
    Kind.TRUST,
    "bundle-72.02",
)
def bundles_of_similar_identities() -> None:
    from refimpl.verify import keyless

    @change(keyless, "check_bundle_identity")
    def check(original: Callable[..., Any], certificate: Any, name: str, wanted: Any) -> None:
        original(certificate, wanted.subject if wanted.subject in name else name, wanted)


@mutant(
    "bundles-of-any-authority",
    "The certificate of a keyless bundle counts whoever issued it, and whether or not it is logged.",
    Kind.TRUST,
    "bundle-72.06 bundle-72.07 bundle-72.08 bundle-72.09 bundle-72.10 bundle-72.11",
)
def bundles_of_any_authority() -> None:
    from refimpl.verify.keyless import KeylessSigner

    replace(KeylessSigner, "check_chain", lambda *_: None)


@mutant(
    "bundles-of-any-time",
    "A keyless bundle counts whenever it was logged.",
    Kind.TRUST,
    "bundle-72.12 bundle-72.13",
)
def bundles_of_any_time() -> None:
    from refimpl.verify.bundle_signer import _Material
    from refimpl.verify.keyless import KeylessSigner

    replace(_Material, "check_time", lambda *_: None)

    @change(KeylessSigner, "check_chain")
    def check_chain(original: Callable[..., Any], signer: Any, certificate: Any, times: Any) -> None:
        original(signer, certificate, [certificate.not_before for _ in times])


@mutant(
    "bundles-by-either-material",
    "A bundle counts by a certificate where a key is wanted, and by a key where a certificate is.",
    Kind.TRUST,
    "bundle-73 bundle-74",
)
def bundles_by_either_material() -> None:
    from refimpl.verify.bundle_signer import ByCertificate, ByKey, _Material

    replace(_Material, "is_named", lambda *_: True)

    def either(material: Any, _: object) -> Any:
        found = material._found
        if found is not None:
            return found.key
        return next(iter(_keys(material)), None)

    def _keys(material: Any) -> Any:
        from refimpl.verify import pem
        from refimpl.verify.keys import parse_public_key

        for entry in material._bundle.entries:
            yield parse_public_key(pem.encode("PUBLIC KEY", entry.logged.verifier))

    for kind in (ByKey, ByCertificate):
        replace(kind, "key", either)
