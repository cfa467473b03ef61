"""The former name of `ec_acceptance.testbed.fixtures.archive`."""

from ec_acceptance.testbed.fixtures.archive import *  # noqa: F403 - all that is public there
