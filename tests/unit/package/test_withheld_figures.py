"""How many figures are withheld is what anybody can count in the table."""

import polars as pl
import pytest

from ndl_publish.package.rows import PublicRows
from ndl_publish.package.withheld_figures import WithheldFigures, withheld_figures


def rows(*pairs: tuple[str, str]) -> PublicRows:
    frame = pl.DataFrame(list(pairs), schema=["geographic_level", "status"], orient="row")
    levels = tuple(dict.fromkeys(level for level, _ in pairs))
    return PublicRows("t", "T", (), levels, (), {}, frame)


def test_every_kind_of_withholding_counts() -> None:
    table = rows(
        ("Ward", "published"), ("Ward", "suppressed"), ("Ward", "low_reliability"), ("Ward", "not_applicable"),
        ("National", "published"),
    )  # fmt: skip
    assert withheld_figures(table) == (WithheldFigures("t", "Ward", 4, 2), WithheldFigures("t", "National", 1, 0))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((0, 0), "none"), ((10, 0), "none"), ((3, 1), "33.3%"), ((9999, 1), "under 0.1%"), ((1000, 1), "0.1%")],
)
def test_percent_in_words(numbers: tuple[int, int], words: str) -> None:
    assert WithheldFigures("t", "Ward", *numbers).percent == words
