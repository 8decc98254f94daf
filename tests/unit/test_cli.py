"""The shell around the library: what each command passes on, and how failures are told."""

from pathlib import Path
from typing import Any

import pytest

from ndl_publish import audit_package, cli, pipeline, report
from ndl_publish.cli_options import actor
from ndl_publish.errors import unforeseen
from tests.conftest import Run


def noted(monkeypatch: pytest.MonkeyPatch, module: object, name: str, answer: object = None) -> dict[str, Any]:
    """Replace a function by one that notes its arguments."""
    calls: dict[str, Any] = {}

    def note(*arguments: object, **options: object) -> object:
        calls.update(options, arguments=arguments)
        return answer

    monkeypatch.setattr(module, name, note)
    return calls


def test_build_passes_everything_on(monkeypatch: pytest.MonkeyPatch, run: Run, home: Path, tmp_path: Path) -> None:
    prepared = noted(monkeypatch, pipeline, "prepare", "prepared")
    built = noted(monkeypatch, pipeline, "build", "built")
    shown = noted(monkeypatch, report, "show_build")
    told = run(
        "build", "r.yaml", "--out", tmp_path, "--metadata", "m", "--rules", "r", "--key", "k", "--ledger", "l", "--json"
    )
    assert told.code == 0, told.told
    assert prepared == {"arguments": (Path("r.yaml"),), "metadata": Path("m"), "rules": Path("r")}
    assert (built["arguments"], built["out"], built["actor"]) == (("prepared",), tmp_path, actor())
    assert (built["home"].key_file, built["home"].ledger) == (Path("k"), Path("l"))
    assert shown["as_json"] is True
    assert not home.exists()


def test_files_default_to_the_home(monkeypatch: pytest.MonkeyPatch, run: Run, home: Path) -> None:
    noted(monkeypatch, pipeline, "prepare")
    built = noted(monkeypatch, pipeline, "build")
    noted(monkeypatch, report, "show_build")
    assert run("build", "r.yaml").code == 0
    assert (built["home"].key_file, built["home"].ledger) == (home / "key", home / "ledger.sqlite")
    assert built["out"] == Path("out")


def test_knowing_may_be_named_often(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    called = noted(monkeypatch, audit_package, "audit_package", ())
    assert run("audit", "p", "--knowing", "a.csv", "--knowing", "b.csv").code == 0
    assert called["knowing"] == (Path("a.csv"), Path("b.csv"))
    assert called["arguments"] == (Path("p"),)


def test_an_actor_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert actor() == "unknown"


def test_an_unforeseen_error_names_places_not_values() -> None:
    def inner(value: str) -> None:
        raise ValueError(value)

    try:
        inner("secret")
    except ValueError as error:
        text = unforeseen(error)
    assert "secret" not in text
    assert "ValueError" in text
    assert "test_cli.py" in text
    assert "in inner" in text


def test_an_unforeseen_error_shows_the_last_places_only() -> None:
    def deep(n: int) -> None:
        if n == 0:
            raise RuntimeError
        deep(n - 1)

    with pytest.raises(RuntimeError) as caught:
        deep(30)
    assert len(unforeseen(caught.value).splitlines()) == 8


def test_a_broken_pipe_ends_quietly(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    def gone(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(pipeline, "prepare", gone)
    told = run("check", "r.yaml")
    assert (told.code, told.told) == (1, "")


def test_main_is_what_the_package_installs() -> None:
    text = Path(cli.__file__).parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8")
    assert 'ndl-publish = "ndl_publish.cli:main"' in text


def test_explain_prints_the_help(run: Run) -> None:
    assert run("explain", "ndl-r003").out.startswith("NDL-R003:")
    told = run("explain", "NDL-X999")
    assert (told.code, "NDL-R090" in told.err) == (2, True)
