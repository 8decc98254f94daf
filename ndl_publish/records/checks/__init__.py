"""What is checked before anything is counted: one file per check, all listed in ``registry.py``."""
