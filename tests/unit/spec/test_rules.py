from fractions import Fraction
from pathlib import Path

import pytest

from ndl_publish.errors import Finding, RuleError
from ndl_publish.spec.load import load_rules
from ndl_publish.spec.rules import ClassicRules, DiscreteGaussian, DpRules, Geometric
from tests.unit.spec.conftest import Project

REFERENCE = 'valid_from: 2026-04-01, reference: {title: Policy, href: "https://example.org"}'


def finding(path: Path) -> Finding:
    with pytest.raises(RuleError) as caught:
        load_rules(path)
    assert caught.value.code == "NDL-R003"
    assert len(caught.value.findings) == 1, str(caught.value)
    return caught.value.findings[0]


def test_noise_is_exact(project: Project) -> None:
    rules = load_rules(project.noisy)
    assert isinstance(rules, DpRules)
    assert isinstance(rules.noise, DiscreteGaussian)
    assert rules.noise.rho.fraction == Fraction(1, 10)
    assert rules.noise.delta.fraction == Fraction(1, 10**7)
    assert rules.lifetime_cap.fraction == Fraction(1, 2)
    assert rules.weights == {}


def test_classic_numbers(project: Project) -> None:
    rules = load_rules(project.exact)
    assert isinstance(rules, ClassicRules)
    assert (rules.minimum_count, rules.protects_zeros) == (5, False)
    project.edit(project.exact, "policy: show", "policy: protect")
    rules = load_rules(project.exact)
    assert isinstance(rules, ClassicRules)
    assert rules.protects_zeros


def test_a_threshold_of_its_own_for_a_measure(project: Project) -> None:
    number = f"{{value: 7, unit: children, {REFERENCE}}}"
    extra = f"  - {{method: threshold, measures: [good], minimum_count: {number}}}\n"
    project.edit(project.exact, "  - {method: zero, policy: show}\n", extra)
    rules = load_rules(project.exact)
    assert isinstance(rules, ClassicRules)
    assert (rules.minimum_count, rules.largest_minimum_count, rules.protects_zeros) == (5, 7, False)


def test_classic_rules_need_a_threshold(project: Project) -> None:
    text = project.exact.read_text(encoding="utf-8")
    start = text.index("  - method: threshold")
    project.exact.write_text(text[:start] + text[text.index("  - {method: zero") :], encoding="utf-8")
    assert finding(project.exact).message.startswith("a threshold rule without measures is needed")


def test_geometric_noise(project: Project) -> None:
    text = project.noisy.read_text(encoding="utf-8")
    start, end = text.index("noise:"), text.index("lifetime_cap")
    epsilon = f"noise: {{method: geometric, epsilon: {{value: 1, unit: epsilon, {REFERENCE}}}}}\n"
    project.noisy.write_text(text[:start] + epsilon + text[end:], encoding="utf-8")
    rules = load_rules(project.noisy)
    assert isinstance(rules, DpRules)
    assert isinstance(rules.noise, Geometric)
    assert rules.noise.epsilon.fraction == 1
    project.edit(project.noisy, "value: 1, unit: epsilon", "value: 1, unit: rho")
    found = finding(project.noisy)
    assert (found.message, found.where.split()[-1]) == ("the unit must be epsilon.", "noise.epsilon")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 0.1,", "value: 0,", "noise.rho must be from 0.000001 to 1000."),
        ("value: 0.1,", "value: -0.1,", "noise.rho must be from 0.000001 to 1000."),
        ("value: 0.1, unit: rho", "value: 0.1, unit: epsilon", "noise.rho the unit must be rho."),
        ("value: 0.5,", "value: 0.0,", "lifetime_cap must be above 0 and at most 1000."),
        ("value: 0.5, unit: rho", "value: 0.5, unit: epsilon", "lifetime_cap the unit must be rho."),
    ],
)
def test_a_privacy_loss_that_means_nothing(project: Project, old: str, new: str, message: str) -> None:
    project.edit(project.noisy, old, new)
    found = finding(project.noisy)
    assert f"{found.where.split()[-1]} {found.message}" == message


def with_yearly_cap(project: Project, number: str) -> None:
    text = project.noisy.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("lifetime_cap:")]
    yearly = line.replace("lifetime_cap", "yearly_cap").replace("value: 0.5, unit: rho", number)
    project.edit(project.noisy, line, f"{line}\n{yearly}")


@pytest.mark.parametrize(("value", "cap"), [("0.2", Fraction(1, 5)), ("0.5", Fraction(1, 2))])
def test_a_yearly_cap_is_optional_and_at_most_the_lifetime_cap(project: Project, value: str, cap: Fraction) -> None:
    rules = load_rules(project.noisy)
    assert isinstance(rules, DpRules)
    assert rules.yearly_cap is None
    with_yearly_cap(project, f"value: {value}, unit: rho")
    rules = load_rules(project.noisy)
    assert isinstance(rules, DpRules)
    assert rules.yearly_cap is not None
    assert rules.yearly_cap.fraction == cap


@pytest.mark.parametrize(
    "number", ["value: 0.51, unit: rho", "value: 0, unit: rho", "value: -0.1, unit: rho", "value: 0.2, unit: epsilon"]
)
def test_a_yearly_cap_that_means_nothing(project: Project, number: str) -> None:
    with_yearly_cap(project, number)
    found = finding(project.noisy)
    assert found.where.endswith(": yearly_cap")
    assert found.message in {"must be above 0 and at most lifetime_cap.", "the unit must be rho."}


@pytest.mark.parametrize("mode", ["mode: both", "mode: DP", "mode: [dp]", "mode:", "mod: dp"])
def test_the_mode_must_be_one_of_two(project: Project, mode: str) -> None:
    project.edit(project.noisy, "mode: dp", mode)
    with pytest.raises(RuleError) as caught:
        load_rules(project.noisy)
    assert str(caught.value) == "NDL-R005: noisy.yaml: mode must be dp or classic."


def test_each_mode_refuses_the_keys_of_the_other(project: Project) -> None:
    project.edit(project.exact, "mode: classic", "mode: dp")
    with pytest.raises(RuleError) as caught:
        load_rules(project.exact)
    told = {f.where.split(": ")[1]: f.message for f in caught.value.findings}
    assert set(told) == {"primary", "improvement_seconds", "percent_decimals", "noise", "lifetime_cap", "withhold"}
    assert told["noise"] == "this key is needed and is not there."
    assert told["primary"].startswith("this key is not known here")


@pytest.mark.parametrize(
    ("old", "new", "where", "part"),
    [
        ("minimum_count: {value: 10", "minimun_count: {value: 10", "withhold.minimun_count", "minimum_count"),
        ("maximum_margin: {value: 10,", "maximum_margin: {valu: 10,", "withhold.maximum_margin.valu", '"value"'),
        (
            "delta: {value: 0.0000001, unit: probability",
            "delta: {value: 0.0000001, unit: chance",
            "noise.delta.unit",
            "rho, epsilon",
        ),
        ("secondary: {method: witness_circuits}", "secondary: {method: luck}", "secondary.method", "witness_circuits"),
        ("finest:", "fine: {}\nfinest:", "fine", "finest"),
    ],
)
def test_mistakes_are_told_with_their_path(project: Project, old: str, new: str, where: str, part: str) -> None:
    line = project.edit(project.noisy, old, new)
    with pytest.raises(RuleError) as caught:
        load_rules(project.noisy)
    found = {f.where: f.message for f in caught.value.findings}
    assert part in found[f"noisy.yaml:{line}: {where}"]


@pytest.mark.parametrize("key", ["value", "unit", "valid_from", "reference"])
@pytest.mark.parametrize("number", ["lifetime_cap", "withhold.minimum_count", "noise.rho", "finest.lsoa"])
def test_a_number_without_source_day_or_unit_is_refused(project: Project, number: str, key: str) -> None:
    lines = project.noisy.read_text(encoding="utf-8").splitlines()
    name = number.rsplit(".", maxsplit=1)[-1]
    at = next(i for i, line in enumerate(lines) if line.strip().startswith(f"{name}:"))
    cut = {"value": "value: ", "unit": "unit: ", "valid_from": "valid_from: ", "reference": "reference: "}[key]
    lines[at] = lines[at].replace(cut, f"x_{cut}", 1)
    project.noisy.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_rules(project.noisy)
    found = {f.where: f.message for f in caught.value.findings}
    assert found[f"noisy.yaml:{at + 1}: {number}.{key}"] == "this key is needed and is not there."


def test_rules_need_a_reference(project: Project) -> None:
    text = project.noisy.read_text(encoding="utf-8")
    start = text.index("references:")
    end = text.index("\n", start)
    project.noisy.write_text(text[:start] + "references: []" + text[end:], encoding="utf-8")
    assert finding(project.noisy).where == "noisy.yaml:4: references"
