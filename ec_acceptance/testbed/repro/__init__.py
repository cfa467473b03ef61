"""What a scenario did, in one archive: enough to serve the same answers again, and to run a validator on them."""
