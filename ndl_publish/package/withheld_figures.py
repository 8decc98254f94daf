"""How many figures of a table are withheld at each level: what anybody can count in the published files."""

from dataclasses import dataclass

import polars as pl

from ndl_publish import columns
from ndl_publish.package.rows import PublicRows

_WITHHELD = (columns.SUPPRESSED, columns.LOW_RELIABILITY)


@dataclass(frozen=True, slots=True)
class WithheldFigures:
    """Figures of a table at one level, and how many of them are withheld, for whatever reason."""

    table: str
    level: str
    figures: int
    withheld: int

    @property
    def percent(self) -> str:
        """Share withheld in percent, with one decimal; a little is never written as nothing.

        Example:
            >>> WithheldFigures("a", "ward", 8, 1).percent, WithheldFigures("a", "ward", 9999, 1).percent
            ('12.5%', 'under 0.1%')
        """
        if not self.withheld:
            return "none"
        if self.withheld * 1000 < self.figures:
            return "under 0.1%"
        return f"{100 * self.withheld / self.figures:.1f}%"


def withheld_figures(rows: PublicRows) -> tuple[WithheldFigures, ...]:
    """Return how many figures are withheld at each level of a table, in the order of its levels."""
    is_withheld = pl.col(columns.STATUS).is_in(_WITHHELD)
    found = rows.frame.group_by(columns.GEOGRAPHIC_LEVEL).agg(pl.len(), is_withheld.sum().alias("withheld"))
    by_level = {level: (n, withheld) for level, n, withheld in found.iter_rows()}
    return tuple(WithheldFigures(rows.name, level, *by_level[level]) for level in rows.levels)
