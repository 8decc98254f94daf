"""The first two of the seven types: records as read, and records that keep the contract. Both are confidential."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from ndl_publish.engines.protocol import Frame
from ndl_publish.errors import Finding
from ndl_publish.spec.load import ReleaseSpec

Progress = Callable[[str], None]
"""Is told what is being done, in words; never a value of a record."""

LINKS: Final = "links"
"""Name of the link table among the sources of a release."""

# Names that begin with an underscore cannot be declared, so they never meet a column of the metadata.
ID: Final = "_id"
PERIOD: Final = "_period"
CHILD: Final = "_child"
SOURCE: Final = "_source"
LINKED: Final = "_linked"
WEIGHT: Final = "_weight"
CONTRIBUTOR: Final = "_contributor"
IS_FIRST: Final = "_is_first"


def contributor_column(name: str) -> str:
    """Return the canonical column that holds the identifiers of a contributor among the rows of its source."""
    return f"_by_{name}"


def amount_column(measure: str) -> str:
    """Return the column that holds what came from a contributor of the sum behind a mean."""
    return f"_amount_{measure}"


@dataclass(frozen=True, slots=True)
class Extract:
    """The files of one source and what their header says.

    Attributes:
        files: In the order the release names them.
        header: Column names as they stand in the files.
        columns: Canonical name -> name in the files, for every column the metadata declares.
    """

    files: tuple[Path, ...]
    header: tuple[str, ...]
    columns: Mapping[str, str]

    def where(self, source: str, column: str | None = None) -> str:
        """Return how a message names this source or one of its columns."""
        return f"{source}, column {self.columns.get(column, column)}" if column else source


@dataclass(frozen=True, slots=True)
class Records:
    """Scanned sources with canonical names, all columns strings, what counts as missing null. Not yet checked.

    Attributes:
        spec: The release.
        extracts: Source (and ``links``) -> its files.
        sources: Source (and ``links``) -> its rows; the spine holds those of the release's time period.
        all_periods: The spine before rows of other periods are left out.
        findings: Notes from reading.
    """

    spec: ReleaseSpec = field(repr=False)
    extracts: Mapping[str, Extract] = field(repr=False)
    sources: Mapping[str, Frame] = field(repr=False)
    all_periods: Frame = field(repr=False)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidatedRecords:
    """One row per child of the population, every value inside its declared list or range. Confidential.

    Attributes:
        spec: The release.
        frame: ``place``; each breakdown's column as a label, each share's as true or false, each mean's as an integer
            within its bounds; no nulls.
        n_children: Number of rows of ``frame``. Confidential.
        linkage: ``geographic_level``, ``area_code``, ``source``, ``children``, ``linked``. Confidential.
        findings: Warnings and notes.
        contributions: Contributor -> a row per child and contributor: breakdowns and shares as in ``frame``,
            ``CONTRIBUTOR`` (a number that stands for the identifier), ``IS_FIRST`` (true in one of a child's rows), and
            the ``amount_column`` of each mean whose sum the rules judge. Confidential.
    """

    spec: ReleaseSpec = field(repr=False)
    frame: Frame = field(repr=False)
    n_children: int = field(repr=False)
    linkage: pl.DataFrame = field(repr=False)
    findings: tuple[Finding, ...] = ()
    contributions: Mapping[str, Frame] = field(repr=False, default_factory=dict)
