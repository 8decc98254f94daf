"""Checks that look at a source, or at several, as a whole."""

import pytest

from tests.unit.records.conftest import World


def test_period_absent(world: World) -> None:
    world.rows["profile"] = [{**row, "YEAR": "202324"} for row in world.rows["profile"]]
    (message,) = world.of("NDL-V032")
    assert message.startswith("error: profile, column YEAR: no row is of the release's time period 202425.")
    assert "202324" not in message


def test_rows_of_another_period_are_noted(world: World) -> None:
    world.bend("profile", "YEAR", ["202324", "202324"])
    assert world.of("NDL-V033") == ["note: profile, column YEAR: another time period in 2 rows, which are left out."]


def test_rows_without_period_are_a_warning(world: World) -> None:
    world.bend("profile", "YEAR", [""])
    assert world.of("NDL-V033")[0].startswith("warning: profile, column YEAR: no time period in 1 row,")


def test_source_without_period_is_not_asked_for_one(world: World) -> None:
    profile = {k: v for k, v in world.metadata["sources"]["profile"].items() if k != "period"}
    world.metadata = {**world.metadata, "sources": {**world.metadata["sources"], "profile": profile}}
    world.bend("profile", "YEAR", ["1"])
    assert world.validate().n_children == 6


@pytest.mark.parametrize("source", ["profile", "health", "childcare", "links"])
def test_empty_source(world: World, source: str) -> None:
    world.text(source, ",".join(world.rows[source][0]) + "\n")
    assert world.of("NDL-V031") == [f"error: {source}: has a header and no row. Check that the extract ran to its end."]


def test_alike_ids(world: World) -> None:
    """``alike_ids``: case may tell pseudonyms apart, so this is a warning."""
    first = world.rows["profile"][0]
    assert world.of("NDL-V043") == []
    world.rows["profile"].append({**first, "pupil_id": first["pupil_id"].swapcase()})
    (message,) = world.of("NDL-V043")
    assert message.startswith("warning: profile, column pupil_id: ids that differ in upper and lower case only: 1 row")
    assert first["pupil_id"] not in message


def test_rows_with_one_id_are_ordered_by_the_rule(world: World) -> None:
    world.rows["profile"].append({**world.rows["profile"][0], "SEQ": "2", "SEX": "M"})
    assert world.of("NDL-V024") == [
        "note: profile: 1 row left out by the one_row rule, which kept another row of the same id."
    ]
    assert world.codes("error") == []


def test_identical_rows_are_collapsed(world: World) -> None:
    world.rows["profile"] += [dict(world.rows["profile"][0])] * 2
    assert world.of("NDL-V023") == ["note: profile: 2 rows repeated another row in every declared column: left out."]
    assert world.validate().n_children == 6


def test_rows_that_tie_and_differ_are_an_error(world: World) -> None:
    world.rows["profile"].append({**world.rows["profile"][0], "SEX": "M"})
    world.rows["health"].append({**world.rows["health"][1], "SCORE": "7"})
    assert world.of("NDL-V022") == [
        f"error: {source}: the same id in 2 rows that differ, and no rule says which to keep. Mend them. See line {n}."
        for source, n in (("profile", 2), ("health", 3))
    ]


def test_rows_that_tie_below_the_top_do_not_matter(world: World) -> None:
    first = world.rows["profile"][0]
    world.rows["profile"] += [{**first, "SEX": "M"}, {**first, "SEQ": "2"}]
    assert world.codes() == ["NDL-V024"]


def test_rows_left_out_by_where_do_not_tie(world: World) -> None:
    world.rows["health"].append({**world.rows["health"][0], "TYPE": "C4", "SCORE": "1"})
    assert world.codes() == []


def test_old_and_new_code_of_one_area_are_alike(world: World) -> None:
    world.rows["profile"].append({**world.rows["profile"][0], "LSOA": "E01000091"})
    assert world.codes() == ["NDL-V018", "NDL-V023"]


def test_without_a_rule_only_identical_rows_collapse(world: World) -> None:
    profile = {k: v for k, v in world.metadata["sources"]["profile"].items() if k != "one_row"}
    world.metadata = {**world.metadata, "sources": {**world.metadata["sources"], "profile": profile}}
    world.rows["profile"].append({**world.rows["profile"][0], "SEQ": "2"})
    assert world.codes() == ["NDL-V022"]


def test_several_rows_of_a_source_that_is_added_up_are_welcome(world: World) -> None:
    world.rows["childcare"] *= 3
    assert world.codes() == []


def test_links_to_nowhere_are_a_warning(world: World) -> None:
    world.rows["links"][0]["linked_id"] = "CANARY"
    assert world.of("NDL-V027") == ["warning: links, column linked_id: no record of health for 1 row: not used."]
    world.rows["links"][0]["pupil_id"] = "CANARY"
    assert len(world.of("NDL-V026")) == 1


def test_links_mostly_to_nowhere_are_an_error(world: World) -> None:
    world.bend("links", "linked_id", ["a", "b", "c"])
    assert world.of("NDL-V027")[0].startswith("error: links, column linked_id: no record of health for most links")
    world.bend("links", "pupil_id", ["a", "b", "c", "d"])
    assert world.of("NDL-V026")[0].startswith("error: links, column pupil_id: no record of profile for most links")


def test_links_of_children_of_another_period_lead_somewhere(world: World) -> None:
    world.bend("profile", "YEAR", ["202324"] * 4)
    assert world.of("NDL-V026") == []


def test_half_of_the_links_is_not_most(world: World) -> None:
    world.bend("links", "linked_id", ["a", "b"])
    assert world.of("NDL-V027")[0].startswith("warning")


def test_one_record_claimed_by_two_children(world: World) -> None:
    world.rows["links"][1]["linked_id"] = world.rows["links"][0]["linked_id"]
    assert world.of("NDL-V029") == [
        "warning: links to health: 1 record is claimed by several children; each keeps the link. Check the linkage."
    ]


def test_claims_of_links_that_are_not_used_do_not_count(world: World) -> None:
    world.rows["links"].append({**world.rows["links"][0], "pupil_id": "P0002ab", "weight": "0.5"})
    assert world.of("NDL-V029") == []


def test_all_findings_of_all_sources_are_told_together(world: World) -> None:
    world.bend("profile", "SEX", ["x"])
    world.bend("health", "SCORE", ["x"])
    world.bend("links", "weight", ["x"])
    world.rows["childcare"] = [{**row, "upn": "x"} for row in world.rows["childcare"]]
    assert world.codes("error") == ["NDL-V010", "NDL-V012", "NDL-V013", "NDL-V025"]
