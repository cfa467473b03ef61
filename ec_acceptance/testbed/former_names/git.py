"""The former name of `ec_acceptance.testbed.servers.git`."""

from ec_acceptance.testbed.servers.git import *  # noqa: F403 - all that is public there
