"""Layers of images, verified and cached (specification 22 and 40)."""
