"""The disclosure line: exact counts go in, only what may be shown comes out."""
