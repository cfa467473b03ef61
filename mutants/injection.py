"""Content that would speak for the validator: texts that become structure."""
