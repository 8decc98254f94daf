"""Contributors of children: divided, numbered, and gone no further."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from ndl_publish.columns import PLACE
from ndl_publish.records.contributions import contributions
from ndl_publish.records.model import CONTRIBUTOR, ID, IS_FIRST, ValidatedRecords, amount_column
from ndl_publish.records.read import declared_columns, read_records
from ndl_publish.records.validate import validate_records
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import ClassicRules
from tests.rule_books import as_written, dominance, minimum_contributors, threshold
from tests.unit.records.conftest import METADATA, World, care, link

CANARY = "URN7431"
HOURS = {
    "kind": "mean",
    "title": "H",
    "description": "H",
    "column": "hours",
    "mean_name": "hours_mean",
    "minimum": 0,
    "maximum": 1000,
}


def spec_of(
    world: World, *rules: dict[str, Any], source: str = "childcare", measures: tuple[str, ...] = ()
) -> ReleaseSpec:
    """Return the world's release with contributors in its metadata and classic rules about them."""
    world.metadata = {
        **METADATA,
        "contributors": {"provider": {"title": "Provider", "source": source, "column": "URN", "missing": ["", "none"]}},
    }
    spec = world.spec()
    release = spec.release
    table = release.tables[0].model_copy(update={"measures": ("children", *measures)})
    book = ClassicRules.model_validate(as_written(threshold(5), *rules))
    return replace(spec, rules=book, release=release.model_copy(update={"tables": (table,)}))


def validated(world: World, spec: ReleaseSpec) -> ValidatedRecords:
    records = read_records(spec, world.geography, engine=world.engine)
    return validate_records(records, world.geography, engine=world.engine)


def rows(world: World, found: ValidatedRecords, *columns: str) -> list[tuple[object, ...]]:
    frame = world.engine.collect(found.contributions["provider"])
    return sorted(frame.select(*columns).rows())


@pytest.fixture
def two_providers(world: World) -> World:
    """Child 1 has rows of two providers (3 rows), 2 of one, 3 of none that is known; 4 has no childcare."""
    world.rows["childcare"] = [
        {**care(1, "100"), "URN": CANARY},
        {**care(1, "50"), "URN": "B2"},
        {**care(1, "7"), "URN": CANARY},
        {**care(2, "30"), "URN": "B2"},
        {**care(3, "20"), "URN": "none"},
    ]
    return world


def test_a_row_per_child_and_provider(two_providers: World) -> None:
    found = validated(two_providers, spec_of(two_providers, minimum_contributors(3)))
    assert rows(two_providers, found, CONTRIBUTOR, IS_FIRST, "sex") == [
        (0, True, "Female"),
        (0, True, "Male"),
        (1, False, "Female"),
    ]


def test_numbers_stand_for_the_sorted_list(two_providers: World) -> None:
    found = validated(two_providers, spec_of(two_providers, minimum_contributors(3)))
    assert [row[0] for row in rows(two_providers, found, CONTRIBUTOR)] == [0, 0, 1]


def test_identifiers_of_children_and_providers_go_no_further(two_providers: World) -> None:
    found = validated(two_providers, spec_of(two_providers, minimum_contributors(3)))
    frame = two_providers.engine.collect(found.contributions["provider"])
    assert ID not in frame.columns
    assert frame.schema[CONTRIBUTOR] == pl.Int64
    assert CANARY not in frame.write_csv() + repr(found) + "".join(map(str, found.findings))
    whole = two_providers.engine.collect(found.frame)
    assert ID not in whole.columns
    assert CONTRIBUTOR not in whole.columns


def test_the_records_themselves_are_as_without_contributors(two_providers: World) -> None:
    spec = spec_of(two_providers, minimum_contributors(3))
    plain = replace(spec, rules=ClassicRules.model_validate(as_written(threshold(5))))
    with_, without = (validated(two_providers, made) for made in (spec, plain))
    tables = [two_providers.engine.collect(found.frame).sort(pl.all()) for found in (with_, without)]
    assert tables[0].equals(tables[1])
    assert without.contributions == {}


def test_the_column_is_read_only_where_a_rule_needs_it(two_providers: World) -> None:
    spec = spec_of(two_providers, minimum_contributors(3))
    plain = replace(spec, rules=ClassicRules.model_validate(as_written(threshold(5))))
    assert declared_columns(spec, "childcare")["_by_provider"] == "URN"
    assert "_by_provider" not in declared_columns(plain, "childcare")
    told = [f.message for f in validated(two_providers, plain).findings if f.code == "NDL-V007"]
    assert told == [], "a column that the metadata declare for a contributor is not undeclared"


def test_a_sum_over_rows_is_divided_by_provider(two_providers: World) -> None:
    metadata = {**METADATA, "measures": {**METADATA["measures"], "hours": HOURS}}
    spec = spec_of(two_providers, dominance(1, "80", of="hours"), measures=("hours",))
    dataset = Dataset.model_validate({**metadata, "contributors": two_providers.metadata["contributors"]})
    spec = replace(spec, dataset=dataset)
    records = read_records(spec, two_providers.geography, engine=two_providers.engine)
    children = two_providers.engine.lift(
        pl.DataFrame(
            {
                ID: ["P0001ab", "P0002ab", "P0003ab", "P0004ab"],
                PLACE: ["E01000001"] * 4,
                **{name: ["x"] * 4 for name in ("sex", "review", "hours_band", "decile")},
                "is_gld": [True, False, True, True],
                "hours": [157, 30, 20, 0],
                "goals": [1, 1, 1, 1],
            }
        )
    )
    frame = contributions(records, children, two_providers.geography, engine=two_providers.engine)["provider"]
    amount = amount_column("hours")
    found = two_providers.engine.collect(frame).select(CONTRIBUTOR, amount, "is_gld")
    assert sorted(found.rows()) == [(0, 30, False), (0, 50, True), (1, 107, True)]


def test_another_number_is_whole_for_each_provider(two_providers: World) -> None:
    two_providers.rows["profile"][0]["E2"] = "1"
    spec = spec_of(two_providers, dominance(1, "80", of="goals"), measures=("goals",))
    found = validated(two_providers, spec)
    assert rows(two_providers, found, "sex", amount_column("goals")) == [("Female", 1), ("Female", 1), ("Male", 2)]


def test_a_household_stands_in_the_spine(world: World) -> None:
    households = ["A", "A", "B", "", "B", "C"]
    for row, household in zip(world.rows["profile"], households, strict=True):
        row["URN"] = household
    again = {**world.rows["profile"][2], "SEQ": "2", "URN": "C"}
    world.rows["profile"].append(again)
    found = validated(world, spec_of(world, minimum_contributors(2), source="profile"))
    assert [row[0] for row in rows(world, found, CONTRIBUTOR)] == [0, 0, 1, 2, 2]
    assert all(row[0] for row in rows(world, found, IS_FIRST))


def test_of_a_linked_source_with_one_row_only_that_row_counts(world: World) -> None:
    for row in world.rows["health"]:
        row["URN"] = "A"
    world.rows["health"].append({**world.rows["health"][0], "REVIEWED": "2022-09", "URN": "Z"})
    found = validated(world, spec_of(world, minimum_contributors(2), source="health"))
    assert [row[0] for row in rows(world, found, CONTRIBUTOR)] == [0, 0, 0, 1]


def test_weak_links_lead_to_no_provider(two_providers: World) -> None:
    weak = {**link(2, "childcare"), "weight": "0.2"}
    two_providers.rows["links"] = [link(1, "childcare"), weak]
    found = validated(two_providers, spec_of(two_providers, minimum_contributors(3)))
    assert {row[0] for row in rows(two_providers, found, "sex")} == {"Female"}


def test_children_elsewhere_are_left_out(two_providers: World) -> None:
    two_providers.covers = ("E06000001",)
    two_providers.rows["profile"][0] |= {"LSOA": "E01000004", "LA": "E06000002"}
    found = validated(two_providers, spec_of(two_providers, minimum_contributors(3)))
    assert rows(two_providers, found, CONTRIBUTOR, "sex") == [(0, "Male")]
