"""OCI registries for scenarios, and the gate in front of them.

`choice.open_backend` gives a registry, `gate.Gate` a scenario's own door to it; `rules` has what a gate may do to an
answer, `log` what it saw. `python -m ec_acceptance.testbed.registry` serves the embedded registry alone.
"""
