"""The reference validator: decides whether container images conform to policies."""

__version__ = "0.1.0"
