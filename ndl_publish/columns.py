"""Canonical column names and the closed list of cell statuses.

Every other module takes its column names from here, so a renamed column is changed in one place. The statuses follow
the Analysis Function ("Using symbols and shorthand to present data", January 2022). There, ``c`` is for confidential
figures; primary and secondary suppression share it in public, because telling them apart helps an attacker.
"""

from enum import IntEnum
from typing import Final

TIME_PERIOD: Final = "time_period"
TIME_IDENTIFIER: Final = "time_identifier"
GEOGRAPHIC_LEVEL: Final = "geographic_level"
AREA_CODE: Final = "area_code"
AREA_NAME: Final = "area_name"
MEASURE: Final = "measure"
UNIT: Final = "unit"
VALUE: Final = "value"
LOWER: Final = "lower"
UPPER: Final = "upper"
STATUS: Final = "status"
BEST_NONNEG: Final = "best_nonneg"
"""A second estimate of a noisy count, never negative; only where the rules ask for it."""

LEADING: Final = (TIME_PERIOD, TIME_IDENTIFIER, GEOGRAPHIC_LEVEL, AREA_CODE, AREA_NAME)
TRAILING: Final = (MEASURE, UNIT, VALUE, LOWER, UPPER, STATUS)
OF_FIGURES: Final = (*TRAILING, BEST_NONNEG)
"""Columns that say something of a figure; all others say what it is of."""

TOTAL: Final = "Total"
"""The label of a margin in every breakdown column."""

TOTAL_LEVEL: Final = "total"
"""Name of the level of a dimension that has one group: everything."""

PLACE: Final = "place"
"""Column of the validated records that holds the finest area a child is counted in."""

CHILDREN: Final = "children"
"""Column of the finest counts that holds the number of children (persons) in a row."""

PUBLISHED: Final = "published"
SUPPRESSED: Final = "suppressed"
LOW_RELIABILITY: Final = "low_reliability"
NOT_APPLICABLE: Final = "not_applicable"
NOT_AVAILABLE: Final = "not_available"

STATUS_SYMBOLS: Final = {
    PUBLISHED: "",
    SUPPRESSED: "c",
    LOW_RELIABILITY: "u",
    NOT_APPLICABLE: "z",
    NOT_AVAILABLE: "x",
}
"""Public status of a figure -> symbol of the Analysis Function."""


class Mask(IntEnum):
    """Why a cell is withheld. Internal: in public the two kinds of suppression are one."""

    SHOWN = 0
    PRIMARY_SUPPRESSED = 1
    SECONDARY_SUPPRESSED = 2
