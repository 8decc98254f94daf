"""Run something as a process of its own and say what it took; and where things are."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ndl_publish.spec.load import load_rules
from ndl_publish.spec.locations import shipped
from ndl_publish.spec.rules import ClassicRules

ROOT = Path(__file__).resolve().parent.parent

CLASSIC = shipped("disclosure_rules") / "classic_threshold.yaml"

REPORT_MEMORY = """
import atexit, resource, sys
atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr))
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process took and printed.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of user and system time, all threads.
        memory: Peak resident memory, GB.
        out: What it printed.
        refusal: What it said on leaving with an exit code above 0, such as a release that cannot be protected.
    """

    wall: float
    cpu: float
    memory: float
    out: str
    refusal: str = ""


def measured(code: str, *, home: Path, environ: Mapping[str, str] | None = None) -> Taken:
    """Run Python code as its own process, from the project's folder, and return what it took.

    Raises:
        RuntimeError: When the process crashed, with what it said.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", f"{REPORT_MEMORY}\n{code}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NDL_PUBLISH_HOME": str(home), **(environ or {})},
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    *said, memory = done.stderr.strip().splitlines() or [""]
    if done.returncode < 0 or "Traceback" in done.stderr:
        raise RuntimeError(done.stderr)
    return Taken(wall, cpu, int(memory) / 1e6, done.stdout, "\n".join(said) if done.returncode else "")


def command(*words: object) -> str:
    """Return code that runs ``ndl-publish`` with these words."""
    return f"import sys; sys.argv = {['ndl-publish', *map(str, words)]!r}\nfrom ndl_publish.cli import main\nmain()"


def classic_rules() -> ClassicRules:
    """Return the shipped rules for exact counts, by which everything here is measured."""
    rules = load_rules(CLASSIC)
    if not isinstance(rules, ClassicRules):
        raise TypeError(CLASSIC.name)
    return rules
