"""Acceptance and conformance suite for validators of container images.

Nothing in here imports the reference validator: it is a black box like any other.
"""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("ec-acceptance")
