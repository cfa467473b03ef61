"""Archives, packs and layers that break off, and what is taken for their end."""
