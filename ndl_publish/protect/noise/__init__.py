"""Noise: exact draws of integer distributions from keyed random words, one distribution per file."""
