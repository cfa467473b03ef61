"""The targets, by family."""
