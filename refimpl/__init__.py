"""The reference validator: decides whether container images conform to policies.

As a library: `validate_image` (docs/library.md), and `refimpl.errors`.
"""

from refimpl.about import __version__

TYPE_CHECKING = False  # not imported from typing: this module is the first of each run
if TYPE_CHECKING:
    from refimpl.library import ComponentVerdict, Finding, Verdict, validate_image
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from refimpl import library

        return getattr(library, name)


__all__ = ["ComponentVerdict", "Finding", "Verdict", "__version__", "validate_image"]
