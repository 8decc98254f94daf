"""Area codes of the records against one boundary vintage: what each code is called now, and whether it is covered.

A code of another vintage with exactly one successor is translated; a code that was split is not, because only the
address says where the child lives now. A well-formed code of a nation that the vintage does not hold (a child who
lives in Wales and goes to school in England) is outside the release, not wrong.
"""

from collections.abc import Mapping
from typing import Final

import narwhals as nw
import polars as pl

from ndl_publish.engines.protocol import Engine, Frame
from ndl_publish.geography.lookup import Geography
from ndl_publish.spec.columns import AreaColumn, Column

COVERED: Final = "covered"
OUTSIDE: Final = "outside"
TRANSLATED: Final = "translated"
OLD: Final = "old"

CODE_PATTERN: Final = r"^[EWSNK][0-9]{8}$"
"""A nine-character code of the statistical geographies. Public; the only value of a record that a message may name."""


def now(column: str) -> str:
    """Return the name of the column that holds the current code for ``column``."""
    return f"_now_{column}"


def origin(column: str) -> str:
    """Return the name of the column that says how the code in ``column`` became the current one.

    It holds ``covered``, ``outside``, ``translated``, ``old`` (split, no single successor), or null for a code the
    vintage does not know.
    """
    return f"_origin_{column}"


def area_columns(columns: Mapping[str, Column]) -> dict[str, str]:
    """Return the area columns among ``columns`` with the level of each."""
    return {name: column.level for name, column in columns.items() if isinstance(column, AreaColumn)}


def nations(geography: Geography, level: str) -> tuple[str, ...]:
    """Return the first letters of the codes of a level: the nations the vintage holds."""
    codes = geography.areas.filter(pl.col("geographic_level") == level)["area_code"]
    return tuple(codes.str.slice(0, 1).unique().sort())


def resolve_areas(frame: Frame, columns: Mapping[str, Column], geography: Geography, *, engine: Engine) -> Frame:
    """Add ``now`` and ``origin`` of every area column to a frame; rows and other columns stay as they are."""
    for name, level in area_columns(columns).items():
        table = area_table(geography, level)
        renamed = table.select(pl.col("code"), pl.col("now").alias(now(name)), pl.col("origin").alias(origin(name)))
        frame = frame.join(engine.lift(renamed), left_on=name, right_on="code", how="left")
    return frame


def area_table(geography: Geography, level: str) -> pl.DataFrame:
    """Return every code of a level that is known, old ones included: ``code``, ``now``, ``origin``.

    Args:
        geography: The vintage, cut down to what the release covers.
        level: The level of the codes.
    """
    known = geography.areas.filter(pl.col("geographic_level") == level)["area_code"].unique()
    covered = geography.codes(level)
    origin_of = pl.when(pl.col("code").is_in(covered.implode())).then(pl.lit(COVERED)).otherwise(pl.lit(OUTSIDE))
    current = pl.DataFrame({"code": known, "now": known}).with_columns(origin_of.alias("origin"))
    changes = geography.code_changes.unique("old_code", keep="none")
    changes = changes.filter(~pl.col("old_code").is_in(known.implode()))
    has_one = pl.col("new_code").is_in(known.implode())
    old = changes.filter(has_one | (pl.col("new_code") == "")).select(
        pl.col("old_code").alias("code"),
        pl.when(has_one).then(pl.col("new_code")).alias("now"),
        pl.when(has_one).then(pl.lit(TRANSLATED)).otherwise(pl.lit(OLD)).alias("origin"),
    )
    several = geography.code_changes.filter(pl.col("old_code").is_duplicated())["old_code"].unique()
    split = pl.DataFrame({"code": several}, schema={"code": pl.String}).select(
        "code", pl.lit(None, pl.String).alias("now"), pl.lit(OLD).alias("origin")
    )
    return pl.concat([current, old, split.filter(~pl.col("code").is_in(known.implode()))])


def is_outside(column: str, geography: Geography, level: str) -> nw.Expr:
    """Return whether a code is a real area that the vintage does not hold: one of another nation."""
    code = nw.col(column)
    elsewhere = code.str.contains(CODE_PATTERN) & ~code.str.slice(0, 1).is_in(list(nations(geography, level)))
    return nw.col(origin(column)).is_null() & elsewhere
