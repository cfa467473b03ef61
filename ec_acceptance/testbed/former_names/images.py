"""The former name of `ec_acceptance.testbed.fixtures.images`."""

from ec_acceptance.testbed.fixtures.images import *  # noqa: F403 - all that is public there
