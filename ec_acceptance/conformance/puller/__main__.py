"""``python -m ec_acceptance.conformance.puller TEMPLATE validate image …``."""

from ec_acceptance.conformance.puller.cli import run

run()
