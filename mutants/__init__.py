"""Validators that are wrong in one way each, and the matrix of which scenario finds which of them (docs/mutants.md)."""
