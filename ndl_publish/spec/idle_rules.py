"""Rules that are written and withhold nothing: allowed, and worth a warning."""

from collections.abc import Iterator

from ndl_publish.errors import Finding
from ndl_publish.spec.primary_rules import Threshold
from ndl_publish.spec.release import Release
from ndl_publish.spec.rules import ClassicRules, DiscreteGaussian, DpRules


def idle_keys(release: Release, rules: DpRules | ClassicRules) -> Iterator[Finding]:
    """Yield a warning ``NDL-R007`` for each key of a release that has no effect under its rules."""
    if len(release.time_periods) == 1:
        for i, table in enumerate(release.tables):
            if table.periods != "each":
                message = "the release has one time period: there is nothing to pool."
                yield Finding("NDL-R007", "warning", f"{release.release_id}: tables.{i}.periods", message)
    if release.public_figures is not None and (not isinstance(rules, DpRules) or rules.invariant is None):
        message = "the rules name no invariant: nothing is held exact. Name one, or leave the file out."
        yield Finding("NDL-R007", "warning", f"{release.release_id}: public_figures", message)


def idle_rules(rules: DpRules | ClassicRules) -> Iterator[Finding]:
    """Yield warnings ``NDL-R007``: a threshold of 1 withholds nothing, a cap below rho lets no release be paid for."""
    if isinstance(rules, DpRules) and isinstance(rules.noise, DiscreteGaussian):
        for name, cap in (("lifetime_cap", rules.lifetime_cap), ("yearly_cap", rules.yearly_cap)):
            if cap is not None and cap.value < rules.noise.rho.value:
                message = "is smaller than rho of the noise: no release under these rules can be paid for."
                yield Finding("NDL-R007", "warning", f"{rules.rules_id}: {name}", message)
    for i, rule in enumerate(rules.primary if isinstance(rules, ClassicRules) else ()):
        if isinstance(rule, Threshold) and rule.minimum_count.value == 1:
            about = f" for {', '.join(rule.measures)}" if rule.measures else ""
            message = f"a threshold of 1 withholds nothing{about}. Write the smallest count that may be shown."
            yield Finding("NDL-R007", "warning", f"{rules.rules_id}: primary.{i} (threshold)", message)
