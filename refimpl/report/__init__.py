"""The report in each of its formats (specification 24)."""
