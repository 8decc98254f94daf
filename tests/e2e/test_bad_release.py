"""Slips in a release, its rules or its surroundings: exit codes 2, 5 and 6, a remedy, nothing written or charged."""

from pathlib import Path

import pytest

from tests.conftest import Run
from tests.small_pilot import cut_cap, set_key

SLIPS: dict[str, tuple[str, object, str, str]] = {
    "unknown key": ("colour", "green", "NDL-R003", "colour"),
    "unknown measure": ("tables.0.measures", ["children", "gdl"], "NDL-R004", "gld"),
    "unknown breakdown": ("tables.1.breakdowns", [["fms"]], "NDL-R004", "fsm"),
    "unknown level": ("tables.0.levels", ["parish"], "NDL-R0", "parish"),
    "finer than the rules allow": ("tables.2.breakdowns", [["sex", "fsm", "ethnicity_major"]], "NDL-R004", "2"),
    "share without its base": ("tables.0.measures", ["gld"], "NDL-R012", "children"),
    "unknown area": ("geography.areas", ["E08000099"], "NDL-R011", "E08000099"),
    "unknown vintage": ("geography.vintage", "1066", "NDL-R010", "1066"),
    "unknown metadata": ("metadata", "late_years", "NDL-R001", "late_years"),
    "unknown rules": ("rules", "none", "NDL-R001", "none"),
    "source not named": ("sources", {"profile": "data/profile.csv"}, "NDL-R004", "childcare"),
    "version is no version": ("version", "one", "NDL-R003", "version"),
    "release id with a slash": ("release_id", "../../escape", "NDL-R003", "release_id"),
    "table name with a slash": ("tables.0.name", "../headline", "NDL-R003", "name"),
    "no tables": ("tables", [], "NDL-R003", "tables"),
    "wrong kind": ("expected_count", "many", "NDL-R003", "expected_count"),
    "level that is not wholly covered": ("tables.0.levels", ["region"], "NDL-R011", "region"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_slips_in_a_release_are_refused(run: Run, small: Path, home: Path, slip: str) -> None:
    place, value, code, word = SLIPS[slip]
    set_key(small / "release.yaml", place, value)
    told = run("build", small / "release.yaml", "--out", small / "out")
    assert told.code == 2, told.told
    assert code in told.err
    assert word in told.err
    assert "More: ndl-publish explain NDL-R" in told.err
    assert "Traceback" not in told.told
    assert not (small / "out").exists()
    assert not home.exists()


def test_yaml_that_cannot_be_read(run: Run, small: Path) -> None:
    (small / "release.yaml").write_text("tables: [\n", encoding="utf-8")
    told = run("plan", small / "release.yaml")
    assert (told.code, "NDL-R002" in told.err) == (2, True)


def test_the_cap_is_reached_after_so_many_versions(run: Run, small: Path, tmp_path: Path) -> None:
    rules = cut_cap(tmp_path, 0.2)
    answers = []
    for number in range(3):
        set_key(small / "release.yaml", "version", f"1.0.{number}")
        answers.append(run("build", small / "release.yaml", "--out", small / "out", "--rules", rules))
    assert [answer.code for answer in answers] == [0, 0, 5]
    assert "NDL-B001" in answers[2].err
    assert sorted(path.name for path in (small / "out").iterdir()) == [
        "early-years-pilot-1.0.0",
        "early-years-pilot-1.0.1",
    ]
    history = run("ledger", "history", "--json").json()
    assert [entry["kind"] for entry in history if entry["kind"] != "set_cap"] == ["reserve", "commit"] * 2
    set_key(small / "release.yaml", "version", "1.0.1")
    again = run("build", small / "release.yaml", "--out", small / "out", "--rules", rules, "--json")
    assert again.code == 0, "what was paid for stays free"
    assert again.json()["privacy"]["is_replay"] is True


def test_a_cap_below_the_cost_refuses_the_first(run: Run, small: Path, tmp_path: Path) -> None:
    rules = cut_cap(tmp_path, 0.05)
    told = run("build", small / "release.yaml", "--out", small / "out", "--rules", rules)
    assert (told.code, "NDL-B001" in told.err) == (5, True)
    assert not (small / "out").exists()


def test_a_named_key_that_is_missing(run: Run, small: Path, tmp_path: Path, home: Path) -> None:
    told = run("build", small / "release.yaml", "--out", small / "out", "--key", tmp_path / "none")
    assert (told.code, "NDL-R040" in told.err) == (2, True)
    assert not (tmp_path / "none").exists()
    assert not (home / "ledger.sqlite").exists()
    assert not (small / "out").exists()


@pytest.mark.parametrize(("mode", "code"), [(0o644, "NDL-R041"), (0o660, "NDL-R041")])
def test_a_key_that_others_can_read(run: Run, small: Path, tmp_path: Path, mode: int, code: str) -> None:
    key = tmp_path / "key"
    key.write_text("ab" * 32, encoding="utf-8")
    key.chmod(mode)
    told = run("build", small / "release.yaml", "--out", small / "out", "--key", key)
    assert (told.code, code in told.err) == (2, True)
    assert "ab" * 8 not in told.told
    assert not (small / "out").exists()


def test_a_key_that_is_none(run: Run, small: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("open sesame", encoding="utf-8")
    key.chmod(0o600)
    told = run("build", small / "release.yaml", "--out", small / "out", "--key", key)
    assert (told.code, "NDL-R042" in told.err, "sesame" in told.told) == (2, True, False)


def test_a_lost_key_is_not_replaced_in_silence(run: Run, small: Path, home: Path) -> None:
    assert run("build", small / "release.yaml", "--out", small / "out").code == 0
    (home / "key").unlink()
    told = run("build", small / "release.yaml", "--out", small / "two")
    assert (told.code, "NDL-R040" in told.err) == (2, True)
    assert not (home / "key").exists()


def test_an_occupied_folder_is_refused_before_anything_is_charged(run: Run, small: Path, home: Path) -> None:
    place = small / "out/early-years-pilot-1.0.0"
    place.mkdir(parents=True)
    (place / "mine.txt").write_text("keep", encoding="utf-8")
    for release in ("release.yaml", "classic.yaml"):
        if release == "classic.yaml":
            place.rename(small / "out/early-years-pilot-classic-1.0.0")
        told = run("build", small / release, "--out", small / "out")
        assert (told.code, "NDL-T001" in told.err) == (6, True), told.told
    assert [path.read_text(encoding="utf-8") for path in (small / "out").rglob("*.txt")] == ["keep"]
    assert not (home / "ledger.sqlite").exists()


def test_a_file_where_the_output_folder_should_be(run: Run, small: Path, home: Path) -> None:
    (small / "out").write_text("a file", encoding="utf-8")
    told = run("build", small / "release.yaml", "--out", small / "out")
    assert told.code in {2, 6}
    assert "Traceback" not in told.told
    assert not (home / "ledger.sqlite").exists()
    below = run("build", small / "release.yaml", "--out", small / "out/below")
    assert (below.code, "NDL-T003" in below.err) == (6, True)
    assert not (home / "ledger.sqlite").exists()


def test_a_file_that_is_no_ledger(run: Run, small: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("not a ledger, but long enough to be looked at " * 20, encoding="utf-8")
    other.chmod(0o600)
    key = tmp_path / "key"
    key.write_text("ab" * 32, encoding="utf-8")
    key.chmod(0o600)
    told = run("build", small / "release.yaml", "--out", small / "out", "--ledger", other, "--key", key)
    assert (told.code, "NDL-B007" in told.err) == (5, True)
    assert not (small / "out").exists()
    assert run("ledger", "show", "--ledger", other).code == 5


def test_a_home_that_cannot_be_made(run: Run, small: Path, home: Path) -> None:
    home.write_text("a file", encoding="utf-8")
    told = run("build", small / "release.yaml", "--out", small / "out")
    assert (told.code, "NDL-R048" in told.err) == (2, True)
    assert not (small / "out").exists()


@pytest.mark.parametrize("name", ["release", "classic"])
@pytest.mark.parametrize("after", [1, 12])
def test_a_full_disk_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, run: Run, small: Path, name: str, after: int
) -> None:
    calls = 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls >= after and f"{small}/out" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("ndl_publish.package.folder.os.fsync", full)
    told = run("build", small / f"{name}.yaml", "--out", small / "out")
    assert (told.code, "NDL-T002" in told.err) == (6, True), told.told
    assert list((small / "out").iterdir()) == []
    monkeypatch.undo()
    if name == "release":
        kinds = [entry["kind"] for entry in run("ledger", "history", "--json").json()]
        assert kinds.count("reserve") == 1
        assert "commit" not in kinds


def test_after_a_full_disk_the_same_build_is_not_charged_again(
    monkeypatch: pytest.MonkeyPatch, run: Run, small: Path
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ndl_publish.package.build.write_file", full)
        assert run("build", small / "release.yaml", "--out", small / "out").code == 6
    again = run("build", small / "release.yaml", "--out", small / "out", "--json").json()
    assert again["privacy"]["is_replay"] is True
