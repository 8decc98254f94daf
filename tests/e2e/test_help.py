"""What a person meets first: help with an example, at once, and documents that name every command."""

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ndl_publish import __version__
from ndl_publish.cli import cli
from tests.command import ROOT, environment
from tests.conftest import Run

HEAVY = (
    "polars", "numpy", "scipy", "pydantic", "yaml", "rich", "jinja2", "numba", "narwhals", "frictionless", "sqlite3",
    "diffprivlib", "highspy", "platformdirs",
)  # fmt: skip


def commands() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in cli.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": part for inner, part in command.commands.items()}
        else:
            found[name] = command
    return found


def groups() -> list[str]:
    return [name for name, command in cli.commands.items() if isinstance(command, click.Group)]


def test_the_commands_are_those_of_the_design() -> None:
    wanted = {"init", "check", "plan", "build", "protect", "audit", "explain"}
    assert wanted <= set(commands())
    assert {
        "ledger show",
        "ledger history",
        "ledger verify",
        "ledger set-cap",
        "ledger resolve",
        "ledger export",
    } <= set(commands())


@pytest.mark.parametrize("name", [*commands(), *groups()])
def test_help_has_an_example_that_names_the_command(name: str) -> None:
    answer = CliRunner().invoke(cli, [*name.split(), "--help"], terminal_width=100)
    assert answer.exit_code == 0
    assert "Example:" in answer.output
    assert f"ndl-publish {name}" in answer.output.split("Example:")[1]


@pytest.mark.parametrize("name", commands())
def test_an_example_has_only_options_that_exist(name: str) -> None:
    command = commands()[name]
    example = str(command.help).split("Example:")[1].replace("\\\n", " ")
    options = {word for word in example.split() if word.startswith("--")}
    assert options <= {text for parameter in command.params for text in parameter.opts}


@pytest.mark.parametrize("name", commands())
def test_every_option_is_explained(name: str) -> None:
    for parameter in commands()[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name}: {parameter.name}"


@pytest.mark.parametrize("words", [["--help"], ["build", "--help"], ["ledger", "--help"], ["--version"]])
def test_help_loads_nothing_heavier_than_click(words: list[str]) -> None:
    script = (
        "import sys\nfrom ndl_publish.cli import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, *words]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(ROOT / "none"))
    assert answer.stdout.splitlines()[-1] == "[]"


def test_the_check_for_heavy_libraries_would_find_one() -> None:
    script = f"import sys, yaml\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['yaml']"


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out.strip() == f"ndl-publish, version {__version__}"


def test_h_is_help(run: Run) -> None:
    assert run("build", "-h").out == run("build", "--help").out


@pytest.mark.parametrize("name", commands())
def test_the_readme_names_every_command(name: str) -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(all(re.search(rf"\b{word}\b", line) for word in name.split()) and "`" in line for line in lines)
