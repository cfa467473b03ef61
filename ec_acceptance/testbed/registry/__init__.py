"""OCI registries for scenarios, and the gate in front of them."""
