"""The commands about the ledger, on a small release, with the ledger in a file and in a database."""

import csv
import io
import os
import re
import uuid
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
import yaml

from ndl_publish import pipeline
from tests.command import Outcome
from tests.conftest import Run
from tests.small_pilot import cut_cap, set_key

COHORT = "synthetic-2019-20"


@pytest.fixture(params=["file", "database"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give a path or a URL where there is no ledger yet."""
    if request.param == "file":
        yield str(tmp_path / "books" / "ledger.sqlite")
        return
    server = os.environ.get("NDL_PUBLISH_TEST_POSTGRES")
    if not server:
        pytest.skip("NDL_PUBLISH_TEST_POSTGRES names no PostgreSQL database")
    import psycopg  # noqa: PLC0415 - only needed where there is a server

    schema = f"test_e2e_{uuid.uuid4().hex}"
    yield f"{server}{'&' if '?' in server else '?'}schema={schema}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'.encode())


class Books:
    """Runs commands on one ledger and keeps all that they said."""

    def __init__(self, run: Run, where: str) -> None:
        self._run = run
        self._where = where
        self.told = ""

    def __call__(self, *words: object) -> Outcome:
        outcome = self._run(*words, "--ledger", self._where)
        self.told += outcome.told
        return outcome


@pytest.fixture
def books(run: Run, where: str) -> Books:
    return Books(run, where)


def interrupted(books: Books, *words: object) -> None:
    """Run a build that stops after its charge and before its package."""

    def stop(*_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - takes whatever it is given
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "audit_cube", stop)
        assert books(*words).code == 130


def test_an_interrupted_build_is_resolved_exported_and_finished(
    books: Books, small: Path, home: Path, where: str
) -> None:
    build = ("build", small / "release.yaml", "--out", small / "out")
    interrupted(books, *build)
    (account,) = books("ledger", "show", "--json").json()
    spent = account["spent"]
    assert (account["open_reservations"], account["open_rho"]) == (1, spent)
    assert float(Fraction(spent)) == pytest.approx(0.1, rel=0.001)
    assert "ledger resolve ENTRY" in books("ledger", "show").out
    assert [entry["status"] for entry in books("ledger", "history", "--json").json()] == ["reserved"]
    for words, code in ((("7", "r"), "B023"), (("1", " "), "B025")):
        told = books("ledger", "resolve", words[0], "--reason", words[1])
        assert (told.code, f"NDL-{code}" in told.err) == (5, True)
    told = books("ledger", "resolve", "1", "--reason", "Stopped by hand")
    assert (told.code, "It stays spent" in told.out) == (0, True)
    assert "NDL-B024" in books("ledger", "resolve", "1", "--reason", "again").err
    (account,) = books("ledger", "show", "--json").json()
    assert (account["open_reservations"], account["spent"]) == (0, spent)
    assert [row["status"] for row in csv.DictReader(io.StringIO(books("ledger", "export").out))] == ["resolved"]
    built = books(*build, "--json").json()
    assert built["privacy"]["is_replay"] is True
    report = books("ledger", "export", "--format", "json").json()
    assert [(row["status"], row["rho"], row["cohort"]) for row in report["rows"]] == [("committed", spent, COHORT)]
    assert report["ledger"]["last_hash"] == books("ledger", "verify", "--json").json()["last_hash"]
    assert books("ledger", "verify").code == 0
    assert not_shown(where, books.told, small, home)


def not_shown(where: str, told: str, *folders: Path) -> bool:
    """Say that no word of a command, and no file, holds the password of the URL."""
    password = urlsplit(where).password
    if not password:
        return True
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return password not in told and not [path for path in files if password.encode() in path.read_bytes()]


def test_a_yearly_cap_is_planned_refused_and_changed(books: Books, small: Path) -> None:
    rules = cut_cap(small, 0.5)
    book = rules / "ndl_default.yaml"
    content = yaml.safe_load(book.read_text(encoding="utf-8"))
    content["yearly_cap"] = {**content["lifetime_cap"], "value": 0.15}
    book.write_text(yaml.safe_dump(content), encoding="utf-8")
    words = (small / "release.yaml", "--rules", rules)
    planned = books("plan", *words, "--json").json()
    (account,) = planned["cohorts"]
    assert (account["yearly_cap"], account["remaining_this_year"]) == (0.15, 0.15)
    assert books("build", *words, "--out", small / "out").code == 0
    set_key(small / "release.yaml", "version", "1.0.1")
    told = " ".join(books("plan", *words).out.split())
    assert re.search(r"This year: 0\.0999\d+ spent, 0\.05\d+ left of 0\.15\.", told)
    assert "would be refused" in told
    told = books("build", *words, "--out", small / "out").err
    assert "NDL-B020" in told
    assert "left this year 0.05" in told
    assert books("ledger", "set-cap", COHORT, "0.3", "--yearly", "--reason", "Board").code == 0
    (account,) = books("ledger", "show", "--json").json()
    assert (account["yearly_cap"], account["cap"]) == ("3/10", "1/2")
    assert "NDL-B020" in books("build", *words, "--out", small / "out").err, "the smaller cap of the rules holds"
    content["yearly_cap"]["value"] = 0.3
    book.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert books("build", *words, "--out", small / "out").code == 0


def test_an_export_is_for_the_year_asked_and_not_written_twice(books: Books, small: Path, tmp_path: Path) -> None:
    assert books("build", small / "release.yaml", "--out", small / "out").code == 0
    year = books("ledger", "history", "--json").json()[0]["at"][:4]
    assert len(books("ledger", "export", "--year", year).out.splitlines()) == 2
    assert len(books("ledger", "export", "--year", "1999").out.splitlines()) == 1
    out = tmp_path / "loss.csv"
    assert books("ledger", "export", "--out", out).code == 0
    assert out.read_text(encoding="utf-8").startswith("date,release_id,")
    assert books("ledger", "export", "--out", out).code == 6


def test_no_ledger_is_made_by_looking(books: Books) -> None:
    for words in (["show"], ["history"], ["verify"], ["export"], ["resolve", "1", "--reason", "r"]):
        told = books("ledger", *words)
        assert (told.code, "NDL-B002" in told.err) == (5, True)


@pytest.mark.parametrize(
    "url", ["postgresql://me:hunter2@localhost:1/db", "postgresql:/me:hunter2@x", "mysql://me:hunter2@x/y"]
)
def test_a_url_that_leads_nowhere_does_not_show_its_password(run: Run, small: Path, url: str) -> None:
    for words in (["plan", small / "release.yaml"], ["ledger", "show"], ["ledger", "show", "--json"]):
        told = run(*words, "--ledger", url)
        assert (told.code, "NDL-B0" in told.told) == (5, True)
        assert "hunter2" not in told.told
        assert "Traceback" not in told.told
