"""Images and artifacts at a registry, as the OCI distribution and image specifications have them."""
