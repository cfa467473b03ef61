"""Keys, signatures and attestations for scenarios."""
