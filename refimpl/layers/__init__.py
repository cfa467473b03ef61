"""Layers of images, verified and cached (specification 22 and 40)."""

from refimpl.layers.cache import LayerCache
from refimpl.layers.layers import Layers
from refimpl.layers.limits import Limits

__all__ = ["LayerCache", "Layers", "Limits"]
