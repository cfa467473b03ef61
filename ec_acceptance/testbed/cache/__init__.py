"""A layer cache on the disk, as it is seen and damaged from outside."""
