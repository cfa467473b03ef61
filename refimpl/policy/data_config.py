"""``data.config``: what rules learn of the run's own configuration (specification 11 §4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.policy.config import Identity

if TYPE_CHECKING:
    from refimpl.policy.config import Policy

__all__ = ["data_config"]


def data_config(policy: Policy, *, public_key: str, ignore_rekor: bool, now: int) -> dict[str, Any]:
    """The object ``config``.

    Args:
        policy: with its overrides.
        public_key: PEM text of the loaded key; empty without one.
        ignore_rekor: whether the transparency log isn't asked.
        now: the effective time in nanoseconds since the epoch; the current time where attestations fix it.
    """
    signer = policy.keyless or Identity()
    return {
        "default_sigstore_opts": {
            "certificate_identity": signer.subject,
            "certificate_identity_regexp": signer.subject_regexp,
            "certificate_oidc_issuer": signer.issuer,
            "certificate_oidc_issuer_regexp": signer.issuer_regexp,
            "ignore_rekor": ignore_rekor,
            "public_key": public_key,
            "rekor_url": policy.rekor_url,
        },
        "policy": {"when_ns": now},
    }
