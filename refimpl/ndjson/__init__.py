"""Results as lines of JSON: written while a run goes on, read by other runs (docs/outputs.md)."""
