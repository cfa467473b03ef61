"""``validate input --server``: verdicts over HTTP (docs/server.md)."""
