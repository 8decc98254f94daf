"""Options that several commands share, and what they make of them. Only click is imported at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


def options(*several: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return a decorator that adds several options, in the order given."""

    def add(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return add


as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
spec_folders = options(
    click.option("--metadata", type=FOLDER, help="Folder of metadata; default: what ships with ndl-publish."),
    click.option("--rules", type=FOLDER, help="Folder of rule books; default: what ships with ndl-publish."),
)
key_file = click.option("--key", type=FILE, help="File of the secret key; default: in the home folder.")
ledger_place = click.option(
    "--ledger", metavar="FILE|URL",
    help="Privacy ledger: a file, or postgresql://user@host/database; default: NDL_PUBLISH_LEDGER, or in the home.",
)  # fmt: skip


def home_of(key: Path | None, ledger: str | None) -> Any:  # noqa: ANN401 - its type would be imported with it
    """Return where key and ledger are, as options, environment and defaults say."""
    from ndl_publish.home import Home
    from ndl_publish.terminal import say

    return Home.locate(key_file=key, ledger=ledger, notify=say)


def actor() -> str:
    """Return who runs the command, for the ledger."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
