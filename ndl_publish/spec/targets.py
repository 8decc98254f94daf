"""Targets of a rule book in words: how precise figures are wanted, in one small grammar.

    local authority rates within 2 points for groups of 200
    region counts within 15 children

"Within" is the half-width of the 95% interval that the noise leaves. A target never changes what is built: it is what
``plan`` holds the rules against. The words for levels are those of the rule book, of published files, or short forms.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from ndl_publish.spec.base import nearest
from ndl_publish.spec.yaml_source import KeyPath

GRAMMAR: Final = (
    '"<level> rates within <number> points for groups of <number>" or "<level> counts within <number> children"'
)
OTHER_WORDS: Final = {
    "england": "national",
    "regional": "region",
    "ca": "combined_authority",
    "la": "local_authority",
    "lad": "local_authority_district",
    "lower layer super output area": "lsoa",
}
"""What levels are called besides their names: labels of published files, and abbreviations."""
FULL: Final = Decimal(100)

_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_RATES: Final = rf"rates? within (?P<points>{_NUMBER}) (?:percentage )?points? for groups? of (?P<group>{_NUMBER})"
_COUNTS: Final = rf"counts? within (?P<count>{_NUMBER})"
_PEOPLE: Final = "(?:children|persons)"
_TARGET: Final = re.compile(
    rf"(?P<level>.{{1,80}}?) (?:{_RATES}(?: {_PEOPLE})?|{_COUNTS} {_PEOPLE})\.?", flags=re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Target:
    """How precise the figures of a level are wanted.

    Attributes:
        text: The words it was read from, spaces tidied.
        level: Area level.
        kind: ``rate`` in percentage points, or ``count`` in people.
        within: Widest half-width of the 95% interval.
        group: People in the group that a rate is of; none for counts.
    """

    text: str
    level: str
    kind: Literal["rate", "count"]
    within: Decimal
    group: Decimal | None = None


def parse_target(text: str, *, levels: Iterable[str]) -> Target:
    """Return what a target says.

    Args:
        text: Its words.
        levels: Names of the levels it may be about.

    Raises:
        ValueError: With what is wrong and the grammar.

    Example:
        >>> target = parse_target("LA rates within 2 points for groups of 200", levels=["local_authority"])
        >>> target.level, target.kind, target.within, target.group
        ('local_authority', 'rate', Decimal('2'), Decimal('200'))
        >>> parse_target("region counts within 15 children", levels=["region"]).within
        Decimal('15')
    """
    tidy = " ".join(text.split())
    found = _TARGET.fullmatch(tidy)
    if found is None:
        raise ValueError(f"is not written as a target; write {GRAMMAR}.")
    level = _level(found["level"], frozenset(levels))
    if found["count"]:
        return Target(tidy, level, "count", _positive(found["count"]))
    return Target(tidy, level, "rate", _positive(found["points"], most=FULL), _positive(found["group"], whole=True))


def parse_targets(texts: Iterable[str], *, levels: Iterable[str]) -> tuple[Target, ...]:
    """Return what the targets of a rule book say; the book was read before, so none is wrong."""
    known = frozenset(levels)
    return tuple(parse_target(text, levels=known) for text in texts)


def target_mistakes(texts: Iterable[str], *, levels: Iterable[str]) -> Iterator[tuple[KeyPath, str]]:
    """Yield each target that cannot be read, with the key it stands under and what is wrong."""
    known = frozenset(levels)
    for i, text in enumerate(texts):
        try:
            parse_target(text, levels=known)
        except ValueError as error:
            yield ("targets", i), str(error)


def _level(words: str, known: frozenset[str]) -> str:
    plain = words.lower().replace("_", " ")
    spelt = {name.replace("_", " "): name for name in known}
    spelt |= {other: name for other, name in OTHER_WORDS.items() if name in known}
    if plain not in spelt:
        names = [name for name in spelt if name not in OTHER_WORDS]
        raise ValueError(f'finest allows no level "{words}"; {nearest(plain, names)} Write {GRAMMAR}.')
    return spelt[plain]


def _positive(text: str, *, most: Decimal | None = None, whole: bool = False) -> Decimal:
    value = Decimal(text.replace(",", ""))
    if value <= 0 or (most is not None and value > most) or (whole and value != int(value)):
        raise ValueError(
            f"a target's numbers are above 0, points at most {FULL}, groups whole numbers; write {GRAMMAR}."
        )
    return value
