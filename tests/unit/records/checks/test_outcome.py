from tests.unit.records.conftest import World


def test_children_outside_the_release_are_left_out(world: World) -> None:
    world.covers = ("E06000001",)
    world.bend("profile", "LSOA", ["E01000004", "E01000005"])
    assert world.of("NDL-V019") == ["note: column home_lsoa: a place outside the release's areas in 2 rows: left out."]
    assert world.validate().n_children == 4


def test_children_without_a_place_are_left_out(world: World) -> None:
    world.bend("profile", "LSOA", [""])
    assert world.of("NDL-V020") == ["note: column home_lsoa: no place in 1 row: left out."]
    assert world.table().height == 5


def test_children_outside_the_population_are_not_counted_as_left_out(world: World) -> None:
    world.rows["profile"][0] |= {"LSOA": "", "E1": "A"}
    assert world.codes() == []


def test_nobody_left(world: World) -> None:
    world.covers = ("E06000003",)
    assert "NDL-V034" in world.codes("error")


def test_breakdown_with_missing_values_and_no_category_for_them(world: World) -> None:
    world.bend("profile", "SEX", ["", ""])
    (message,) = world.of("NDL-V035")
    assert message.startswith("error: column sex: no category in 2 rows.")


def test_breakdown_with_a_declared_unknown(world: World) -> None:
    columns = world.metadata["sources"]["profile"]["columns"]
    sex = {**columns["sex"], "codes": {"F": "Female", "M": "Male", "U": "Unknown"}}
    profile = {**world.metadata["sources"]["profile"], "columns": {**columns, "sex": sex}}
    world.metadata = {**world.metadata, "sources": {**world.metadata["sources"], "profile": profile}}
    world.bend("profile", "SEX", ["", "U"])
    assert sorted(world.table()["sex"])[-2:] == ["Unknown", "Unknown"]


def test_number_in_no_band(world: World) -> None:
    bands = {**world.metadata["derived"]["hours_band"], "bands": [{"label": "Low", "minimum": 0, "maximum": 50}]}
    world.metadata = {**world.metadata, "derived": {**world.metadata["derived"], "hours_band": bands}}
    assert world.of("NDL-V035")[0].startswith("error: column hours_band: no category in 3 rows.")


def test_characteristic_that_is_not_declared(world: World) -> None:
    decile = {**world.metadata["derived"]["decile"], "categories": ["2"]}
    world.metadata = {**world.metadata, "derived": {**world.metadata["derived"], "decile": decile}}
    assert world.of("NDL-V035")[0].startswith("error: column decile: no category in 6 rows.")


def test_mean_without_a_number(world: World) -> None:
    world.metadata = {**world.metadata, "population": {"title": "All"}}
    world.bend("profile", "E1", ["A"])
    assert world.of("NDL-V036") == [
        "error: column goals: no number in 1 row. Every child of the population must have one."
    ]


def test_narrower_share_outside_the_wider(world: World) -> None:
    share = world.metadata["measures"]["gld"]
    asq = {**share, "column": "is_asq", "count_name": "a", "percent_name": "b"}
    outcomes = {"profile": {"title": "P", "measures": ["asq", "gld"]}}
    measures = {**world.metadata["measures"], "asq": asq}
    world.metadata = {**world.metadata, "measures": measures, "outcomes": outcomes}
    assert world.of("NDL-V039")[0].startswith("error: column is_gld: true where is_asq is not, in 2 rows.")
