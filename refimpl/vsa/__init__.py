"""Verification summary attestations (VSA): making, keeping, finding and judging them (specification 24 §14, §16)."""
