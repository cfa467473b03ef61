"""Evaluation of Rego by OPA, in a process of its own."""
