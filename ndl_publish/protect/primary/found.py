"""What one primary rule finds."""

from dataclasses import dataclass, field

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.problem import BoolArray


@dataclass(frozen=True)
class Found:
    """What one rule found.

    Attributes:
        rule: Name of the rule, as in the rule book, with what it is about.
        is_primary: The cells it marks, ``n_cells``.
        lowest: Protection interval of each: the value that must remain possible at or below, ``n_cells``.
        highest: The value that must remain possible at or above, ``n_cells``.
        of: Mean whose sum was judged; none where counts were.
    """

    rule: str
    is_primary: BoolArray = field(repr=False)
    lowest: IntArray = field(repr=False)
    highest: IntArray = field(repr=False)
    of: str | None = None
