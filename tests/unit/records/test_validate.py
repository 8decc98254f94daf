import copy
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndl_publish.errors import InputError
from ndl_publish.records.linkage import linkage_level
from ndl_publish.records.validate import validate_records
from tests.unit.records.conftest import World


def test_the_children_of_a_small_world(world: World) -> None:
    world.rows["profile"][1] |= {"E1": "1", "LSOA": "E01000002"}
    world.rows["profile"][2] |= {"E1": "A"}
    world.rows["profile"][3] |= {"LSOA": "E01000003"}
    world.rows["health"][0] |= {"SCORE": "25"}
    world.rows["health"][1] |= {"ASQ": "27", "SCORE": "24"}
    world.rows["health"][3] |= {"SCORE": ""}
    world.rows["childcare"] += [{"cc_id": "C0001ab", "HOURS": "570"}, {"cc_id": "C0001ab", "HOURS": "570"}]
    columns = ["place", "sex", "review", "hours_band", "decile", "is_gld", "goals"]
    table = world.table()
    assert table.columns == columns
    assert table.rows() == [
        ("E01000001", "Female", "Below", "High", "1", True, 2),
        ("E01000001", "Female", "No review", "None linked", "1", True, 2),
        ("E01000001", "Male", "No review", "None linked", "1", True, 2),
        ("E01000002", "Male", "At", "Low", "2", False, 1),
        ("E01000003", "Male", "No result", "None linked", "Unknown", True, 2),
    ]
    assert table.null_count().row(0) == (0,) * 7


def test_linkage_by_area(world: World) -> None:
    world.rows["profile"][0]["LSOA"] = "E01000004"
    validated = world.validate()
    assert validated.linkage.rows() == [
        ("local_authority", "E06000001", "childcare", 5, 2),
        ("local_authority", "E06000001", "health", 5, 3),
        ("local_authority", "E06000002", "childcare", 1, 1),
        ("local_authority", "E06000002", "health", 1, 1),
    ]


def test_linkage_level_without_local_authorities(world: World) -> None:
    geography = copy.copy(world.geography)
    object.__setattr__(geography, "nesting", pl.DataFrame({"region": ["A", "B"], "national": ["K", "K"]}))
    assert linkage_level(geography) == "region"
    object.__setattr__(geography, "nesting", pl.DataFrame({"region": ["A"], "national": ["K"]}))
    assert linkage_level(geography) == "region"


def test_one_source_and_no_links(world: World) -> None:
    keep = ("full_results", "is_gld", "goals", "decile")
    world.metadata = {
        **{key: value for key, value in world.metadata.items() if key != "links"},
        "sources": {"profile": world.metadata["sources"]["profile"]},
        "derived": {name: world.metadata["derived"][name] for name in keep},
        "breakdowns": {name: world.metadata["breakdowns"][name] for name in ("sex", "decile")},
    }
    world.rows = {"profile": world.rows["profile"]}
    validated = world.validate()
    assert validated.n_children == 6
    assert validated.linkage.height == 0
    assert validated.linkage.columns == ["geographic_level", "area_code", "source", "children", "linked"]


def test_without_a_population_column_everybody_counts(world: World) -> None:
    world.metadata = {**world.metadata, "population": {"title": "All"}}
    assert world.validate().n_children == 6


def test_a_share_that_is_not_known_counts_as_not_reached(world: World) -> None:
    measures = {**world.metadata["measures"]}
    measures["gld"] = {**measures["gld"], "column": "is_asq"}
    world.metadata = {**world.metadata, "measures": measures}
    assert sorted(world.table()["is_asq"]) == [False, False, True, True, True, True]


def test_means_are_held_between_their_bounds(world: World) -> None:
    goals = {**world.metadata["measures"]["goals"], "minimum": 1, "maximum": 1}
    world.metadata = {**world.metadata, "measures": {**world.metadata["measures"], "goals": goals}}
    world.bend("profile", "E1", ["1", "2"])
    assert set(world.table()["goals"]) == {1}


def test_a_geography_cut_down_beforehand_is_the_same(world: World) -> None:
    world.covers = ("E06000001",)
    world.bend("profile", "LSOA", ["E01000004"])
    whole = world.validate()
    cut = world.geography.covering("local_authority", ("E06000001",))
    again = validate_records(world.read(), cut, engine=world.engine)
    assert (whole.n_children, whole.findings) == (again.n_children, again.findings)


def test_progress_and_errors(world: World) -> None:
    steps: list[str] = []
    validate_records(world.read(), world.geography, engine=world.engine, progress=steps.append)
    assert steps[0] == "Checking profile"
    assert steps[-1] == "Linking records and deriving columns"
    world.bend("profile", "SEX", ["x"])
    with pytest.raises(InputError) as caught:
        world.validate()
    assert caught.value.code == "NDL-V000"
    assert caught.value.message.startswith("the records break the contract: 1 problem.")


def test_a_file_that_breaks_after_it_was_read_is_told(world: World) -> None:
    records = world.read()
    (world.folder / "health.csv").unlink()
    with pytest.raises(InputError) as caught:
        validate_records(records, world.geography, engine=world.engine)
    assert {f.code for f in caught.value.findings if f.severity == "error"} == {"NDL-V008"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_row_order_never_matters(world: World, data: st.DataObject) -> None:
    rows = {name: [dict(row) for row in table] for name, table in world.rows.items()}
    rows["profile"] += [{**rows["profile"][0], "SEQ": "2", "SEX": "M"}, dict(rows["profile"][1])]
    rows["health"] += [{**rows["health"][2], "REVIEWED": "2022-09", "SCORE": "3"}]
    rows["childcare"] += [{**rows["childcare"][0], "HOURS": "500"}]
    rows["links"] += [{**rows["links"][0], "linked_id": "H0004ab"}, {**rows["links"][4], "weight": "0.9"}]
    with TemporaryDirectory() as folder:
        ordered = type(world)(Path(folder))
        ordered.rows = rows
        expected = ordered.table()
    with TemporaryDirectory() as folder:
        shuffled = type(world)(Path(folder))
        shuffled.rows = {name: data.draw(st.permutations(table)) for name, table in rows.items()}
        assert shuffled.table().equals(expected)
