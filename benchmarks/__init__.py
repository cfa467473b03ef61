"""Measurements side by side, as ratios: never tests, since machines differ."""
