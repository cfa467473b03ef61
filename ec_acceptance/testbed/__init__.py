"""The services, keys and images that scenarios are made of."""

from pathlib import Path

# Other people's programs import these modules from here, where they were before the testbed had rooms.
__path__.append(str(Path(__file__).with_name("former_names")))
