"""Where the roots of trust come from, and until when they count."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "metadata-for-ever",
    "TUF metadata counts after it has expired.",
    Kind.KEYLESS,
    "trust-30.01 trust-30.02 trust-30.03 trust-30.04",
)
def metadata_for_ever() -> None:
    from tuf.api import _payload

    replace(_payload.Signed, "is_expired", lambda *_: False)


@mutant(
    "metadata-by-anybody",
    "Whose signature is on TUF metadata isn't looked at.",
    Kind.KEYLESS,
    "trust-30.05 trust-30.06 trust-30.07",
)
def metadata_by_anybody() -> None:
    from tuf.api import _payload

    replace(_payload._DelegatorMixin, "verify_delegate", lambda *_: None)


@mutant(
    "signatures-counted",
    "Signatures on TUF metadata are counted, and not the keys that they are by.",
    Kind.KEYLESS,
    "trust-30.08",
)
def signatures_counted() -> None:
    from tuf.api import _payload
    from tuf.api.serialization.json import JSONDeserializer

    @change(JSONDeserializer, "deserialize")
    def deserialize(original: Callable[..., Any], reader: Any, data: bytes) -> Any:
        document = json.loads(data)
        kept = {one["keyid"]: one for one in document.get("signatures", ())}
        return original(reader, json.dumps({**document, "signatures": list(kept.values())}).encode())

    @change(_payload._DelegatorMixin, "verify_delegate")
    def verify_delegate(original: Callable[..., Any], delegator: Any, role: str, *rest: Any) -> None:
        delegator.get_delegated_role(role).threshold = 1
        original(delegator, role, *rest)


@mutant(
    "mirror-forgotten",
    "What a mirror had the last time isn't remembered.",
    Kind.KEYLESS,
    "trust-32",
)
def mirror_forgotten() -> None:
    from refimpl.verify import tuf_mirror

    folder = Path(tempfile.mkdtemp())

    @change(tuf_mirror.TUFMirror, "__init__")
    def init(original: Callable[..., Any], mirror: Any, url: str, root: bytes, **named: Any) -> None:
        original(mirror, url, root, **{**named, "cache": folder})


@mutant(
    "snapshots-of-any-version",
    "The snapshot may be another one than the timestamp tells of.",
    Kind.KEYLESS,
    "trust-30.09",
)
def snapshots_of_any_version() -> None:
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

    replace(TrustedMetadataSet, "_check_final_snapshot", lambda *_: None)


@mutant(
    "answers-of-any-length",
    "What a mirror sends is read until it ends.",
    Kind.KEYLESS,
    "trust-30.10 trust-30.11 trust-30.13",
)
def answers_of_any_length() -> None:
    from tuf.ngclient import FetcherInterface

    @change(FetcherInterface, "download_file")
    def download_file(original: Callable[..., Any], fetcher: Any, url: str, _: int) -> Any:
        return original(fetcher, url, 1 << 62)


@mutant(
    "targets-unverified",
    "A target counts whatever its metadata says of it.",
    Kind.KEYLESS,
    "trust-30.14",
)
def targets_unverified() -> None:
    from tuf.api.metadata import TargetFile

    replace(TargetFile, "verify_length_and_hashes", lambda *_: None)


@mutant(
    "rotations-passed-over",
    "Keys of the first root count, and no others.",
    Kind.KEYLESS,
    "trust-31 trust-36",
)
def rotations_passed_over() -> None:
    from tuf.ngclient import Updater

    replace(Updater, "_load_root", lambda *_: None)


@mutant(
    "cache-suffices",
    "A mirror that can't be reached is passed over where the cache has what is needed.",
    Kind.KEYLESS,
    "trust-34",
)
def cache_suffices() -> None:
    from refimpl.errors import KeyMaterialError
    from refimpl.verify.trusted_root import TrustedRoot
    from refimpl.verify.tuf_mirror import TUFMirror

    @change(TUFMirror, "trusted_root")
    def trusted_root(original: Callable[..., Any], mirror: Any) -> Any:
        try:
            return original(mirror)
        except KeyMaterialError:
            return TrustedRoot.parse((mirror._folder / "targets" / "trusted_root.json").read_bytes())


@mutant(
    "trusted-at-any-time",
    "From when to when a trusted root trusts somebody isn't looked at.",
    Kind.KEYLESS,
    "trust-38.01 trust-38.02 trust-38.03 trust-38.04 trust-38.05 trust-38.06",
)
def trusted_at_any_time() -> None:
    from refimpl.verify.trust import Period

    replace(Period, "covers", lambda *_: True)


@mutant(
    "first-authority-only",
    "Of several authorities that a trusted root knows the first counts alone.",
    Kind.KEYLESS,
    "trust-37",
)
def first_authority_only() -> None:
    from refimpl.verify.roots import Roots

    @change(Roots, "signer")
    def signer(original: Callable[..., Any], roots: Any, identity: Any) -> Any:
        from refimpl.verify.keyless import KeylessSigner

        made = original(roots, identity)
        return KeylessSigner(made.identity, made.authorities[:1], made.certificate_logs)


@mutant(
    "odd-roots-passed-over",
    "What is no certificate in a file of roots is passed over.",
    Kind.KEYLESS,
    "trust-39.01 trust-39.02 trust-39.03",
)
def odd_roots_passed_over() -> None:
    from refimpl.errors import KeyMaterialError
    from refimpl.verify.authority import Authority

    original = Authority.from_pem

    def from_pem(text: str, **named: Any) -> Authority:
        try:
            return original(text, **named)
        except KeyMaterialError:
            return Authority(())

    replace(Authority, "from_pem", staticmethod(from_pem))


@mutant(
    "unreadable-validity-is-for-ever",
    "An authority counts for ever when its validity can't be read.",
    Kind.KEYLESS,
    "trust-33.03",
)
def unreadable_validity_is_for_ever() -> None:
    from refimpl.verify import trusted_root

    @change(trusted_root, "_time")
    def time(original: Callable[..., Any], place: Any, name: str) -> Any:
        return original(place, name) if isinstance(place.value, dict) else None


@mutant(
    "last-of-two-lists-of-logs-counts",
    "Of members that a trusted root names twice the last one counts.",
    Kind.KEYLESS,
    "trust-33.04",
)
def last_of_two_lists_of_logs_counts() -> None:
    from refimpl.verify import trusted_root

    replace(trusted_root, "_check_names", lambda *_: None)
