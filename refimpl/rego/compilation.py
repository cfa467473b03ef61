"""The advice that goes with Rego that doesn't compile (specification 11 §5.4)."""

from __future__ import annotations

__all__ = ["OPA_VERSION", "with_advice"]

OPA_VERSION = "v1.15.2"
"""The version whose functions and texts are the contract's."""

_KINDS = ("rego_type_error", "rego_parse_error", "rego_compile_error")
_ADVICE = f"""\
policy compilation error: the policy references Rego built-in functions not available in this version of Conforma CLI \
({OPA_VERSION}).

Upgrade Conforma CLI to a newer version that includes the required functions.

If upgrading does not help, check for less common causes:
  - Conforma CLI disables certain built-in functions for security (opa.runtime, http.send, net.lookup_ip_addr). \
Policies using these will not compile regardless of the CLI version
  - The policy may use Rego syntax requiring a newer OPA version.
    Adjust the policy to target OPA {OPA_VERSION} or earlier

Details:
  """


def with_advice(text: str) -> str:
    """The text of a failed load or evaluation, led by the advice when the policy's Rego is to blame."""
    return _ADVICE + text if any(kind in text for kind in _KINDS) else text
