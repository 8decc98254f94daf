import gzip

import pytest

from ndl_publish.errors import InputError
from ndl_publish.records.model import ID
from ndl_publish.records.read import stop_on_errors
from tests.unit.records.conftest import World

HEADER = "pupil_id,YEAR,SEQ,LSOA,LA,SEX,MONTH,E1,E2"
ROW = "P0001ab,202425,1,E01000001,E06000001,F,2019-10,2,2"


def told(world: World) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        world.read()
    assert caught.value.code == "NDL-V000"
    return {finding.code: f"{finding.where}: {finding.message}" for finding in caught.value.findings}


def test_a_good_world_is_read_without_a_finding(world: World) -> None:
    records = world.read()
    assert records.findings == ()
    assert world.engine.collect(records.sources["profile"])[ID].to_list()[0] == "P0001ab"


def test_missing_files_of_all_sources_are_told_together(world: World) -> None:
    world.paths = {"profile": ["none.csv"], "health": ["nor_this.csv"]}
    with pytest.raises(InputError) as caught:
        world.read()
    assert [f.code for f in caught.value.findings] == ["NDL-V001", "NDL-V001"]
    assert "none.csv" in str(caught.value)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_wrong_delimiter(world: World, mark: str) -> None:
    world.text("profile", f"{HEADER}\n{ROW}\n".replace(",", mark))
    findings = told(world)
    assert list(findings) == ["NDL-V003"]
    assert "P0001ab" not in str(findings)


def test_empty_file(world: World) -> None:
    world.text("profile", "")
    assert list(told(world)) == ["NDL-V002"]


def test_empty_gzip(world: World) -> None:
    world.text("profile", gzip.compress(b""), "profile.csv.gz")
    assert list(told(world)) == ["NDL-V002"]


def test_not_utf8_names_the_line(world: World) -> None:
    world.text("profile", f"{HEADER}\n{ROW}\n".encode() + ROW.replace("F", "\xe9").encode("latin-1"))
    assert "line 3" in told(world)["NDL-V004"]


def test_character_cut_at_the_end(world: World) -> None:
    world.text("profile", f"{HEADER}\n{ROW}".encode() + b"\xc3")
    assert "NDL-V004" in told(world)


def test_file_that_is_not_gzip(world: World) -> None:
    world.text("profile", f"{HEADER}\n{ROW}\n", "profile.csv.gz")
    assert "gzip" in told(world)["NDL-V004"]


def test_gzip_cut_short(world: World) -> None:
    world.text("profile", gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 50)[:-20], "profile.csv.gz")
    assert "gzip" in told(world)["NDL-V004"]


def test_file_that_is_not_parquet(world: World) -> None:
    world.text("profile", f"{HEADER}\n{ROW}\n", "profile.parquet")
    assert "Parquet" in told(world)["NDL-V004"]


def test_unknown_kind_of_file(world: World) -> None:
    world.text("profile", "x", "profile.xlsx")
    assert ".csv.gz" in told(world)["NDL-V004"]


def test_repeated_column(world: World) -> None:
    world.text("profile", f"{HEADER},E2\n{ROW},1\n")
    assert "E2" in told(world)["NDL-V005"]


def test_missing_column_with_the_nearest_name(world: World) -> None:
    world.text("profile", f"{HEADER.replace('MONTH', 'MONHT')}\n{ROW}\n")
    message = told(world)["NDL-V006"]
    assert "the column MONTH is not there" in message
    assert "MONHT" in message


def test_file_without_header_shows_no_value(world: World) -> None:
    world.text("profile", f"{ROW}\n{ROW}\n")
    findings = told(world)
    assert list(findings) == ["NDL-V006"]
    assert not any(value in str(findings) for value in ROW.split(","))


def test_undeclared_columns_are_a_note(world: World) -> None:
    world.rows["health"] = [{**row, "extra": "x"} for row in world.rows["health"]]
    findings = world.read().findings
    assert [(f.code, f.severity) for f in findings] == [("NDL-V007", "note")]
    assert "extra" in findings[0].message


@pytest.mark.parametrize("bad", [ROW + ",7", ROW.rsplit(",", 1)[0]])
def test_lines_with_too_many_or_too_few_fields(world: World, bad: str) -> None:
    world.text("profile", f"{HEADER}\n{ROW}\n{bad}\n{ROW}\n")
    assert "see 3." in told(world)["NDL-V008"]


def test_short_line_among_quoted_ones(world: World) -> None:
    world.text("profile", f'{HEADER}\n{ROW}\n"P0002ab",202425\n')
    assert "see 3." in told(world)["NDL-V008"]


def test_quoted_fields_and_blank_last_line_pass(world: World) -> None:
    quoted = ROW.replace("P0001ab", '"P0001ab"')
    world.text("profile", f"{HEADER}\n{quoted}\n\n")
    assert world.read().findings == ()


def test_byte_order_mark_passes(world: World) -> None:
    world.text("profile", f"\ufeff{HEADER}\n{ROW}\n")
    records = world.read()
    assert world.engine.collect(records.sources["profile"])[ID].to_list() == ["P0001ab"]


def test_files_of_one_source_must_be_alike(world: World) -> None:
    world.write("health", world.rows["health"][:2], "a.csv")
    world.write("health", [{**row, "more": "1"} for row in world.rows["health"][2:]], "b.csv")
    assert "b.csv" in told(world)["NDL-V009"]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_every_format_gives_the_same_children(world: World, ending: str) -> None:
    expected = world.table()
    for name, rows in list(world.rows.items()):
        world.write(name, rows, f"{name}.{ending}")
    assert world.table().equals(expected)


def test_several_files_are_stacked_and_their_order_of_columns_is_free(world: World) -> None:
    expected = world.table()
    rows = world.rows["profile"]
    world.write("profile", rows[:2], "part1.csv")
    world.write("profile", [dict(reversed(row.items())) for row in rows[2:]], "part2.csv.gz")
    assert world.table().equals(expected)


def test_glob_patterns_name_several_files(world: World) -> None:
    rows = world.rows["profile"]
    world.write("profile", rows[:2], "part1.csv")
    world.write("profile", rows[2:], "part2.csv")
    world.paths["profile"] = ["part*.csv"]
    assert world.validate().n_children == 6


def test_geography_must_have_the_levels(world: World) -> None:
    sources = world.metadata["sources"]
    columns = {**sources["profile"]["columns"], "home_la": {"type": "area", "source": "LA", "level": "ward"}}
    profile = {**sources["profile"], "columns": columns}
    world.metadata = {**world.metadata, "sources": {**sources, "profile": profile}}
    assert "no level ward" in told(world)["NDL-V037"]


def test_place_must_be_of_the_finest_level(world: World) -> None:
    world.metadata = {**world.metadata, "place": {"column": "home_la", "basis": "x"}}
    assert "finest level" in told(world)["NDL-V037"]


def test_characteristic_must_be_there(world: World) -> None:
    derived = world.metadata["derived"]
    world.metadata = {**world.metadata, "derived": {**derived, "decile": {**derived["decile"], "characteristic": "z"}}}
    assert "no characteristic z" in told(world)["NDL-V037"]


def test_rows_of_other_periods_are_not_kept(world: World) -> None:
    world.rows["profile"][0]["YEAR"] = "202324"
    records = world.read()
    assert world.engine.collect(records.sources["profile"]).height == 5
    assert world.engine.collect(records.all_periods).height == 6


def test_missing_values_become_null(world: World) -> None:
    world.rows["profile"][0] |= {"E1": "", "E2": "X"}
    frame = world.engine.collect(world.read().sources["profile"])
    assert frame.select("e1", "e2").row(0) == (None, None)


def test_repr_shows_no_data(world: World) -> None:
    records, validated = world.read(), world.validate()
    for text in (repr(records), repr(validated)):
        assert "E0100" not in text
        assert "6" not in text


def test_progress_is_told(world: World) -> None:
    from ndl_publish.records.read import read_records  # noqa: PLC0415

    steps: list[str] = []
    read_records(world.spec(), world.geography, engine=world.engine, progress=steps.append)
    assert steps == ["Reading profile", "Reading health", "Reading childcare", "Reading links"]


def test_no_finding_stops_nothing() -> None:
    stop_on_errors([])
