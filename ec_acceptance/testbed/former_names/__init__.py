"""Names that modules of the testbed had before it got its rooms."""
