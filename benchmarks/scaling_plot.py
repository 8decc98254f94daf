"""Time and memory of suppression against the number of cells, as a plot."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

SERIES = {"search": "o", "certificate": "s"}
"""Stages drawn, and their marks."""


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """Write an SVG of wall seconds of each stage and of peak memory; the same results give the same bytes.

    Args:
        results: What ``england_stages.py`` printed, one per size.
        path: The file.
    """
    results = sorted(results, key=lambda result: int(result["cells"]))
    cells = [result["cells"] for result in results]
    with mpl.rc_context({"svg.hashsalt": "ndl-publish", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        seconds, memory = figure.subplots(1, 2)
        for stage, mark in SERIES.items():
            seconds.plot(cells, [result["stages"][stage]["wall"] for result in results], f"{mark}-", label=stage)
        seconds.set_ylabel("seconds (wall)")
        seconds.legend(frameon=False)
        peak = [max(stage["memory"] for stage in result["stages"].values()) for result in results]
        memory.plot(cells, peak, "o-", color="tab:green")
        memory.set_ylabel("peak memory, GB")
        memory.set_ylim(bottom=0)
        seconds.set_yscale("log")
        for axes in (seconds, memory):
            axes.set_xscale("log")
            axes.set_xlabel("cells")
            axes.grid(visible=True, which="major", alpha=0.3)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
