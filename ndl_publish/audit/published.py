"""What an outsider has, and what an attack says about it."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.errors import Finding

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
TOLERANCE = 1e-6
"""How far the ends of an interval may be from a whole number that they stand for."""


class ImpliedCode(Protocol):
    """The code of one dimension follows from the code of another, as everybody can look up."""

    @property
    def dimension(self) -> int:
        """Index of the dimension whose code follows."""

    @property
    def of(self) -> int:
        """Index of the dimension it follows from."""

    @property
    def code_of(self) -> IntArray:
        """Code index of ``dimension`` for each finest code of ``of``."""


@dataclass(frozen=True, eq=False)
class PublishedCells:
    """The release as anybody sees it. Figures of withheld cells are wiped when it is built.

    A release is equal to itself only, so that what is worked out of it once can be looked up again.

    Attributes:
        grid: All cells of the release.
        values: Shown figure of each cell, ``n_cells``; 0 where withheld.
        is_shown: Which cells are shown.
        implications: Look-ups that everybody has, such as the deprivation decile of an LSOA.
        is_count: True for exact counts, of which an outsider knows that none is negative.
    """

    grid: CellGrid
    values: IntArray = field(repr=False)
    is_shown: BoolArray = field(repr=False)
    implications: tuple[ImpliedCode, ...] = ()
    is_count: bool = True

    def __post_init__(self) -> None:
        """Wipe the figures that are withheld."""
        object.__setattr__(self, "values", np.where(self.is_shown, self.values, 0).astype(np.int64))


@dataclass(frozen=True)
class Intervals:
    """What an attack deduced: the feasibility interval of every cell.

    Attributes:
        attack: Name of the attack.
        lower: Smallest possible value, ``n_cells``; -inf where the attack says nothing.
        upper: Largest possible value; inf where the attack says nothing.
        is_exact: True for withheld cells whose value follows from what is shown.
        notes: What the attack could not do, or how it went about it.
    """

    attack: str
    lower: FloatArray = field(repr=False)
    upper: FloatArray = field(repr=False)
    is_exact: BoolArray = field(repr=False)
    notes: tuple[Finding, ...] = ()


def open_intervals(published: PublishedCells) -> tuple[FloatArray, FloatArray]:
    """Return the intervals before any deduction: a point for shown cells, everything possible for the others."""
    low = 0.0 if published.is_count else -np.inf
    lower = np.where(published.is_shown, published.values, low).astype(np.float64)
    upper = np.where(published.is_shown, published.values, np.inf).astype(np.float64)
    return lower, upper


def whole_up(lower: FloatArray) -> FloatArray:
    """Return the least whole numbers that intervals hold."""
    return np.ceil(lower - TOLERANCE)


def whole_down(upper: FloatArray) -> FloatArray:
    """Return the largest whole numbers that intervals hold."""
    return np.floor(upper + TOLERANCE)
