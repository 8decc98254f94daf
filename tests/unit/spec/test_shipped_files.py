"""Everything that ships can be loaded, and every number of a rule says its unit, start date and source."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel

from ndl_publish.spec.base import Number, Reference, parse
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.load import load_release, load_rules
from ndl_publish.spec.rules import ClassicRules, DpRules
from ndl_publish.spec.yaml_source import read_yaml

ROOT = Path(__file__).parents[3]
METADATA = sorted((ROOT / "metadata").glob("*.yaml"))
RULES = sorted((ROOT / "disclosure_rules").glob("*.yaml"))
RELEASES = sorted((ROOT / "examples").glob("*/release*.yaml"))
UNITS = {
    "minimum_count": {"children", "persons", "contributors"},
    "uncertainty": {"children"},
    "improvement_seconds": {"seconds"},
    "maximum_margin": {"percentage_points"},
    "rho": {"rho"},
    "epsilon": {"epsilon"},
    "delta": {"probability"},
    "lifetime_cap": {"rho"},
    "percent_decimals": {"decimals"},
    "finest": {"breakdowns"},
}


def parts(value: object, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    yield at, value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from parts(getattr(value, name), (*at, name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from parts(item, (*at, str(key)))
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from parts(item, (*at, str(i)))


def numbers(rules: BaseModel) -> dict[tuple[str, ...], Number]:
    return {at: value for at, value in parts(rules) if isinstance(value, Number)}


def test_there_is_something_to_test() -> None:
    assert len(METADATA) >= 2
    assert len(RULES) >= 2
    assert len(RELEASES) >= 5


@pytest.mark.parametrize("path", METADATA, ids=lambda path: path.name)
def test_metadata_loads_and_is_named_as_its_file(path: Path) -> None:
    assert parse(path, Dataset)[0].dataset_id == path.stem


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_rules_load_and_are_named_as_their_file(path: Path) -> None:
    assert load_rules(path).rules_id == path.stem


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_releases_load(path: Path) -> None:
    spec = load_release(path)
    assert spec.cohorts
    assert all(spec.source_files(name) for name in spec.release.sources)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_every_number_says_what_it_is_and_where_it_comes_from(path: Path) -> None:
    found = numbers(load_rules(path))
    assert len(found) >= 5
    for at, number in found.items():
        name = next(part for part in reversed(at) if part in UNITS)
        assert number.unit in UNITS[name], at
        assert date(2020, 1, 1) <= number.valid_from <= date(2030, 1, 1), at
        assert number.reference.title, at
        assert number.reference.href.startswith("https://"), at


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_bare_number_stands_in_a_rule_book(path: Path) -> None:
    bare = [
        at for at, value in parts(load_rules(path)) if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    assert bare == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_numbers_of_rules_make_sense(path: Path) -> None:
    rules = load_rules(path)
    if isinstance(rules, DpRules):
        assert rules.withhold.minimum_count.value >= 1
        assert 0 < rules.withhold.maximum_margin.value < 100
    if isinstance(rules, ClassicRules):
        assert rules.minimum_count >= 1
        assert rules.percent_decimals.value in {0, 1, 2}
    limits = [int(number.value) for number in rules.finest.values()]
    assert all(1 <= limit <= 4 for limit in limits)
    assert limits == sorted(limits, reverse=True), "finer areas allow no finer crossings"


def test_both_modes_ship_and_allow_the_same_detail() -> None:
    assert {load_rules(path).mode for path in RULES} == {"dp", "classic"}
    limits = [
        {level: number.value for level, number in load_rules(ROOT / "disclosure_rules" / name).finest.items()}
        for name in ("ndl_default.yaml", "classic_threshold.yaml")
    ]
    assert limits[0] == limits[1]


def test_the_default_is_the_stated_privacy_loss() -> None:
    found = {
        ".".join(at): str(number.value)
        for at, number in numbers(load_rules(ROOT / "disclosure_rules/ndl_default.yaml")).items()
    }
    assert found["noise.rho"] == "0.1"
    assert found["lifetime_cap"] == "0.5"


@pytest.mark.parametrize("path", [*METADATA, *RULES, *RELEASES], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_shipped_files_start_by_saying_what_they_are(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert read_yaml(path).content


@pytest.mark.parametrize("path", METADATA, ids=lambda path: path.name)
def test_rules_compare_with_values_that_can_occur(path: Path) -> None:
    """A value no column can hold would put everybody into the other category, without a word."""
    dataset = parse(path, Dataset)[0]
    truth = {"True", "False"}
    held = {name: {str(v) for v in dataset.categories(name) or ()} or truth for name in dataset.column_names()}
    for name, rule in dataset.derived.items():
        for case in getattr(rule, "cases", ()):
            for column, values in case.when.items():
                assert {str(value) for value in values} <= held[column], (name, column)
        if rule.rule in {"all_equal", "count_equal"}:
            wanted = {rule.value, *rule.not_assessed}
            assert all(wanted <= held[column] for column in rule.columns), name
        if rule.rule == "any_of":
            assert set(rule.values) <= held[rule.column], name
        if rule.rule == "has_record":
            assert rule.source in dataset.sources, name


@pytest.mark.parametrize("path", METADATA, ids=lambda path: path.name)
def test_figures_have_names_of_their_own(path: Path) -> None:
    dataset = parse(path, Dataset)[0]
    keys = ("count_name", "percent_name", "mean_name")
    names = [getattr(m, key) for m in dataset.measures.values() for key in keys if hasattr(m, key)]
    assert len(names) == len(set(names))


def test_references_are_of_the_closed_form() -> None:
    found = [value for path in RULES for _, value in parts(load_rules(path)) if isinstance(value, Reference)]
    assert len(found) > 20
