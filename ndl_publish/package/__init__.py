"""From an audited cube to a folder of files that agree with one another: ``public/`` and ``internal/``."""
