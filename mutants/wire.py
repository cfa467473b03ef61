"""Connections, redirects, encodings, proxies and trusted certificates."""
