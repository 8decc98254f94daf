"""The targets of a rule book against the plan: which are met, and which weights and which loss would meet them all.

The margin of a level is that of its least certain crossing, as the forecast has it. Weights are worked out so that all
targets are over- or under-met alike: a level's weight is multiplied by the square of its worst margin over its target,
relative to the middle of all levels with a target, and everything is planned again. Other levels keep their weights.
Then the smallest loss is looked for at which every target is met, again by planning.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp, log, log10

from ndl_publish.cube.layout import Crossing, closure
from ndl_publish.forecast import count_margin, free_margin, has_rates, rate_margin
from ndl_publish.pipeline import Prepared, mechanism_of
from ndl_publish.privacy.area_tree import area_tree
from ndl_publish.replanned import replanned
from ndl_publish.spec.rules import DiscreteGaussian, DpRules, loss_of
from ndl_publish.spec.targets import Target, parse_targets

ROUNDS = 12
ALIKE = 1.01
"""Targets whose margins are met or missed by factors no further apart than this are met alike."""
LARGEST_WEIGHT = 1000.0
FIRST_EXPONENT = -8
LAST_STEP = 8100
"""Steps of the search: numbers of three digits, from 0.000001 to 1000, the range that a rule book may name."""
STEPS_PER_DIGIT = 900


@dataclass(frozen=True, slots=True)
class TargetOutcome:
    """A target and what the plan comes to; no margin where the release has no such figures."""

    target: Target
    margin: float | None

    @property
    def ratio(self) -> float | None:
        """Margin over target: above 1 is missed."""
        return None if self.margin is None else self.margin / float(self.target.within)

    @property
    def is_met(self) -> bool | None:
        """Say whether the margin is within the target; nothing where there is no margin."""
        return None if self.ratio is None else self.ratio <= 1


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would meet all targets.

    Attributes:
        loss: Smallest loss of three digits, in the unit of the rule book; none where no allowed loss is enough.
        weights: Weights of the rule book that go with it; empty where they change nothing.
    """

    loss: Decimal | None
    weights: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """All targets of a rule book; a remedy where one is missed."""

    outcomes: tuple[TargetOutcome, ...]
    remedy: Remedy | None

    @property
    def is_met(self) -> bool:
        """Say whether every target that this release has figures for is met."""
        return all(outcome.is_met is not False for outcome in self.outcomes)


def plan_targets(prepared: Prepared, rules: DpRules) -> TargetPlan:
    """Return the targets of a rule book with the margins to expect, and a remedy where one is missed."""
    targets = parse_targets(rules.targets, levels=rules.finest)
    if not targets:
        return TargetPlan((), None)
    met = TargetPlan(_outcomes(prepared, targets), None)
    if met.is_met:
        return met
    weights = _book_weights(rules)
    if isinstance(rules.noise, DiscreteGaussian):
        weights = _alike(prepared, rules, targets)
    return TargetPlan(met.outcomes, Remedy(_smallest_loss(prepared, rules, targets, weights), weights))


def _outcomes(prepared: Prepared, targets: Sequence[Target]) -> tuple[TargetOutcome, ...]:
    mechanism = mechanism_of(prepared)
    margins: dict[tuple[str, Crossing, bool], float] = {}
    found = []
    for target in targets:
        places = _places(prepared, target)
        is_rate = target.group is not None
        for level, crossing in places:
            if (level, crossing, is_rate) not in margins:
                work_out = free_margin if is_rate else count_margin
                margins[level, crossing, is_rate] = work_out(prepared.layout, mechanism, level, crossing)
        widest = max((margins[*place, is_rate] for place in places), default=None)
        if widest is not None and target.group is not None:
            widest = rate_margin(float(target.group), widest)
        found.append(TargetOutcome(target, widest))
    return tuple(found)


def _places(prepared: Prepared, target: Target) -> set[tuple[str, Crossing]]:
    """Return where figures of a target's kind are published at its level."""
    return {
        (target.level, crossing)
        for table in prepared.spec.release.tables
        if target.level in table.levels and (target.kind == "count" or has_rates(prepared, table))
        for crossing in closure(table.breakdowns)
    }


def _book_weights(rules: DpRules) -> dict[str, Decimal]:
    return {level: weight.value for level, weight in rules.weights.items()}


def _alike(prepared: Prepared, rules: DpRules, targets: Sequence[Target]) -> dict[str, Decimal]:
    """Return weights under which all targets are met by about the same factor, at about the loss that meets them."""
    tree = area_tree(prepared.layout.grid)
    loss = loss_of(rules.noise).value
    fixed, free = _book_weights(rules), dict[str, float]()
    for _ in range(ROUNDS):
        here = {**fixed, **_short(free)}
        worst: dict[str, float] = {}
        for outcome in _outcomes(replanned(prepared, rules, loss=loss, weights=here), targets):
            if outcome.ratio is not None:
                carrier = tree.carrier(outcome.target.level)
                worst[carrier] = max(worst.get(carrier, 0.0), outcome.ratio)
        if len(worst) == 1:
            return fixed
        least, most = min(worst.values()), max(worst.values())
        if most <= ALIKE * least and 1 / ALIKE <= most <= ALIKE:
            break
        middle = exp(sum(map(log, worst.values())) / len(worst))
        free = {level: _held(free.get(level, 1.0) * (ratio / middle) ** 2) for level, ratio in worst.items()}
        loss = _decimal(_step_below(float(loss) * most**2))
    return {**fixed, **_short(free)}


def _held(weight: float) -> float:
    return min(max(weight, 1 / LARGEST_WEIGHT), LARGEST_WEIGHT)


def _short(weights: Mapping[str, float]) -> dict[str, Decimal]:
    """Return weights as a rule book would hold them: three digits."""
    return {level: Decimal(f"{Decimal(f'{weight:.3g}'):f}") for level, weight in weights.items()}


def _smallest_loss(
    prepared: Prepared, rules: DpRules, targets: Sequence[Target], weights: Mapping[str, Decimal]
) -> Decimal | None:
    """Return the smallest loss of three digits under which every target is met; none where there is none."""

    def worst(loss: Decimal) -> float:
        outcomes = _outcomes(replanned(prepared, rules, loss=loss, weights=weights), targets)
        return max(outcome.ratio for outcome in outcomes if outcome.ratio is not None)

    known = loss_of(rules.noise).value
    power = 2 if isinstance(rules.noise, DiscreteGaussian) else 1
    guess = float(known) * worst(known) ** power
    step = _first(lambda step: worst(_decimal(step)) <= 1, near=_step_below(guess))
    return None if step is None else _decimal(step)


def _decimal(step: int) -> Decimal:
    """Return the number of three digits at a step of the search.

    Example:
        >>> _decimal(0), _decimal(899), _decimal(LAST_STEP)
        (Decimal('0.00000100'), Decimal('0.00000999'), Decimal('1000'))
    """
    exponent, digits = divmod(step, STEPS_PER_DIGIT)
    value = Decimal(100 + digits).scaleb(exponent + FIRST_EXPONENT)
    return value if value == 0 else Decimal(f"{value:f}")


def _step_below(value: float) -> int:
    """Return the last step whose number does not exceed a value, inside the range."""
    exponent = int(log10(value) // 1) - 2
    digits = int(value / 10.0**exponent) - 100
    return min(max((exponent - FIRST_EXPONENT) * STEPS_PER_DIGIT + digits, 0), LAST_STEP)


def _first(holds: Callable[[int], bool], *, near: int) -> int | None:
    """Return the first step for which a claim holds that holds ever after; none where it never does.

    The search begins at ``near`` and moves in doubling strides until it has the first step between two.
    """
    stride, at = 1, near
    if holds(at):
        low, high = -1, at
        while high > 0:
            at = max(high - stride, 0)
            if not holds(at):
                low = at
                break
            high, stride = at, 2 * stride
    else:
        low, high = at, -1
        while low < LAST_STEP:
            at = min(low + stride, LAST_STEP)
            if holds(at):
                high = at
                break
            low, stride = at, 2 * stride
        if high < 0:
            return None
    while high - low > 1:
        at = (low + high) // 2
        low, high = (low, at) if holds(at) else (at, high)
    return high
