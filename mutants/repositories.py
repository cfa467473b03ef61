"""What is believed of TUF repositories of other forms, and by how many keys."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "keys-counted-by-ids",
    "A key that a root lists under two ids counts as two.",
    Kind.KEYLESS,
    "trust-44.01 trust-44.02 trust-44.03",
)
def keys_counted_by_ids() -> None:
    from refimpl.verify import tuf_mirror

    replace(tuf_mirror, "check_signers", lambda *_: None)


@mutant(
    "keys-with-two-ids-count-for-nothing",
    "A role that lists a key under two ids can't be trusted, whoever has signed.",
    Kind.KEYLESS,
    "trust-45",
)
def keys_with_two_ids_count_for_nothing() -> None:
    from tuf.api.exceptions import UnsignedMetadataError

    from refimpl.verify import tuf_signers

    @change(tuf_signers, "_check")
    def check(_: Callable[..., Any], role: str, delegator: Any, __: Any) -> None:
        listed = delegator.get_delegated_role(role).keyids
        if len({tuf_signers._identity(delegator.get_key(keyid)) for keyid in listed}) < len(listed):
            raise UnsignedMetadataError(f"{role} lists a key twice")


@mutant(
    "separate-roots-passed-over",
    "Without a trusted root nobody is trusted, though there are targets for each.",
    Kind.KEYLESS,
    "trust-46 trust-49 trust-50",
)
def separate_roots_passed_over() -> None:
    from refimpl.verify.tuf_mirror import TUFMirror

    replace(TUFMirror, "_legacy", lambda *_: {})


@mutant(
    "separate-roots-by-name-alone",
    "What the metadata of targets says of their use isn't looked at.",
    Kind.KEYLESS,
    "trust-46.02",
)
def separate_roots_by_name_alone() -> None:
    from refimpl.verify import tuf_mirror

    replace(tuf_mirror, "usage_of", lambda _: "")


@mutant(
    "missing-roots-trust-what-is-there",
    "Where a root of trust is missing or can't be read, what it would vouch for isn't checked.",
    Kind.KEYLESS,
    "trust-48",
)
def missing_roots_trust_what_is_there() -> None:
    from refimpl.errors import KeyMaterialError
    from refimpl.verify.legacy_targets import LegacyTargets
    from refimpl.verify.trust import LogKeys

    @change(LegacyTargets, "_logs")
    def logs(original: Callable[..., Any], *given: Any) -> Any:
        try:
            return original(*given)
        except KeyMaterialError:
            return LogKeys()

    before: Any = LegacyTargets.authorities

    def authorities(targets: LegacyTargets) -> Any:
        try:
            return before.fget(targets)
        except KeyMaterialError:
            return ()

    replace(LegacyTargets, "authorities", property(authorities))


@mutant(
    "brought-intermediates-count-for-separate-roots",
    "Where a repository has no intermediates, those count that come with a signature.",
    Kind.KEYLESS,
    "trust-47.04",
)
def brought_intermediates_count_for_separate_roots() -> None:
    from refimpl.verify.authority import Authority

    @change(Authority, "issuer")
    def issuer(original: Callable[..., Any], authority: Any, *given: Any, **named: Any) -> Any:
        return original(Authority(authority.roots, authority.intermediates, authority.period), *given, **named)


@mutant(
    "separate-roots-of-anybody",
    "Whatever a repository has as separate roots of trust, signatures count.",
    Kind.KEYLESS,
    "trust-47.01 trust-47.02 trust-49",
)
def separate_roots_of_anybody() -> None:
    from refimpl.verify import bundle_signer, bundled, keyless
    from refimpl.verify.keyless import KeylessSigner

    replace(KeylessSigner, "_issuer", lambda *_: None)
    replace(keyless, "check_scts", lambda *_: None)
    replace(bundled, "signer_of", bundle_signer.ByCertificate)


@mutant(
    "entries-of-unknown-logs",
    "A log's signed entry timestamp counts though nobody trusts the log.",
    Kind.KEYLESS,
    "trust-47.03",
)
def entries_of_unknown_logs() -> None:
    from refimpl.verify.trust import LogKeys

    @change(LogKeys, "find")
    def find(original: Callable[..., Any], keys: Any, log_id: str) -> Any:
        return original(keys, log_id) or next(iter(keys._logs.values()), None)

    from refimpl.verify.transparency_log import SignedEntryTimestamp

    replace(SignedEntryTimestamp, "check", lambda *_: None)


@mutant(
    "folders-unverified",
    "What a folder has is taken as it is.",
    Kind.KEYLESS,
    "trust-52",
)
def folders_unverified() -> None:
    from pathlib import Path

    from refimpl.verify.trusted_root import TrustedRoot
    from refimpl.verify.tuf_mirror import TUFMirror

    @change(TUFMirror, "trusted_root")
    def trusted_root(original: Callable[..., Any], mirror: Any) -> Any:
        found = sorted(Path(mirror._url.removeprefix("file://")).glob("targets/*.trusted_root.json"))
        return TrustedRoot.parse(found[0].read_bytes()) if found else original(mirror)


@mutant(
    "no-folders-as-mirrors",
    "A mirror that is a folder can't be had.",
    Kind.KEYLESS,
    "trust-50 trust-51 trust-53",
)
def no_folders_as_mirrors() -> None:
    from refimpl.verify import tuf_mirror

    replace(tuf_mirror, "_FILE", "folder://")


@mutant(
    "checksum-of-the-root-passed-over",
    "The root may have another checksum than was told.",
    Kind.KEYLESS,
    "trust-55",
)
def checksum_of_the_root_passed_over() -> None:
    from refimpl.commands import sigstore_initialize

    replace(sigstore_initialize, "_check", lambda *_: None)


@mutant(
    "checksum-by-one-algorithm",
    "Checksums are SHA-256, whatever is said before them.",
    Kind.KEYLESS,
    "trust-54.03 trust-55.03",
)
def checksum_by_one_algorithm() -> None:
    from refimpl.commands import sigstore_initialize

    @change(sigstore_initialize, "_check")
    def check(original: Callable[..., Any], root: bytes, checksum: str) -> None:
        original(root, checksum.rpartition(":")[2])
