"""Stopped, killed, or two at once: nothing half-written, the ledger right, and the next run finishes the job."""

import os
import signal
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from tests.command import ended, start_main
from tests.conftest import Run
from tests.small_pilot import cut_cap, set_key
from tests.truth import public_bytes

NAME = "early-years-pilot-1.0.0"

# Runs before the command: when the named function of the named module has returned (or begun), do something.
HOOK = """
import importlib, os, signal, sys
def hook(module, name, act, when):
    home = importlib.import_module(module)
    whole = getattr(home, name)
    def hooked(*arguments, **options):
        if when == "before":
            act()
        answer = whole(*arguments, **options)
        if when == "after":
            act()
        return answer
    setattr(home, name, hooked)
"""
PLACES = {
    "records are read": ("ndl_publish.pipeline", "tabulate", "before", 0),
    "order is placed, nothing paid": ("ndl_publish.pipeline", "place_order", "after", 0),
    "paid and drawn, not audited": ("ndl_publish.pipeline", "protect_dp", "after", 1),
    "audited, not written": ("ndl_publish.pipeline", "checker_pack", "after", 1),
    "written, not checked": ("ndl_publish.package.build", "validate_package", "before", 1),
    "checked, not moved": ("ndl_publish.package.build", "set_modes", "after", 1),
    "moved": ("ndl_publish.pipeline", "build_package", "after", 1),
}


def at(place: str, signal_name: str) -> str:
    module, name, when, _ = PLACES[place]
    act = f"lambda: os.kill(os.getpid(), signal.{signal_name})"
    return f"{HOOK}\nhook({module!r}, {name!r}, {act}, {when!r})"


def kinds(run: Run, home: Path) -> list[str]:
    if not (home / "ledger.sqlite").exists():
        return []
    told = run("ledger", "history", "--json")
    assert run("ledger", "verify").code == 0
    return [entry["kind"] for entry in told.json() if entry["kind"] in {"reserve", "commit"}]


def leftovers(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir()) if out.exists() else []


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("records are read", marks=pytest.mark.slow),
        pytest.param("paid and drawn, not audited", marks=pytest.mark.slow),
        "written, not checked",
    ],
)
def test_ctrl_c_leaves_nothing_and_ends_with_130(run: Run, small: Path, home: Path, place: str) -> None:
    out = small / "out"
    told = ended(start_main("build", small / "release.yaml", "--out", out, home=home, before=at(place, "SIGINT")))
    assert told.code == 130, told.told
    assert "Traceback" not in told.told
    assert "Stopped." in told.err
    assert leftovers(out) == []
    assert kinds(run, home) == ["reserve"] * PLACES[place][3]


@pytest.mark.slow
def test_ctrl_c_from_outside_at_any_time(small: Path, home: Path) -> None:
    process = start_main("build", small / "release.yaml", "--out", small / "out", home=home)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    told = ended(process)
    assert told.code == 130, told.told
    assert "Traceback" not in told.told
    assert leftovers(small / "out") == []


@pytest.mark.parametrize(
    "place",
    ["checked, not moved", *(pytest.param(x, marks=pytest.mark.slow) for x in PLACES if x != "checked, not moved")],
)
def test_after_a_kill_the_next_run_finishes_the_job_and_pays_at_most_once(
    run: Run, small: Path, home: Path, place: str
) -> None:
    out = small / "out"
    told = ended(start_main("build", small / "release.yaml", "--out", out, home=home, before=at(place, "SIGKILL")))
    assert told.code == -signal.SIGKILL, told.told
    paid = PLACES[place][3]
    assert kinds(run, home).count("reserve") == paid
    whole = out / NAME
    assert whole.exists() == (place == "moved")
    before = public_bytes(out) if whole.exists() else None
    again = run("build", small / "release.yaml", "--out", out, "--json")
    assert again.code == 0, again.told
    assert again.json()["privacy"]["is_replay"] is bool(paid)
    assert leftovers(out) == [NAME], "what the killed run left was cleared away"
    done = kinds(run, home)
    assert (done.count("reserve"), done[-1]) == (1, "commit")
    if before is not None:
        assert public_bytes(out) == before


@pytest.mark.slow
def test_what_a_killed_run_left_is_readable_by_its_owner_only(small: Path, home: Path) -> None:
    out = small / "out"
    place = at("written, not checked", "SIGKILL")
    assert ended(start_main("build", small / "classic.yaml", "--out", out, home=home, before=place)).code < 0
    (left,) = out.iterdir()
    assert left.name.startswith(".")
    assert left.stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.3, 0.9, 1.6, 2.4, 3.2])
def test_a_kill_at_any_moment(run: Run, small: Path, home: Path, delay: float) -> None:
    out = small / "out"
    process = start_main("build", small / "release.yaml", "--out", out, home=home)
    try:
        process.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        process.kill()
    ended(process)
    paid = kinds(run, home).count("reserve")
    assert paid in {0, 1}
    assert not (out / NAME).exists() or (out / NAME / "public/manifest-sha256.txt").exists()
    again = run("build", small / "release.yaml", "--out", out, "--json")
    if again.code == 2 and "NDL-R040" in again.told:
        pytest.fail("a key was lost: ledger without key")
    assert again.code == 0, again.told
    assert again.json()["privacy"]["is_replay"] is bool(paid)
    assert leftovers(out) == [NAME]


def test_builds_at_once_never_pass_the_cap(run: Run, small: Path, home: Path, tmp_path: Path) -> None:
    """Three versions at once, and a cap that pays for one more."""
    rules = cut_cap(tmp_path, 0.2)
    assert run("build", small / "release.yaml", "--out", small / "out", "--rules", rules).code == 0
    started = []
    for number in range(1, 4):
        release = small / f"release{number}.yaml"
        release.write_bytes((small / "release.yaml").read_bytes())
        set_key(release, "version", f"1.0.{number}")
        started.append(start_main("build", release, "--out", small / "out", "--rules", rules, home=home))
    answers = [ended(process) for process in started]
    assert sorted(answer.code for answer in answers) == [0, 5, 5]
    assert sum("NDL-B001" in answer.err for answer in answers) == 2
    balance = run("ledger", "show", "--json").json()[0]
    assert Fraction(balance["spent"]) <= Fraction(balance["cap"])
    assert len(leftovers(small / "out")) == 2
    assert kinds(run, home) == ["reserve", "commit"] * 2


@pytest.mark.slow
def test_the_same_build_twice_at_once_is_paid_once(run: Run, small: Path, home: Path) -> None:
    assert run("plan", small / "release.yaml").code == 0
    home.mkdir(mode=0o700)
    (home / "key").write_text(os.urandom(32).hex(), encoding="utf-8")
    (home / "key").chmod(0o600)
    both = [start_main("build", small / "release.yaml", "--out", small / "out", home=home) for _ in range(2)]
    answers = [ended(process) for process in both]
    assert [answer.code for answer in answers].count(0) >= 1, [answer.told for answer in answers]
    assert {answer.code for answer in answers} <= {0, 6}
    assert kinds(run, home).count("reserve") == 1
    assert leftovers(small / "out") == [NAME]


def test_a_reader_that_goes_away_is_no_traceback(small: Path, home: Path) -> None:
    with start_main("plan", small / "release.yaml", home=home) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
