"""Keys, image signatures and attestations, made from nothing but a seed; valid and invalid ones."""

from __future__ import annotations

from ec_acceptance.testbed.signing.artifact import Artifact, Layer, Push, attach, attachment_tag, digest_of
from ec_acceptance.testbed.signing.attestation import (
    SLSA_V02,
    SLSA_V1,
    provenance_v02,
    provenance_v1,
    statement,
    subject,
)
from ec_acceptance.testbed.signing.cosign import ImageSignature, sign_image, simple_signing
from ec_acceptance.testbed.signing.dsse import Envelope, EnvelopeSignature, pae, seal
from ec_acceptance.testbed.signing.keys import KeyPair

attached, attached_tag = attach, attachment_tag
"""Their former names."""

__all__ = [
    "SLSA_V02",
    "SLSA_V1",
    "Artifact",
    "Envelope",
    "EnvelopeSignature",
    "ImageSignature",
    "KeyPair",
    "Layer",
    "Push",
    "attach",
    "attachment_tag",
    "digest_of",
    "pae",
    "provenance_v02",
    "provenance_v1",
    "seal",
    "sign_image",
    "simple_signing",
    "statement",
    "subject",
]
