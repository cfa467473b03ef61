"""Acceptance and conformance suite for validators of container images.

Nothing in here imports the reference validator: it is a black box like any other.
"""
