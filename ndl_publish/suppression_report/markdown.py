"""The report as Markdown, made of the very content of the JSON, with long tables cut."""

from typing import Any, Final

from ndl_publish.package.render import fill

TEMPLATE: Final = "suppression_report.md.j2"
LONGEST: Final = 20
"""Rows of a table; the JSON has all."""


def report_markdown(content: dict[str, Any]) -> bytes:
    """Return the Markdown of a report.

    Args:
        content: What ``SuppressionReport.as_json`` gives.
    """
    sections = [_cut(section) for section in content["sections"] if section["rows"]]
    return fill(TEMPLATE, {**content, "sections": sections, "longest": LONGEST})


def _cut(section: dict[str, Any]) -> dict[str, Any]:
    """Return a section with the rows where most is withheld and none without, when there are too many."""
    rows = section["rows"]
    if len(rows) > LONGEST:
        touched = [row for row in rows if row["withheld"]]
        rows = sorted(touched, key=lambda row: -row["withheld"])[:LONGEST]
    return {**section, "rows": rows, "more": len(section["rows"]) - len(rows)}
