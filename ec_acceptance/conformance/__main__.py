"""``python -m ec_acceptance.conformance``."""

from ec_acceptance.conformance.cli import run

if __name__ == "__main__":
    run()
