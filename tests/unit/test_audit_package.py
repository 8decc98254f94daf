"""Reading a package as an outsider: what is checked first, and what each broken file is called."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ndl_publish.audit.model import AuditCheck
from ndl_publish.audit_package import audit_package
from ndl_publish.errors import InputError
from tests.conftest import Run
from tests.truth import sign

Audit = Callable[..., tuple[AuditCheck, ...]]


@pytest.fixture
def package(run: Run, small: Path) -> Path:
    told = run("build", small / "classic.yaml", "--out", small / "out")
    assert told.code == 0, told.told
    return next((small / "out").iterdir())


@pytest.fixture
def audit() -> Audit:
    return lambda package, *knowing: audit_package(package, knowing=knowing, progress=lambda *_: None)


def test_checks_come_in_order_and_pass(package: Path, audit: Audit) -> None:
    checks = audit(package)
    assert all(check.is_passed for check in checks)
    names = [check.name for check in checks]
    assert {"files", "masks", "additivity", "propagation", "linear_programme"} <= set(names)
    assert [check.name for check in audit(package / "public")] == names


def test_the_internal_folder_is_not_read(package: Path, audit: Audit) -> None:
    for path in (package / "internal").iterdir():
        path.unlink()
    assert all(check.is_passed for check in audit(package))


def test_every_changed_file_is_named_at_once(package: Path, audit: Audit) -> None:
    for name in ("README.md", "data/wards.csv"):
        (package / "public" / name).write_text("changed", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        audit(package)
    assert caught.value.code == "NDL-V081"
    assert [finding.where for finding in caught.value.findings] == ["README.md", "data/wards.csv"]


def test_a_file_that_the_manifest_does_not_list(package: Path, audit: Audit) -> None:
    (package / "public/extra.csv").write_text("planted", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        audit(package)
    assert [(finding.code, finding.where) for finding in caught.value.findings] == [("NDL-V081", "extra.csv")]


@pytest.mark.parametrize("content", ["", "nonsense"])
def test_a_manifest_that_is_none(package: Path, audit: Audit, content: str) -> None:
    (package / "public/manifest-sha256.txt").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        audit(package)
    assert caught.value.code in {"NDL-V080", "NDL-V081"}


def test_known_figures_are_a_check_of_their_own(package: Path, audit: Audit, tmp_path: Path) -> None:
    known = tmp_path / "known.csv"
    known.write_text("area_code,measure,value\nE06000006,children_count,1305\n", encoding="utf-8")
    checks = {check.name: check for check in audit(package, known)}
    assert checks["known_figures"].is_passed
    assert "known_figures" not in {check.name for check in audit(package)}


def test_known_figures_that_differ_are_a_warning(package: Path, audit: Audit, tmp_path: Path) -> None:
    known = tmp_path / "known.csv"
    known.write_text("area_code,measure,value\nE06000006,children_count,1304\n", encoding="utf-8")
    (findings,) = [check.findings for check in audit(package, known) if check.name == "known_figures"]
    assert ("NDL-D015", "warning") in {(finding.code, finding.severity) for finding in findings}
    assert not any("1304" in finding.message or "1305" in finding.message for finding in findings)


def test_a_specification_of_another_tool(package: Path, audit: Audit) -> None:
    public = package / "public"
    content = json.loads((public / "specification.json").read_text(encoding="utf-8"))
    content["rules"]["mode"] = "magic"
    (public / "specification.json").write_text(json.dumps(content), encoding="utf-8")
    sign(public)
    with pytest.raises(InputError) as caught:
        audit(package)
    assert caught.value.code == "NDL-V080"
