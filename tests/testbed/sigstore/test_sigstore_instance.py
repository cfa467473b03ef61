"""The testbed's Sigstore instance: what it makes is held against the libraries that read such things."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import TYPE_CHECKING

import pytest
import rfc3161_client
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.ca import ISSUED, Authority, Identity
from ec_acceptance.testbed.sigstore.instance import ISSUER, SUBJECT, Sigstore
from ec_acceptance.testbed.sigstore.tuf import ROOT, TARGETS, TIMESTAMP, TUFMirror, TUFRepository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FIRST, _SECOND = (x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}") for number in (1, 8))


def key(name: str) -> KeyPair:
    """The key of a name."""
    return KeyPair.derive("test", name)


@pytest.fixture
def sigstore() -> Sigstore:
    """An instance."""
    return Sigstore(key, Log(key("log")))


def extension(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bytes:
    """The content of an extension that the library doesn't know."""
    found = certificate.extensions.get_extension_for_oid(oid).value
    assert isinstance(found, x509.UnrecognizedExtension)
    return found.value


def test_leaf_names_its_identity_in_all_places(sigstore: Sigstore) -> None:
    leaf = sigstore.certify(key("signer"))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical
    assert names.value.get_values_for_type(x509.RFC822Name) == [SUBJECT]
    assert extension(leaf, _FIRST) == ISSUER.encode()
    assert extension(leaf, _SECOND) == b"\x0c" + bytes([len(ISSUER)]) + ISSUER.encode()
    leaf.verify_directly_issued_by(sigstore.authority.certificate)


def test_subjects_are_what_they_look_like() -> None:
    uri, domain = (Identity.of(subject, ISSUER).names[0] for subject in ("https://a.test/b", "a.test"))
    assert isinstance(uri, x509.UniformResourceIdentifier)
    assert isinstance(domain, x509.DNSName)


def test_certificates_are_the_same_each_time(sigstore: Sigstore) -> None:
    assert sigstore.certify(key("signer")) == Sigstore(key, Log(key("log"))).certify(key("signer"))


def test_a_log_signs_what_the_certificate_says_without_the_timestamp(sigstore: Sigstore) -> None:
    leaf = sigstore.certify(key("signer"))
    [sct] = leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    assert sct.log_id == sigstore.certificate_log.key.fingerprint
    tbs = leaf.tbs_precertificate_bytes
    head = struct.pack(">BBQH", 0, 0, int(ISSUED.timestamp() * 1000), 1)
    signed = head + hashlib.sha256(sigstore.authority.key.public_der).digest() + len(tbs).to_bytes(3) + tbs + b"\0\0"
    public = sigstore.certificate_log.key.private.public_key()
    public.verify(sct.signature, signed, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(sct.signature, signed + b"\0", ec.ECDSA(hashes.SHA256()))


def test_timestamps_are_read_by_the_library(sigstore: Sigstore) -> None:
    authority = sigstore.timestamps
    answer = rfc3161_client.decode_timestamp_response(authority.stamp(b"signature", ISSUED))
    verifier = rfc3161_client.VerifierBuilder().add_root_certificate(authority.root.certificate).build()
    assert verifier.verify_message(answer, b"signature")
    assert answer.tst_info.gen_time == ISSUED
    with pytest.raises(rfc3161_client.VerificationError):
        verifier.verify_message(answer, b"another")
    forged = rfc3161_client.decode_timestamp_response(authority.stamp(b"signature", ISSUED, signer=key("other")))
    with pytest.raises(rfc3161_client.VerificationError):
        verifier.verify_message(forged, b"signature")


def test_subordinate_says_what_it_was_told(sigstore: Sigstore) -> None:
    powerless = sigstore.root.subordinate(key("powerless"), is_ca=False, usages=())
    found = powerless.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not found.ca
    assert powerless.chain[-1] == sigstore.root.certificate
    assert Authority.root(key("root")).certificate.issuer == Authority.root(key("root")).certificate.subject


def test_trusted_root_has_all_parts(sigstore: Sigstore) -> None:
    document = json.loads(sigstore.trusted_root.encoded())
    assert document["mediaType"] == "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
    parts = {name: len(listed) for name, listed in document.items() if isinstance(listed, list)}
    assert parts == {"tlogs": 2, "certificateAuthorities": 1, "ctlogs": 1, "timestampAuthorities": 1}


class TestTUF:
    """The repository and its mirror, with the library's client."""

    @pytest.fixture
    def repository(self) -> TUFRepository:
        """One with one target."""
        return TUFRepository(key, {"trusted_root.json": b"{}"})

    @pytest.fixture
    def mirror(self, repository: TUFRepository) -> Iterator[TUFMirror]:
        """Its mirror."""
        mirror = TUFMirror(repository.files)
        yield mirror
        mirror.close()

    def fetched(self, mirror: TUFMirror, root: bytes, folder: Path) -> bytes:
        """The target as a client gets it."""
        from tuf.ngclient import Updater

        updater = Updater(str(folder), mirror.url, str(folder), f"{mirror.url}/targets/", bootstrap=root)
        info = updater.get_targetinfo("trusted_root.json")
        assert info is not None
        with open(updater.download_target(info), "rb") as file:  # noqa: PTH123 - it is the library's name
            return file.read()

    def test_target_is_served(self, repository: TUFRepository, mirror: TUFMirror, tmp_path: Path) -> None:
        assert self.fetched(mirror, repository.trusted, tmp_path) == b"{}"

    def test_rotations_are_followed(self, repository: TUFRepository, mirror: TUFMirror, tmp_path: Path) -> None:
        for role in (ROOT, TIMESTAMP, TARGETS):
            repository.rotate(role)
        repository.publish({"trusted_root.json": b"[]"})
        mirror.update(repository)
        assert self.fetched(mirror, repository.trusted, tmp_path) == b"[]"

    def test_what_is_wrong_is_refused(self, repository: TUFRepository, mirror: TUFMirror, tmp_path: Path) -> None:
        from tuf.api.exceptions import ExpiredMetadataError, RepositoryError

        repository.expire(TIMESTAMP, ISSUED)
        mirror.update(repository)
        with pytest.raises(ExpiredMetadataError):
            self.fetched(mirror, repository.trusted, tmp_path)
        repository.sign_as(TARGETS, "nobody")
        mirror.update(repository)
        with pytest.raises(RepositoryError):
            self.fetched(mirror, repository.trusted, tmp_path)
