"""Refuse text that a spreadsheet would run as a formula.

A cell that starts with ``= + - @`` (or a tab or carriage return) is run by common spreadsheets on opening a CSV. Such
text is refused, not changed: an area or a category has the name it has, and a quiet apostrophe would break joins.
"""

from typing import Final

import polars as pl

from ndl_publish.errors import Finding, RuleError
from ndl_publish.geography.lookup import Geography
from ndl_publish.spec.load import ReleaseSpec

_FORMULA: Final = r"^[=+\-@\t\r]"


def refuse_formulas(frame: pl.DataFrame, *, where: str) -> None:
    """Refuse a frame in which a text cell starts like a formula.

    Args:
        frame: What would be written; columns that are not text are passed over.
        where: Name of the file, for the finding.

    Raises:
        RuleError: ``NDL-R051`` with one finding per column; names column and number of cells, not the text.
    """
    findings = []
    for column in frame.select(pl.col(pl.String, pl.Enum, pl.Categorical)).get_columns():
        count = _starts_like_formula(column)
        if count:
            findings.append(_finding(f"{where}: {column.name}", count))
    _stop(findings)


def refuse_unsafe_words(spec: ReleaseSpec, *, geography: Geography) -> None:
    """Refuse metadata or area names that no CSV could hold, before anything is drawn or spent.

    Raises:
        RuleError: ``NDL-R051`` with a finding for each key of the metadata, or for the area names.
    """
    words = {
        f"breakdowns.{name}": pl.Series([b.title, b.description, *(spec.dataset.categories(b.column) or ())])
        for name, b in spec.dataset.breakdowns.items()
    }
    words |= {f"measures.{name}": pl.Series([m.title, m.description]) for name, m in spec.dataset.measures.items()}
    words["areas.csv: area_name"] = geography.areas["area_name"]
    counts = {where: _starts_like_formula(texts) for where, texts in words.items()}
    _stop([_finding(where, count) for where, count in counts.items() if count])


def _starts_like_formula(texts: pl.Series) -> int:
    return int(texts.unique().cast(pl.String).str.contains(_FORMULA).sum())


def _finding(where: str, count: int) -> Finding:
    message = f"{count} different texts start with =, +, -, @, a tab or a line end; a spreadsheet would run them."
    return Finding("NDL-R051", "error", where, message)


def _stop(findings: list[Finding]) -> None:
    if findings:
        message = "Some names or labels start like a formula. Write them another way in the metadata or the areas."
        raise RuleError("NDL-R051", message, findings=tuple(findings))
