from __future__ import annotations

from refimpl.evaluation.evaluators import data_config
from refimpl.policy.config import Identity, Policy


def test_with_a_key_no_identity_is_shown() -> None:
    policy = Policy(public_key="k.pub", rekor_url="r", identity={"subject": "s", "issuer": "i"}).overridden()
    assert data_config(policy, public_key="PEM\n", ignore_rekor=True, now=5) == {
        "default_sigstore_opts": {
            "certificate_identity": "",
            "certificate_identity_regexp": "",
            "certificate_oidc_issuer": "",
            "certificate_oidc_issuer_regexp": "",
            "ignore_rekor": True,
            "public_key": "PEM\n",
            "rekor_url": "r",
        },
        "policy": {"when_ns": 5},
    }


def test_in_the_keyless_workflow_the_signer_is_shown() -> None:
    signer = Identity("s", "sr", "i", "ir")
    shown = data_config(Policy().overridden(identity=signer), public_key="", ignore_rekor=False, now=5)
    options = shown["default_sigstore_opts"]
    assert [options[name] for name in sorted(options) if name.startswith("certificate")] == ["s", "sr", "i", "ir"]
