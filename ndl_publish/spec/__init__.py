"""YAML in, frozen models out: the only readers of ``metadata/``, ``disclosure_rules/`` and release files."""
