"""Run the command: in this process through the real ``main``, or in one of its own."""

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import ndl_publish
from ndl_publish.cli import main
from ndl_publish.home import LEDGER_VARIABLE, VARIABLE

ROOT = Path(ndl_publish.__file__).parents[1]
EXAMPLES = ROOT / "examples"
PILOT = EXAMPLES / "early_years"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command answered."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.out)

    @property
    def told(self) -> str:
        return self.out + self.err


class _Kept(io.StringIO):
    """Text that can still be read after a command has closed its stream."""

    def close(self) -> None:
        """Stay open."""


def run_main(*arguments: object, home: Path) -> Outcome:
    """Return what ``ndl-publish`` says to these arguments; its exit code is the real one."""
    out, err = _Kept(), _Kept()
    words = ["ndl-publish", *map(str, arguments)]
    with (
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ, {VARIABLE: str(home), LEDGER_VARIABLE: ""}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            return Outcome(code_of(stop), out.getvalue(), err.getvalue())
    raise AssertionError("main always exits")


def code_of(stop: SystemExit) -> int:
    return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the surroundings of a process that uses this home and this tree."""
    return {
        **os.environ,
        VARIABLE: str(home),
        LEDGER_VARIABLE: "",
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        **more,
    }


def start_main(*arguments: object, home: Path, before: str = "") -> subprocess.Popen[str]:
    """Start the command in a process of its own; ``before`` is Python that runs first."""
    script = f"{before}\nfrom ndl_publish.cli import main\nmain()"
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(home),
    )


def ended(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a process and return what it answered; a negative code is the signal that ended it."""
    out, err = process.communicate(timeout=120)
    return Outcome(process.returncode, out, err)
