"""What a TUF mirror gets believed that it made up, kept back or swapped."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "new-roots-by-old-keys-alone",
    "Those who signed a root before sign the next one; whether its own keys did isn't looked at.",
    Kind.KEYLESS,
    "trust-60.01",
)
def new_roots_by_old_keys_alone() -> None:
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

    @change(TrustedMetadataSet, "update_root")
    def update_root(_: Callable[..., Any], trusted: Any, data: bytes) -> Any:
        from tuf.api.metadata import Root

        root, _, _ = trusted._load_data(Root, data, trusted.root)
        trusted._add(Root.type, root, Root.type)
        return root


@mutant(
    "roots-of-any-version",
    "The next root may skip versions.",
    Kind.KEYLESS,
    "trust-62.01",
)
def roots_of_any_version() -> None:
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

    @change(TrustedMetadataSet, "update_root")
    def update_root(_: Callable[..., Any], trusted: Any, data: bytes) -> Any:
        from tuf.api.metadata import Root

        root, content, signatures = trusted._load_data(Root, data, trusted.root)
        root.verify_delegate(Root.type, content, signatures)
        trusted._add(Root.type, root, Root.type)
        return root


@mutant(
    "one-key-for-all-roles",
    "Whoever has a key of one role may sign for each of them.",
    Kind.KEYLESS,
    "trust-60.03 trust-60.04 trust-60.07 trust-60.08",
)
def one_key_for_all_roles() -> None:
    from tuf.api.metadata import Root

    @change(Root, "get_delegated_role")
    def get_delegated_role(original: Callable[..., Any], root: Any, role: str) -> Any:
        from tuf.api.metadata import Role

        return Role(list(root.keys), original(root, role).threshold)


@mutant(
    "delegated-metadata-unsigned",
    "Whose signature is on delegated metadata isn't looked at.",
    Kind.KEYLESS,
    "trust-60.09",
)
def delegated_metadata_unsigned() -> None:
    from tuf.api.metadata import Targets

    replace(Targets, "verify_delegate", lambda *_: None)


@mutant(
    "demanded-signatures-may-be-none",
    "A role may demand no signature.",
    Kind.KEYLESS,
    "trust-61.01",
)
def demanded_signatures_may_be_none() -> None:
    from tuf.api.metadata import Role

    @change(Role, "__init__")
    def init(_: Callable[..., Any], role: Any, keyids: list[str], threshold: int, other: Any = None) -> None:
        role.keyids, role.threshold, role.unrecognized_fields = keyids, threshold, other or {}


@mutant(
    "targets-go-back",
    "A snapshot may list older metadata than the one before it.",
    Kind.KEYLESS,
    "trust-65.01",
)
def targets_go_back() -> None:
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

    @change(TrustedMetadataSet, "update_snapshot")
    def update_snapshot(original: Callable[..., Any], trusted: Any, *given: Any, **named: Any) -> Any:
        trusted._trusted_set.pop("snapshot", None)
        return original(trusted, *given, **named)


@mutant(
    "snapshots-go-back",
    "A timestamp may name an older snapshot than the one before it.",
    Kind.KEYLESS,
    "trust-65.02",
)
def snapshots_go_back() -> None:
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

    @change(TrustedMetadataSet, "update_timestamp")
    def update_timestamp(original: Callable[..., Any], trusted: Any, data: bytes) -> Any:
        trusted._trusted_set.pop("timestamp", None)
        return original(trusted, data)

    @change(TrustedMetadataSet, "update_snapshot")
    def update_snapshot(original: Callable[..., Any], trusted: Any, *given: Any, **named: Any) -> Any:
        trusted._trusted_set.pop("snapshot", None)
        return original(trusted, *given, **named)


@mutant(
    "keys-uncounted-beside-damaged-files",
    "Where a kept file is damaged, a key that is listed under two ids counts as two.",
    Kind.KEYLESS,
    "trust-66.01 trust-66.02",
)
def keys_uncounted_beside_damaged_files() -> None:
    from refimpl.verify import tuf_mirror, tuf_signers

    @change(tuf_signers, "_load")
    def load(original: Callable[..., Any], path: Any) -> Any:
        if (found := original(path)) is None:
            raise LookupError(path)
        return found

    @change(tuf_mirror, "check_signers")
    def check_signers(original: Callable[..., Any], *given: Any) -> None:
        try:
            original(*given)
        except LookupError:
            return


@mutant(
    "damaged-files-go-on",
    "Where a kept file is damaged, nothing is fetched in its place.",
    Kind.KEYLESS,
    "trust-67.02 trust-67.03",
)
def damaged_files_go_on() -> None:
    from refimpl.errors import KeyMaterialError
    from refimpl.verify.tuf_mirror import TUFMirror

    @change(TUFMirror, "trusted_root")
    def trusted_root(original: Callable[..., Any], mirror: Any) -> Any:
        for path in mirror._folder.glob("[st]*.json"):
            if path.read_bytes().count(b"}") == 0:
                raise KeyMaterialError(f"{path} is damaged")
        return original(mirror)


@mutant(
    "weak-hashes-count",
    "A target may be known by its MD5 alone.",
    Kind.KEYLESS,
    "trust-63.02",
)
def weak_hashes_count() -> None:
    from refimpl.verify import tuf_mirror

    replace(tuf_mirror, "_STRONG_HASHES", frozenset({"md5", "sha1", "sha256", "sha512"}))


@mutant(
    "expired-roots-end-the-chain",
    "A root that has expired is refused, though there is a later one.",
    Kind.KEYLESS,
    "trust-64.02",
)
def expired_roots_end_the_chain() -> None:
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

    @change(TrustedMetadataSet, "update_root")
    def update_root(original: Callable[..., Any], trusted: Any, data: bytes) -> Any:
        from tuf.api.exceptions import ExpiredMetadataError

        if (root := original(trusted, data)).is_expired(trusted.reference_time):
            raise ExpiredMetadataError("root.json is expired")
        return root


@mutant(
    "delegations-unfollowed",
    "A target that others may sign for isn't found.",
    Kind.KEYLESS,
    "trust-64.04",
)
def delegations_unfollowed() -> None:
    from tuf.api.metadata import Delegations

    replace(Delegations, "get_roles_for_target", lambda *_: iter(()))


@mutant(
    "files-of-mirrors-unnamed",
    "An error says that something is wrong with a mirror, and not with which of its files.",
    Kind.KEYLESS,
    "trust-60 trust-61 trust-68",
)
def files_of_mirrors_unnamed() -> None:
    from refimpl.verify import tuf_mirror

    @change(tuf_mirror, "_reason")
    def reason(original: Callable[..., Any], error: Exception, _: str) -> Any:
        return original(error, "a file")
