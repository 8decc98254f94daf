"""Many processes on one ledger, and processes killed at the worst moments."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import ndl_publish
from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.places import place_of

MakeRequest = Callable[..., ChargeRequest]
KILLS = 25
"""Processes that are killed, at moments spread over the tenth of a second after they began to charge."""
CAPS = {"2019/20": Caps(Fraction(1, 2))}
PRELUDE = """
import os, signal, sys, time
from datetime import UTC, datetime
from fractions import Fraction
from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.places import place_of
from ndl_publish.privacy.events import GaussianQuery

def request(digest, rho="1/10", version="1.0.0"):
    query = GaussianQuery("gld", ("2019/20",), 1 / (2 * Fraction(rho)), Fraction(1), 12)
    return ChargeRequest.for_queries([query], release_id="early-years", version=version, rules_id="demo-rules",
        request_digest=digest, adjacency="add_remove", code_version="0.1.0", actor="a statistician",
        key_fingerprint="0123456789abcdef")

place, caps = place_of(sys.argv[1]), {"2019/20": Caps(Fraction(1, 2))}
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    root = Path(ndl_publish.__file__).parents[1]
    command = [sys.executable, "-c", PRELUDE + script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)})


def test_eight_processes_never_pass_the_cap(where: str) -> None:
    script = """
paid = refused = 0
with Ledger.open(place) as ledger:
    for number in range(25):
        try:
            ledger.reserve(request(f"{sys.argv[2]}-{number}", rho="1/200"), caps=caps)
            paid += 1
        except BudgetError as error:
            assert error.code == "NDL-B001", error
            refused += 1
print(paid, refused)
"""
    workers = [start(script, where, number) for number in range(8)]
    answers = [worker.communicate(timeout=120)[0].split() for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    assert sum(int(paid) for paid, _ in answers) == 100
    assert sum(int(refused) for _, refused in answers) == 100
    with Ledger.open(place_of(where), must_exist=True) as ledger:
        assert ledger.verify() == ()
        assert [(b.spent, b.remaining) for b in ledger.balances()] == [(Fraction(1, 2), Fraction(0))]


def test_eight_processes_with_one_request_pay_once(where: str) -> None:
    script = """
with Ledger.open(place) as ledger:
    print(ledger.reserve(request("same"), caps=caps).is_replay)
"""
    workers = [start(script, where) for _ in range(8)]
    answers = [worker.communicate(timeout=120)[0].strip() for worker in workers]
    assert sorted(answers) == ["False"] + ["True"] * 7
    with Ledger.open(place_of(where), must_exist=True) as ledger:
        assert ledger.balances()[0].spent == Fraction(1, 10)


def test_killed_between_reserve_and_commit_stays_charged_and_replays(where: str, make_request: MakeRequest) -> None:
    script = """
ledger = Ledger.open(place)
ledger.reserve(request("d1"), caps=caps)
print("reserved", flush=True)
time.sleep(60)
"""
    with start(script, where) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == "reserved"
        worker.kill()
        assert worker.wait(timeout=30) == -signal.SIGKILL
    with Ledger.open(place_of(where), must_exist=True) as ledger:
        assert ledger.balances()[0].spent == Fraction(1, 10)
        grant = ledger.reserve(make_request("d1"), caps=CAPS)
        assert grant.is_replay
        ledger.commit(grant, outputs={"t.csv": "aa"})
        assert ledger.balances()[0].spent == Fraction(1, 10)


def test_killed_inside_a_turn_leaves_nothing_behind(where: str, make_request: MakeRequest) -> None:
    script = """
ledger = Ledger.open(place)
append = ledger._store.append
def append_and_die(entry):
    append(entry)
    os.kill(os.getpid(), signal.SIGKILL)
ledger._store.append = append_and_die
ledger.reserve(request("d1"), caps=caps)
"""
    with start(script, where) as worker:
        assert worker.wait(timeout=30) == -signal.SIGKILL
    with Ledger.open(place_of(where), must_exist=True) as ledger:
        assert ledger.history() == ()
        assert not ledger.reserve(make_request("d1"), caps=CAPS).is_replay


def test_eight_processes_never_pass_the_cap_of_a_year(where: str) -> None:
    script = """
caps = {"2019/20": Caps(Fraction(1, 2), Fraction(1, 10))}
paid = 0
with Ledger.open(place, now=lambda: datetime(2026, 4, 1, tzinfo=UTC)) as ledger:
    for number in range(5):
        try:
            ledger.reserve(request(f"{sys.argv[2]}-{number}", rho="1/200"), caps=caps)
            paid += 1
        except BudgetError as error:
            assert error.code == "NDL-B020", error
print(paid)
"""
    workers = [start(script, where, number) for number in range(8)]
    assert sum(int(worker.communicate(timeout=120)[0]) for worker in workers) == 20
    with Ledger.open(place_of(where), must_exist=True) as ledger:
        assert ledger.balances()[0].spent == Fraction(1, 10)


def test_killed_at_any_moment_never_under_charges(where: str, tmp_path: Path) -> None:
    """Whoever was given a grant would draw noise: each such charge must be in the ledger, whenever the kill comes."""
    script = """
told = os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
with Ledger.open(place) as ledger:
    print("ready", flush=True)
    for number in range(10_000):
        digest = f"{sys.argv[2]}-{number}"
        grant = ledger.reserve(request(digest, rho="1/1000000", version=digest), caps=caps)
        os.write(told, f"{digest}\\n".encode())
        ledger.commit(grant, outputs={"t.csv": "aa"})
"""
    draw, granted = random.Random(20260401), tmp_path / "granted"  # noqa: S311 - moments, not noise
    for attempt in range(KILLS):
        with start(script, where, attempt, granted) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline().strip() == "ready"
            time.sleep(draw.uniform(0, 0.1))
            worker.kill()
            assert worker.wait(timeout=30) == -signal.SIGKILL
    with Ledger.open(place_of(where), must_exist=True) as ledger:
        assert ledger.verify() == ()
        history = ledger.history()
        charged = {entry["request_digest"] for entry in history if entry["kind"] == "reserve"}
        assert set(granted.read_text(encoding="ascii").split()) <= charged
        assert len(charged) > KILLS, "the kills came too early to show anything"
        (balance,) = ledger.balances()
        assert balance.spent == Fraction(len(charged), 1_000_000)
        assert balance.n_open <= KILLS
