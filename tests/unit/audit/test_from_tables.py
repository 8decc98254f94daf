"""Published tables read back as an outsider reads them."""

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.from_tables import published_cells
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.printed import printed_cells
from ndl_publish.errors import DisclosureError
from tests.unit.audit.conftest import Clean, Plant

COUNT = {"measure": "children_count", "status": "published", "geographic_level": "local_authority"}


def _agrees(found: PublishedCells, clean: Clean) -> bool:
    """Say whether what is read is what was shown; cells that no table prints need not be had by subtraction."""
    protected = clean.protected
    printed = printed_cells(clean.made.layout) | (protected.mode == "dp")
    return bool(
        not (found.is_shown & ~protected.is_shown).any()
        and np.array_equal(found.is_shown[printed], protected.is_shown[printed])
        and np.array_equal(found.values[found.is_shown], protected.values[found.is_shown])
    )


def test_what_is_read_back_is_what_was_shown(clean: Clean) -> None:
    found = published_cells(clean.made.spec, clean.made.layout, clean.tables)
    assert _agrees(found, clean)
    assert not clean.protected.is_shown.all()
    assert found.is_count == (clean.protected.mode == "classic")


def test_the_order_of_the_rows_does_not_matter(clean: Clean) -> None:
    shuffled = {name: table.sample(fraction=1.0, shuffle=True, seed=2) for name, table in clean.tables.items()}
    one = published_cells(clean.made.spec, clean.made.layout, clean.tables)
    other = published_cells(clean.made.spec, clean.made.layout, shuffled)
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.is_shown, other.is_shown)


def test_everything_shown_gives_every_complement_by_subtraction(clean: Clean) -> None:
    spec, layout = clean.made.spec, clean.made.layout
    whole = {
        name: table.with_columns(value=pl.int_range(pl.len()).cast(pl.Float64) * 0 + 7.0)
        for name, table in clean.tables.items()
    }
    found = published_cells(spec, layout, whole)
    assert found.is_shown.all()
    block = layout.grid.block(("lsoa", "sex", "comm+gld+all_goals"))
    assert found.values[block.cells].reshape(block.shape)[..., :3].sum() == 0
    assert (found.values[block.cells].reshape(block.shape)[..., 3] == 7).all()


def test_two_tables_that_disagree_are_refused_without_telling_the_counts(clean: Clean, plant: Plant) -> None:
    tables = plant(clean, "again", COUNT, value=987654.0)
    with pytest.raises(DisclosureError, match="two tables print different counts") as caught:
        published_cells(clean.made.spec, clean.made.layout, tables)
    assert caught.value.code == "NDL-D011"
    assert "987654" not in str(caught.value)


def test_a_count_blank_in_one_table_and_shown_in_another_counts_as_seen(clean: Clean, plant: Plant) -> None:
    tables = plant(clean, "again", COUNT, value=None, status="suppressed")
    assert _agrees(published_cells(clean.made.spec, clean.made.layout, tables), clean)


@pytest.mark.parametrize("keep", [pl.int_range(pl.len()) > 0, pl.col("geographic_level") != "lsoa"])
def test_missing_rows_are_refused(clean: Clean, keep: pl.Expr) -> None:
    tables = {**clean.tables, "small": clean.tables["small"].filter(keep)}
    with pytest.raises(DisclosureError, match="exactly one row per cell") as caught:
        published_cells(clean.made.spec, clean.made.layout, tables)
    assert caught.value.code == "NDL-D011"


def test_a_row_twice_is_refused(clean: Clean) -> None:
    tables = {**clean.tables, "small": pl.concat([clean.tables["small"], clean.tables["small"][:1]])}
    with pytest.raises(DisclosureError):
        published_cells(clean.made.spec, clean.made.layout, tables)


def test_an_area_that_is_none_is_refused(clean: Clean, plant: Plant) -> None:
    tables = plant(clean, "small", COUNT, area_code="elsewhere")
    with pytest.raises(DisclosureError):
        published_cells(clean.made.spec, clean.made.layout, tables)


def test_only_counts_are_read(clean: Clean) -> None:
    other = {
        name: table.with_columns(
            value=pl.when(pl.col("unit") == "children").then(pl.col("value")).otherwise(pl.lit(None))
        )
        for name, table in clean.tables.items()
    }
    assert _agrees(published_cells(clean.made.spec, clean.made.layout, other), clean)
