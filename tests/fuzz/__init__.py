"""Fuzzing of every parser that reads what others wrote; see docs/fuzzing.md."""
