"""Signatures, attestations and the transparency log (specification 20)."""
