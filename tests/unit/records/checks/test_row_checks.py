"""Pass, one, many and null for every check that looks at one value at a time."""

import pytest

from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.area_codes import area_codes
from ndl_publish.records.checks.category_codes import category_codes
from ndl_publish.records.checks.integers import integers
from ndl_publish.records.checks.link_rows import link_rows
from ndl_publish.records.checks.months import months
from ndl_publish.records.checks.probe import in_words
from tests.unit.records.conftest import World

CASES = [
    ("NDL-V012", "profile", "SEX", "CANARY", "F"),
    ("NDL-V012", "health", "TYPE", "CANARY", "C6i"),
    ("NDL-V013", "profile", "SEQ", "1.5", "9"),
    ("NDL-V013", "profile", "SEQ", "CANARY", "1"),
    ("NDL-V013", "health", "SCORE", " 7", "07"),
    ("NDL-V014", "profile", "SEQ", "10", "9"),
    ("NDL-V014", "profile", "SEQ", "0", "1"),
    ("NDL-V014", "health", "SCORE", "-1", "60"),
    ("NDL-V014", "childcare", "HOURS", "571", "570"),
    ("NDL-V015", "profile", "MONTH", "2019-13", "2019-12"),
    ("NDL-V015", "profile", "MONTH", "2019-1", "2019-01"),
    ("NDL-V015", "health", "REVIEWED", "CANARY", "2022-12"),
    ("NDL-V016", "profile", "LSOA", "E01999999", "E01000005"),
    ("NDL-V016", "profile", "LA", "CANARY", "E06000003"),
    ("NDL-V017", "profile", "LSOA", "E01000092", "E01000005"),
    ("NDL-V025", "links", "weight", "1.01", "1"),
    ("NDL-V025", "links", "weight", "-0.5", "1.0"),
    ("NDL-V025", "links", "weight", "CANARY", "1e0"),
    ("NDL-V028", "links", "source", "CANARY", "health"),
]
NULL_IS_WRONG = {"NDL-V025", "NDL-V028"}


@pytest.mark.parametrize(("code", "source", "column", "bad", "good"), CASES)
def test_a_good_value_passes(world: World, code: str, source: str, column: str, bad: str, good: str) -> None:
    del bad
    world.bend(source, column, [good])
    assert world.of(code) == []


@pytest.mark.parametrize(("code", "source", "column", "bad", "good"), CASES)
def test_one_bad_value_is_told_with_its_line(
    world: World, code: str, source: str, column: str, bad: str, good: str
) -> None:
    world.bend(source, column, [good, bad])
    (message,) = world.of(code)
    assert message.startswith(f"error: {source}, column {column}: ")
    assert "1 row" in message
    assert message.endswith("See line 3.")


@pytest.mark.parametrize(("code", "source", "column", "bad", "good"), CASES)
def test_many_bad_values_are_one_finding(
    world: World, code: str, source: str, column: str, bad: str, good: str
) -> None:
    del good
    world.rows[source] *= 2
    n = len(world.rows[source])
    world.rows[source] = [{**row, column: bad} for row in world.rows[source]]
    (message,) = world.of(code)
    assert f"{n} rows" in message
    assert message.endswith("See lines 2, 3, 4, ...")


@pytest.mark.parametrize(("code", "source", "column", "bad", "good"), CASES)
def test_null_is_not_wrong_unless_it_must_be_there(
    world: World, code: str, source: str, column: str, bad: str, good: str
) -> None:
    del bad, good
    world.bend(source, column, [""])
    assert bool(world.of(code)) == (code in NULL_IS_WRONG)


@pytest.mark.parametrize(
    ("source", "column"), [("profile", "pupil_id"), ("health", "hv_id"), ("links", "pupil_id"), ("links", "linked_id")]
)
def test_missing_ids(world: World, source: str, column: str) -> None:
    world.bend(source, column, ["", ""])
    (message,) = world.of("NDL-V021")
    assert message.startswith(f"error: {source}, column {column}: no id in 2 rows.")
    assert message.endswith("See lines 2, 3.")


@pytest.mark.parametrize("spelling", [" {}", "{} ", "\t{}", "{}\u00a0", "\u200b{}", "{}\ufeff"])
@pytest.mark.parametrize(("source", "column"), [("profile", "pupil_id"), ("links", "pupil_id")])
def test_white_space_around_an_id_is_refused(world: World, source: str, column: str, spelling: str) -> None:
    """Two spellings of one id would be two children, and one of them would lose more than is charged."""
    world.rows[source].append({**world.rows[source][0], column: spelling.format(world.rows[source][0][column])})
    (message,) = world.of("NDL-V042")
    assert message.startswith(
        f"error: {source}, column {column}: white space or invisible signs around the id in 1 row"
    )


@pytest.mark.parametrize("value", ["\u0663", "\uff13", "\u0967"])
def test_digits_of_other_scripts_are_no_whole_numbers(world: World, value: str) -> None:
    world.bend("profile", "SEQ", [value])
    assert world.codes() != []
    assert "NDL-V008" not in world.codes()


def test_all_ids_there(world: World) -> None:
    assert world.of("NDL-V021") == []


def test_lines_name_the_file_when_there_are_several(world: World) -> None:
    world.bend("profile", "SEX", ["F", "x", "M", "y"])
    rows = world.rows["profile"]
    world.write("profile", rows[:3], "a.csv")
    world.write("profile", rows[3:], "b.csv")
    (message,) = world.of("NDL-V012")
    assert message.endswith("See lines 3 of a.csv, 2 of b.csv.")


def test_rows_of_parquet_are_counted_from_one(world: World) -> None:
    world.bend("profile", "SEX", ["x"])
    world.write("profile", world.rows["profile"], "profile.parquet")
    assert world.of("NDL-V012")[0].endswith("See line 1.")


def test_old_code_with_one_successor_is_translated(world: World) -> None:
    world.bend("profile", "LSOA", ["E01000091", "E01000005"])
    assert world.of("NDL-V018") == [
        "note: profile, column LSOA: codes of an older vintage were replaced by their one successor in 2025, in 1 row."
    ]
    assert sorted(world.table()["place"]) == ["E01000001"] * 5 + ["E01000005"]


def test_old_code_is_translated_in_columns_that_are_not_the_place(world: World) -> None:
    world.bend("profile", "LA", ["E06000091"])
    assert world.codes() == ["NDL-V018"]


def test_public_codes_are_named_and_nothing_else(world: World) -> None:
    world.bend("profile", "LSOA", ["E01999999", "CANARY", "E01999998"])
    (message,) = world.of("NDL-V016")
    assert "Among them E01999998, E01999999." in message
    assert "CANARY" not in message


def test_code_of_another_nation_is_outside_not_wrong(world: World) -> None:
    world.bend("profile", "LSOA", ["W01000001"])
    assert world.codes() == ["NDL-V019"]


def test_code_split_between_several_successors_is_old(world: World) -> None:
    changes = world.geography.code_changes
    geography = world.geography
    twice = changes.vstack(changes.filter(changes["old_code"] == "E01000091"))
    world.geography = Geography("2025", geography.nesting, geography.areas, geography.characteristics, twice)
    world.bend("profile", "LSOA", ["E01000091"])
    assert world.codes("error") == ["NDL-V017"]


def test_rows_of_other_periods_are_not_checked(world: World) -> None:
    world.rows["profile"][0] |= {"YEAR": "202324", "SEX": "CANARY"}
    assert world.codes("error") == []


def test_links_below_the_minimum_are_noted(world: World) -> None:
    world.bend("links", "weight", ["0.84", "0.85"])
    assert world.of("NDL-V030") == [
        "note: links, column weight: below the minimum weight 0.85, in 1 row: these links are not used."
    ]


def test_checks_of_sources_leave_the_link_table_alone(world: World) -> None:
    spec = world.spec()
    for check in (area_codes, category_codes, integers, months):
        assert check("links", spec, world.geography) == ()
    assert link_rows("profile", spec, world.geography) == ()


def test_in_words() -> None:
    assert in_words(2) == "2 rows"
