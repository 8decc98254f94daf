"""What a suppression report holds. Confidential: it tells primary from secondary and counts of areas."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tally:
    """How some cells of a release came out.

    Attributes:
        name: What they have in common.
        cells: Number of cells.
        primary: Withheld for what they are.
        secondary: Withheld to protect those.
        zeros_withheld: Of both, the cells that hold nobody.
        large_secondary: Secondaries with so many children that their loss hurts; see ``SuppressionReport.large_from``.
        children: Sum of the counts of all the cells; a child counts in every cell it is in.
        children_secondary: Sum of the counts of the secondaries.
    """

    name: str
    cells: int
    primary: int
    secondary: int
    zeros_withheld: int
    large_secondary: int
    children: int
    children_secondary: int

    def as_json(self) -> dict[str, Any]:
        """Return numbers and shares; a share of nothing is null."""
        withheld = self.primary + self.secondary
        return asdict(self) | {
            "shown": self.cells - withheld,
            "withheld": withheld,
            "share_withheld": _ratio(withheld, self.cells, decimals=3),
            "secondaries_per_primary": _ratio(self.secondary, self.primary, decimals=2),
            "share_of_children_in_secondaries": _ratio(self.children_secondary, self.children, decimals=3),
        }


@dataclass(frozen=True, slots=True)
class Section:
    """Tallies of one kind: by table, by area, by characteristic."""

    title: str
    rows: tuple[Tally, ...] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return title and rows."""
        return {"title": self.title, "rows": [row.as_json() for row in self.rows]}


@dataclass(frozen=True, slots=True)
class RuleTally:
    """Cells that a rule marks.

    Attributes:
        rule: Its name.
        marked: Cells it marks.
        only: Those of them that no other rule marks.
        interval: What each of them must be able to be, in words; none for a rule that withholds nothing.
    """

    rule: str
    marked: int
    only: int
    interval: str | None


@dataclass(frozen=True, slots=True)
class Attacker:
    """Whom the pattern was made for.

    Attributes:
        zeros: What the rules do with observed zeros: ``shown`` or ``protected``.
        insiders: Whether a child alone in a withheld cell is taken to use what it knows.
    """

    zeros: str
    insiders: bool


@dataclass(frozen=True, slots=True)
class Alternative:
    """What other rules would come to.

    Attributes:
        change: What would be different from the rules in force.
        withheld: Cells withheld then; none where these rules contradict the cells that must be shown.
        more_withheld: How many more than under the rules in force; negative for fewer; none likewise.
        unprotected: Small counts that could not be protected then; the release would be refused.
    """

    change: str
    withheld: int | None
    more_withheld: int | None
    unprotected: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What each rule costs.

    Attributes:
        seconds: Time for improvement that each search was given, that under the rules in force too.
        withheld: Cells withheld under the rules in force in that time.
        alternatives: Other rules.
    """

    seconds: float
    withheld: int
    alternatives: tuple[Alternative, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the numbers of every search."""
        return asdict(self) | {"alternatives": [asdict(other) for other in self.alternatives]}


@dataclass(frozen=True, slots=True)
class SuppressionReport:
    """Everything the statistician is told about a pattern of suppression.

    Attributes:
        title: Name of the release or file.
        total: All cells.
        underivable: Of its secondaries, the complements that no table prints and nobody can subtract.
        rules: The primary rules, in the order of the rule book.
        overlaps: Names of rules joined by " + " -> cells that exactly these mark.
        attacker: Whom the pattern was made for.
        without_interval: Primaries without a pair of alternative tables that span their interval; none in a release.
        large_from: Count from which a secondary is called large.
        opened: Cells that were withheld at first and that the improvement showed again.
        is_cut_short: Whether the improvement ran out of time.
        sections: Tallies by table, block, area and characteristic.
        what_if: What each rule costs; none where it was not computed.
    """

    title: str
    total: Tally
    underivable: int
    rules: tuple[RuleTally, ...]
    overlaps: dict[str, int]
    attacker: Attacker
    without_interval: int
    large_from: int
    opened: tuple[str, ...] = field(repr=False)
    is_cut_short: bool
    sections: tuple[Section, ...] = field(repr=False)
    what_if: WhatIf | None

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON content; the Markdown is made of the same."""
        return {
            "title": self.title,
            "total": self.total.as_json(),
            "underivable": self.underivable,
            "rules": [asdict(rule) for rule in self.rules],
            "overlaps": dict(self.overlaps),
            "attacker": asdict(self.attacker),
            "without_interval": self.without_interval,
            "large_from": self.large_from,
            "opened": list(self.opened),
            "is_cut_short": self.is_cut_short,
            "sections": [section.as_json() for section in self.sections],
            "what_if": None if self.what_if is None else self.what_if.as_json(),
        }


def _ratio(part: int, whole: int, *, decimals: int) -> float | None:
    """Return a ratio rounded once, half up, to as many decimals as the Markdown prints: 14 of 27 is 51.9%.

    Example:
        >>> _ratio(14, 27, decimals=3), _ratio(1, 8, decimals=2), _ratio(1, 0, decimals=3)
        (0.519, 0.13, None)
    """
    ten = 10**decimals
    return (2 * part * ten + whole) // (2 * whole) / ten if whole else None
