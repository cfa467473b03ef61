"""The former name of `ec_acceptance.testbed.servers.http`."""

from ec_acceptance.testbed.servers.http import *  # noqa: F403 - all that is public there
