"""Counts with margins, the grid that ties them together, and the public side's types."""
