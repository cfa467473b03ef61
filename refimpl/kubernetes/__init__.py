"""The cluster: its configuration and what is read from it."""
