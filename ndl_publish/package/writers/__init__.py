"""One file per output format; ``package/registry.py`` lists them in the order in which they are written."""
