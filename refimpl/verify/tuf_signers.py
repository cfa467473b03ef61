"""How many keys have signed TUF metadata: a key that is listed under two ids is one key (TUF specification §4.2, §5.3).

python-tuf counts ids. So what it fetches is looked at before it is given to it, where a role lists a key twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Targets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from securesystemslib.signer import Key

_ENDING = ".json"
_TOP_LEVEL = frozenset({"root", "timestamp", "snapshot", "targets"})


def check_signers(url: str, data: bytes, folder: Path) -> None:
    """Check that as many different keys have signed metadata as its role demands.

    Args:
        url: it comes from; its last segment names the role.
        data: the metadata.
        folder: of the client, with the metadata that it trusts.

    Raises:
        UnsignedMetadataError: there are fewer. Metadata that isn't any is the client's to refuse.
    """
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(data)
    except RepositoryError:
        return
    for role, delegator in _delegators(url, metadata, folder):
        _check(role, delegator, metadata)


def _delegators(url: str, metadata: Metadata[Any], folder: Path) -> Iterator[tuple[str, Root | Targets]]:
    """Whose keys must have signed metadata: the role's name there, and who has the keys."""
    name = unquote(url.rpartition("/")[2].removesuffix(_ENDING))
    version, _, rest = name.partition(".")
    names = (name, rest) if version.isdigit() else (name,)
    if isinstance(metadata.signed, Root):
        before = _load(folder / "root_history" / f"{metadata.signed.version - 1}.root{_ENDING}")
        yield from (("root", each) for each in (before, metadata.signed) if isinstance(each, Root))
        return
    for path in folder.glob(f"*{_ENDING}"):
        signed = _load(path)
        if signed is not None:
            known = _TOP_LEVEL if isinstance(signed, Root) else _list_delegated(signed)
            yield from ((role, signed) for role in names if role in known)


def _load(path: Path) -> Any:
    """The signed part of a file; None if it is damaged: the client fetches it anew before it goes by it."""
    try:
        return Metadata[Any].from_bytes(path.read_bytes()).signed
    except (OSError, RepositoryError):
        return None


def _list_delegated(signed: Any) -> frozenset[str]:
    delegations = signed.delegations if isinstance(signed, Targets) else None
    return frozenset(delegations.roles or ()) if delegations else frozenset()


def _check(role: str, delegator: Root | Targets, metadata: Metadata[Any]) -> None:
    keys = (
        delegator.keys if isinstance(delegator, Root) else delegator.delegations.keys if delegator.delegations else {}
    )
    listed = [keys[keyid] for keyid in delegator.get_delegated_role(role).keyids if keyid in keys]
    if len({_identity(key) for key in listed}) == len(listed):
        return
    found = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    signers = {_identity(key) for key in found.signed.values()}
    if len(signers) < found.threshold:
        raise UnsignedMetadataError(
            f"{role} was signed by {len(signers)}/{found.threshold} keys, of which one has two ids"
        )


def _identity(key: Key) -> bytes:
    """The key itself, in one form."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    public = str(key.keyval.get("public", ""))
    try:
        if key.keytype == "ed25519":
            return bytes.fromhex(public)
        return load_pem_public_key(public.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # noqa: BLE001  # no key that anybody could sign by
        return public.encode("utf-8", "replace")
