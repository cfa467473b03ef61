"""The former name of `ec_acceptance.testbed.servers.certificates`."""

from ec_acceptance.testbed.servers.certificates import *  # noqa: F403 - all that is public there
