"""Policy configuration, its sources, and the rules found in them (specification 10 and 11)."""
