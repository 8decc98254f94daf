"""One table of the England example through the engine, the certificate and the audit; run as a process of its own.

    python benchmarks/england_stages.py lsoa --regions 1 --seconds 60 --threads 2 --audit-seconds 30

Prints one JSON object: sizes, what was withheld, what the checks say, and for each stage wall and CPU seconds and peak
memory so far in GB.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.attack import attack, certificate_errors
from benchmarks.england import TABLES, england_counts
from benchmarks.process import classic_rules
from ndl_publish.columns import Mask
from ndl_publish.protect.counts import pose_counts
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.secondary.problem import Suppression
from ndl_publish.protect.secondary.suppress import suppress

Stages = dict[str, dict[str, float]]


@contextmanager
def stage(name: str, stages: Stages) -> Iterator[None]:
    """Note what happens inside took, all threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    stages[name] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "memory": memory}


def sizes(posed: Posed, found: Suppression) -> dict[str, int]:
    """Return how many cells there are, and how many are withheld."""
    secondary = found.mask == Mask.SECONDARY_SUPPRESSED
    return {
        "cells": posed.problem.grid.n_cells,
        "primaries": int(posed.problem.primary.sum()),
        "secondaries": int(secondary.sum()),
        "zeros": int((secondary & (posed.problem.values == 0)).sum()),
        "unprotected": len(found.unprotected),
        "opened": len(found.opened),
        "is_cut_short": int(found.is_cut_short),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure one table."""
    parser = argparse.ArgumentParser(description="One table of the England example.")
    parser.add_argument("table", choices=sorted(TABLES))
    parser.add_argument("--regions", type=int, default=9, help="how many regions, in order of code")
    parser.add_argument("--seconds", type=float, default=60.0, help="time after which no improvement is started")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--audit-seconds", type=float, default=20.0, help="time for the linear programmes; 0: none")
    options = parser.parse_args(arguments)
    stages: Stages = {}
    with stage("read and tabulate", stages):
        counts = england_counts(TABLES[options.table], regions=options.regions)
        posed = pose_counts(counts, rules=classic_rules(), tie_break=b"benchmark")
        posed = replace(posed, problem=replace(posed.problem, seconds=options.seconds, threads=options.threads))
    with stage("search", stages):
        found = suppress(posed.problem)
    with stage("certificate", stages):
        errors = certificate_errors(posed, found)
    audit = None
    if options.audit_seconds:
        with stage("audit", stages):
            is_shown = np.asarray(found.mask == Mask.SHOWN)
            audit = asdict(attack(posed, is_shown, seconds=options.audit_seconds))
    told = {"table": options.table, "regions": options.regions, **sizes(posed, found)}
    print(json.dumps({**told, "certificate": errors, "audit": audit, "stages": stages}))


if __name__ == "__main__":
    main()
