"""The services, keys and images that scenarios are made of."""
