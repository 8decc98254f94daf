"""A method, check, attack or format that stands in a file also stands in its registry, and in a test."""

import ast
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ndl_publish.audit.registry import ATTACKS, COUNT_ATTACKS, OPTIONAL_ATTACKS, SIGNED_ATTACKS
from ndl_publish.package.registry import WRITERS
from ndl_publish.records.checks.registry import ROW_CHECKS, WHOLE_CHECKS
from tests.architecture.conftest import SourceFile

CHECKS: Mapping[str, Callable[..., Any]] = {**ROW_CHECKS, **WHOLE_CHECKS}
NO_CHECK = {
    "registry": "names the others",
    "probe": "what row checks are made of",
    "outcome": "runs after the population is known; called by validate",
}
NO_WRITER = {"internal_pack": "writes the internal folder, which is no public format"}
PRIMARY_RULES = {
    "threshold": "threshold_rule",
    "zero": "zero_rule",
    "group_disclosure": "group_disclosure_rule",
    "minimum_contributors": "minimum_contributors_rule",
    "dominance": "dominance_rule",
    "p_percent": "p_percent_rule",
    "found": "Found",
    "judged": "judged_release",
    "sensitive": "sensitive_counts",
    "noisy_threshold": "noisy_threshold_rule",
    "mean_room": "shown_means",
}


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_every_check_of_records_is_registered(root: Path) -> None:
    files = modules(root / "ndl_publish/records/checks")
    assert files - set(NO_CHECK) == set(CHECKS)
    assert set(NO_CHECK) <= files
    assert not set(ROW_CHECKS) & set(WHOLE_CHECKS)
    assert {name: check.__module__.split(".")[-1] for name, check in CHECKS.items()} == {name: name for name in CHECKS}


def test_every_writer_is_registered_and_manifest_comes_last(root: Path) -> None:
    files = modules(root / "ndl_publish/package/writers")
    assert files - set(NO_WRITER) == set(WRITERS)
    assert {name: writer.__module__.split(".")[-1] for name, writer in WRITERS.items()} == {n: n for n in WRITERS}
    assert list(WRITERS)[-1] == "manifest"


def test_every_attack_is_registered(sources: dict[str, SourceFile]) -> None:
    found = set()
    for where, source in sources.items():
        if source.stage == "audit":
            for node in source.tree.body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    returns = ast.unparse(node.returns or ast.Constant(None))
                    found |= {(where, node.name)} if returns == "Intervals" else set()
    assert found == {(f"audit/{name}.py", name) for name in ATTACKS}
    assert {name: attack.__module__.split(".")[-1] for name, attack in ATTACKS.items()} == {n: n for n in ATTACKS}


def test_each_kind_of_table_is_attacked_in_two_ways() -> None:
    assert set(SIGNED_ATTACKS) | set(COUNT_ATTACKS) | set(OPTIONAL_ATTACKS) == set(ATTACKS)
    assert min(len(SIGNED_ATTACKS), len(COUNT_ATTACKS)) >= 2


def test_every_primary_rule_is_called_by_protection(root: Path, sources: dict[str, SourceFile]) -> None:
    assert modules(root / "ndl_publish/protect/primary") == set(PRIMARY_RULES)
    for module, function in PRIMARY_RULES.items():
        users = [
            where
            for where, source in sources.items()
            if where != f"protect/primary/{module}.py"
            and any(name == f"ndl_publish.protect.primary.{module}.{function}" for name, _, _ in source.imports)
        ]
        assert users, function


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("records/checks", tuple(CHECKS)),
        ("protect/primary", tuple(PRIMARY_RULES)),
        ("package/writers", tuple(WRITERS)),
        ("audit", tuple(ATTACKS)),
    ],
)
def test_each_stands_in_a_unit_test(root: Path, folder: str, names: tuple[str, ...]) -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in (root / "tests/unit" / folder).glob("test_*.py"))

    def is_tested(name: str) -> bool:
        if re.search(rf"\b(write_)?{name}\b", texts):
            return True
        source = (root / "ndl_publish" / folder / f"{name}.py").read_text(encoding="utf-8")
        codes = set(re.findall(r"NDL-\w\d{3}", source))
        return bool(codes) and all(code in texts for code in codes)

    assert [name for name in names if not is_tested(name)] == []
