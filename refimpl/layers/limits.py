"""How much of a layer is read before it is taken for an attack (specification 40 #25)."""

from __future__ import annotations

from refimpl.record import record


@record
class Limits:
    """Beyond any of these an image's files cannot be read, and its component fails.

    Args:
        layer_bytes: one layer, decompressed.
        entries: entries of one layer's archive.
        file_bytes: one file that is read (others are passed over, whatever their size).
        image_bytes: all files that are read of one image.
    """

    layer_bytes: int = 32 << 30
    entries: int = 2_000_000
    file_bytes: int = 16 << 20
    image_bytes: int = 64 << 20
