"""OCI registries for scenarios.

`choice.open_backend` gives one; scenarios reach it through a gate of their own. `python -m
ec_acceptance.testbed.registry` serves the embedded registry alone.
"""
