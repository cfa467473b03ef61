"""Metadata that a role's keys have signed: what is given to the client, and what isn't (TUF specification §4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tuf.api.exceptions import UnsignedMetadataError

from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.tuf import ROOT, TARGETS, TUFRepository
from refimpl.verify.tuf_signers import check_signers

if TYPE_CHECKING:
    from pathlib import Path


def _repository() -> TUFRepository:
    return TUFRepository(lambda name: KeyPair.derive("test", name), {"a": b"a"})


def _trusting(folder: Path, repository: TUFRepository, version: int) -> Path:
    """What the client has kept of the repository's root, up to a version."""
    (folder / "root_history").mkdir()
    for number in range(1, version + 1):
        (folder / "root_history" / f"{number}.root.json").write_bytes(repository.files[f"{number}.root.json"])
    (folder / "root.json").symlink_to(f"root_history/{version}.root.json")
    return folder


def test_one_key_under_two_ids_is_one(tmp_path: Path) -> None:
    repository = _repository()
    repository.name_twice(TARGETS)
    folder = _trusting(tmp_path, repository, 2)
    with pytest.raises(UnsignedMetadataError, match="targets was signed by 1/2 keys"):
        check_signers("https://tuf.test/2.targets.json", repository.files["2.targets.json"], folder)
    check_signers("https://tuf.test/timestamp.json", repository.files["timestamp.json"], folder)


def test_a_root_is_held_against_the_one_before_and_itself(tmp_path: Path) -> None:
    repository = _repository()
    repository.name_twice(ROOT)
    folder = _trusting(tmp_path, repository, 1)
    with pytest.raises(UnsignedMetadataError, match="root was signed by 1/2 keys"):
        check_signers("https://tuf.test/2.root.json", repository.files["2.root.json"], folder)


def test_a_key_that_nobody_has_told_of_does_not_make_one_key_two(tmp_path: Path) -> None:
    repository = _repository()
    repository.name_twice(TARGETS)
    repository.rewrite("2.root.json", lambda part: part["roles"][TARGETS]["keyids"].append("0" * 64))
    folder = _trusting(tmp_path, repository, 2)
    with pytest.raises(UnsignedMetadataError, match="targets was signed by 1/2 keys"):
        check_signers("https://tuf.test/2.targets.json", repository.files["2.targets.json"], folder)


@pytest.mark.parametrize("damaged", ["snapshot.json", "other.json"])
def test_a_damaged_file_beside_does_not_make_one_key_two(tmp_path: Path, damaged: str) -> None:
    repository = _repository()
    repository.name_twice(TARGETS)
    folder = _trusting(tmp_path, repository, 2)
    (folder / damaged).write_bytes(b'{"signed":')
    with pytest.raises(UnsignedMetadataError, match="targets was signed by 1/2 keys"):
        check_signers("https://tuf.test/2.targets.json", repository.files["2.targets.json"], folder)


def test_two_keys_are_two(tmp_path: Path) -> None:
    repository = _repository()
    repository.name_twice(TARGETS, also="besides")
    folder = _trusting(tmp_path, repository, 2)
    check_signers("https://tuf.test/2.targets.json", repository.files["2.targets.json"], folder)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"signed": [1]}', b"[" * 100_000])
def test_what_is_no_metadata_is_for_the_client_to_refuse(tmp_path: Path, data: bytes) -> None:
    check_signers("https://tuf.test/timestamp.json", data, tmp_path)
    check_signers("https://tuf.test/2.root.json", data, tmp_path)
