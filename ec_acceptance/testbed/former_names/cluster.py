"""The former name of `ec_acceptance.testbed.servers.cluster`."""

from ec_acceptance.testbed.servers.cluster import *  # noqa: F403 - all that is public there
