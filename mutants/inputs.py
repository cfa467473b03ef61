"""References, images, indexes and input files of odd forms."""
