"""From rules and their values to violations, warnings and successes (specification 11 §5.2, §7, §8)."""
