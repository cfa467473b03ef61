"""Results as lines of JSON: written during a run, read by other runs (docs/outputs.md)."""
