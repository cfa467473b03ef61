"""One scenario's run: its hooks, its world, and what all scenarios share."""
