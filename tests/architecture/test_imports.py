"""One direction through the house: each stage may import only the stages before it."""

import ast

import pytest

from tests.architecture.conftest import SourceFile

ORDER = (
    "__init__",
    "errors",
    "columns",
    "spec",
    "geography",
    "engines",
    "records",
    "cube",
    "privacy",
    "ledger",
    "protect",
    "audit",
    "package",
    "publish",
    "home",
    "suppression_report",
    "certificate_pack",
    "certificate_files",
    "checker_pack",
    "until_clean",
    "pipeline",
    "package_reading",
    "replay",
    "forecast",
    "replanned",
    "plan_levels",
    "plan_cost",
    "targets",
    "release_plan",
    "protect_counts",
    "audit_package",
    "scaffold",
    "explain",
    "terminal",
    "report",
    "plan_words",
    "plan_figures",
    "plan_page",
    "plan_report",
    "ledger_report",
    "cli_options",
    "cli_ledger",
    "cli",
)
BANS = {"audit": {"privacy", "ledger", "protect"}}
"""The audit is a second opinion: it shares no code with what it judges."""

CONFIDENTIAL = {"engines", "records"}
"""Stages that hold records; nothing to the right of the disclosure line may touch them."""
RIGHT_OF_THE_LINE = {"audit", "package", "publish"}


def stages_used(source: SourceFile) -> set[str]:
    names = [name.split(".") for name, _, _ in source.imports]
    return {parts[1] for parts in names if parts[0] == "ndl_publish" and len(parts) > 1} - {"__version__"}


def test_every_stage_has_its_place(sources: dict[str, SourceFile]) -> None:
    assert {source.stage for source in sources.values()} <= set(ORDER)


def test_imports_point_backwards(sources: dict[str, SourceFile]) -> None:
    wrong = []
    for where, source in sources.items():
        later = set(ORDER[ORDER.index(source.stage) + 1 :])
        wrong += [f"{where} imports {used}" for used in stages_used(source) & later]
    assert wrong == []


@pytest.mark.parametrize("stage", sorted(BANS))
def test_the_second_opinion_stays_independent(sources: dict[str, SourceFile], stage: str) -> None:
    used = {where: stages_used(source) & BANS[stage] for where, source in sources.items() if source.stage == stage}
    assert used
    assert {where: names for where, names in used.items() if names} == {}


def test_nothing_right_of_the_disclosure_line_touches_records(sources: dict[str, SourceFile]) -> None:
    used = {
        where: stages_used(source) & CONFIDENTIAL
        for where, source in sources.items()
        if source.stage in RIGHT_OF_THE_LINE
    }
    assert {where: names for where, names in used.items() if names} == {}


def test_only_the_pipeline_and_what_drives_it_know_both_sides_of_the_line(sources: dict[str, SourceFile]) -> None:
    both = {s.stage for s in sources.values() if stages_used(s) & {"records"} and stages_used(s) & {"package"}}
    assert both <= {"pipeline", "checker_pack", "forecast", "report", "cli"}


def test_imports_are_absolute(sources: dict[str, SourceFile]) -> None:
    relative = [where for where, source in sources.items() if any(level for _, _, level in source.imports)]
    assert relative == []


def test_a_forbidden_import_inside_a_function_is_seen(sources: dict[str, SourceFile]) -> None:
    source = next(iter(sources.values()))
    planted = type(source)(source.path)
    planted.tree = ast.parse("def f():\n    from ndl_publish.protect import dp\n    import ndl_publish.ledger.book\n")
    assert stages_used(planted) == {"protect", "ledger"}
    assert [at_once for _, at_once, _ in planted.imports] == [False, False]
