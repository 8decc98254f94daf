from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.errors import RuleError
from ndl_publish.geography.lookup import Geography, load_geography

SHIPPED = Path(__file__).parents[3] / "metadata"
VINTAGES = sorted(path.name for path in (SHIPPED / "geography").iterdir() if path.is_dir())


@pytest.fixture
def whole(metadata_folder: Path) -> Geography:
    return load_geography("2025", metadata_folder=metadata_folder)


def refusal(folder: Path, vintage: str = "2025") -> str:
    with pytest.raises(RuleError) as caught:
        load_geography(vintage, metadata_folder=folder)
    assert caught.value.code == "NDL-R010"
    return caught.value.message


def test_levels_and_codes(whole: Geography) -> None:
    assert whole.finest == "lsoa"
    assert whole.levels == ("lsoa", "ward", "district", "combined", "national")
    assert whole.codes("district").to_list() == ["D1", "D2", "D3"]
    assert whole.codes("combined").to_list() == ["C1"]


def test_a_code_that_was_split_has_no_successor(whole: Geography) -> None:
    assert whole.successors() == {"OLD1": "D1"}


def test_covering_keeps_whole_areas_and_blanks_parts(whole: Geography) -> None:
    covered = whole.covering("district", ("D1", "D3"))
    assert covered.nesting.rows() == [
        ("L1", "W1", "D1", "", ""),
        ("L2", "W1", "D1", "", ""),
        ("L3", "", "D1", "", ""),
        ("L6", "W4", "D3", "", ""),
    ]
    assert covered.codes("combined").is_empty()
    assert (covered.vintage, covered.areas.height) == (whole.vintage, whole.areas.height)


def test_covering_all_changes_nothing(whole: Geography) -> None:
    assert whole.covering("national", ("E",)).nesting.equals(whole.nesting)
    assert whole.covering("district", ("D1", "D2", "D3")).nesting.equals(whole.nesting)


def test_covering_the_finest_level(whole: Geography) -> None:
    assert whole.covering("lsoa", ("L3", "L4")).nesting.rows() == [("L3", "W2", "", "", ""), ("L4", "W2", "", "", "")]


def test_covering_an_unknown_area_covers_nothing(whole: Geography) -> None:
    assert whole.covering("district", ("D9",)).nesting.is_empty()


@given(wanted=st.sets(st.sampled_from(["L1", "L2", "L3", "L4", "L5", "L6"]), min_size=1))
def test_a_code_stands_only_where_the_whole_area_is_covered(wanted: set[str]) -> None:
    nesting = pl.DataFrame(
        {
            "lsoa": ["L1", "L2", "L3", "L4", "L5", "L6"],
            "ward": ["W1", "W1", "W2", "W2", "W3", "W4"],
            "district": ["D1", "D1", "D1", "D2", "D2", ""],
        }
    )
    empty = pl.DataFrame()
    covered = Geography("2025", nesting, empty, empty, empty).covering("lsoa", tuple(sorted(wanted)))
    assert set(covered.nesting["lsoa"]) == wanted
    for level in ("ward", "district"):
        for code in set(nesting[level]) - {""}:
            members = set(nesting.filter(pl.col(level) == code)["lsoa"])
            kept = set(covered.nesting.filter(pl.col(level) == code)["lsoa"])
            assert kept == (members if members <= wanted else set())
    again = covered.covering("lsoa", tuple(sorted(wanted)))
    assert again.nesting.equals(covered.nesting)


def test_an_unknown_vintage_names_those_at_hand(metadata_folder: Path) -> None:
    (metadata_folder / "geography" / "2011").mkdir()
    message = refusal(metadata_folder, "1999")
    folder = metadata_folder / "geography"
    assert message == f"geography vintage 1999: no such folder. Vintages in {folder}: 2011, 2025."


def test_without_any_geography_the_shipped_one_serves(tmp_path: Path) -> None:
    assert load_geography("2011", metadata_folder=tmp_path).finest == "region"


def test_a_coarser_finest_level_keeps_what_it_decides(whole: Geography) -> None:
    coarse = whole.from_level("district")
    assert coarse.levels == ("district", "combined", "national")
    assert coarse.codes("district").to_list() == ["D1", "D2", "D3"]
    assert whole.from_level("lsoa") is whole
    with pytest.raises(RuleError, match="has no level county"):
        whole.from_level("county")


def test_the_coarsest_level_stands_alone(whole: Geography) -> None:
    assert whole.from_level("national").nesting.rows() == [("E",)]


@pytest.mark.parametrize("name", ["nesting.csv", "areas.csv"])
def test_these_files_must_be_there(metadata_folder: Path, name: str) -> None:
    (metadata_folder / "geography" / "2025" / name).unlink()
    assert refusal(metadata_folder) == f"geography/2025/{name}: the file is missing."


def test_characteristics_and_changes_may_be_left_out(metadata_folder: Path) -> None:
    folder = metadata_folder / "geography" / "2025"
    (folder / "characteristics.csv").unlink()
    (folder / "code_changes.csv").unlink()
    found = load_geography("2025", metadata_folder=metadata_folder)
    assert found.characteristics.columns == ["lsoa"]
    assert found.successors() == {}


BREAK: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "not UTF-8": lambda path: path.write_bytes("a,b\né,1\n".encode("latin-1")),
    "ragged": lambda path: path.write_text("a,b\n1,2,3\n", encoding="utf-8"),
}


@pytest.mark.parametrize("how", sorted(BREAK))
@pytest.mark.parametrize("name", ["nesting.csv", "areas.csv", "characteristics.csv", "code_changes.csv"])
def test_a_broken_file_is_refused(metadata_folder: Path, name: str, how: str) -> None:
    BREAK[how](metadata_folder / "geography" / "2025" / name)
    assert refusal(metadata_folder) == f"geography/2025/{name}: is not a comma-separated file with a header."


def test_areas_need_their_columns(metadata_folder: Path) -> None:
    path = metadata_folder / "geography" / "2025" / "areas.csv"
    path.write_text("area_code,name\nD1,One\n", encoding="utf-8")
    assert refusal(metadata_folder) == "geography/2025/areas.csv: lacks the columns area_name, geographic_level."


@pytest.mark.parametrize(
    ("name", "header", "missing"),
    [
        ("code_changes.csv", "old_code,new", "old_name, new_code"),
        ("characteristics.csv", "area,decile", "lsoa"),
    ],
)
def test_further_files_need_their_columns_too(metadata_folder: Path, name: str, header: str, missing: str) -> None:
    path = metadata_folder / "geography" / "2025" / name
    path.write_text(f"{header}\nL1,1\n", encoding="utf-8")
    assert refusal(metadata_folder) == f"geography/2025/{name}: lacks the columns {missing}."


def test_a_finest_area_stands_once(metadata_folder: Path) -> None:
    path = metadata_folder / "geography" / "2025" / "nesting.csv"
    path.write_text(path.read_text(encoding="utf-8") + "L1,W1,D1,C1,E\n", encoding="utf-8")
    assert "an area stands twice" in refusal(metadata_folder)


def test_codes_that_look_like_numbers_stay_text(metadata_folder: Path) -> None:
    path = metadata_folder / "geography" / "2025" / "nesting.csv"
    path.write_text("lsoa,national\n007,1\n07,1\n", encoding="utf-8")
    assert load_geography("2025", metadata_folder=metadata_folder).codes("lsoa").to_list() == ["007", "07"]


def test_repr_shows_no_table(whole: Geography) -> None:
    assert repr(whole) == "Geography(vintage='2025')"


@pytest.mark.parametrize("vintage", VINTAGES)
def test_shipped_look_ups_hang_together(vintage: str) -> None:
    found = load_geography(vintage, metadata_folder=SHIPPED)
    named = set(found.areas.rows())
    assert len(named) == found.areas.height
    assert found.areas.select("area_code", "geographic_level").is_duplicated().sum() == 0
    for level in found.levels:
        names = set(found.areas.filter(pl.col("geographic_level") == level)["area_code"])
        assert set(found.codes(level)) <= names, level
    assert not found.nesting[found.finest].is_in([""]).any()
    assert not found.areas["area_name"].is_in([""]).any()


@pytest.mark.parametrize("vintage", VINTAGES)
def test_shipped_successors_are_areas_of_the_vintage(vintage: str) -> None:
    found = load_geography(vintage, metadata_folder=SHIPPED)
    current = set().union(*(found.codes(level).to_list() for level in found.levels))
    successors = found.successors()
    assert set(successors.values()) <= current
    assert not set(successors) & current
    assert found.code_changes["old_code"].is_duplicated().sum() == 0


@pytest.mark.parametrize("vintage", VINTAGES)
def test_shipped_characteristics_are_of_the_finest_areas(vintage: str) -> None:
    found = load_geography(vintage, metadata_folder=SHIPPED)
    assert found.characteristics.columns[0] == found.finest
    assert set(found.characteristics[found.finest]) <= set(found.nesting[found.finest])
    assert found.characteristics[found.finest].is_duplicated().sum() == 0


def test_england_has_its_known_numbers_of_areas() -> None:
    found = load_geography("2025", metadata_folder=SHIPPED)
    sizes = {level: len(found.codes(level)) for level in found.levels}
    assert sizes["lsoa"] == 33755
    assert sizes["local_authority"] == 153
    assert sizes["local_authority_district"] == 296
    assert sizes["region"] == 9
    assert sizes["national"] == 1


def test_deciles_are_ten_nearly_equal_groups() -> None:
    found = load_geography("2025", metadata_folder=SHIPPED)
    counts = found.characteristics.filter(pl.col("idaci_decile") != "").group_by("idaci_decile").len()
    assert set(counts["idaci_decile"]) == {str(i) for i in range(1, 11)}
    assert counts["len"].min() > 0.08 * found.nesting.height  # type: ignore[operator]
