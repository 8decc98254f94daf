"""Areas of a boundary vintage: codes, names, which lies in which, and what became of old codes."""
