"""The gate in front of a registry: a scenario's own door, with a log of its requests and its own faults."""
