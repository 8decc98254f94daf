"""The package as a whole: valid, the same bytes twice, and never half there."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from ndl_publish.audit.model import AuditedCube
from ndl_publish.errors import RuleError, TargetError
from ndl_publish.geography.lookup import Geography
from ndl_publish.package import build as build_module
from ndl_publish.package import folder as folder_module
from ndl_publish.package import registry
from ndl_publish.package.build import build_package, refuse_occupied
from ndl_publish.package.context import PackageContext
from ndl_publish.package.layout import partial_name
from ndl_publish.package.model import InternalPack, NewFile, Package
from ndl_publish.package.writers.csv_tables import write_csv_tables
from ndl_publish.package.writers.manifest import read_manifest
from ndl_publish.spec.load import ReleaseSpec

NAME = "early-years-sample-1.0.0"
Build = Callable[[Path], Package]


@pytest.fixture
def build(audited: AuditedCube, spec: ReleaseSpec, geography: Geography, internal: InternalPack) -> Build:
    return lambda out: build_package(audited, spec=spec, geography=geography, out=out, internal=internal)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _replace_writer(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def failing(_audited: AuditedCube, _context: PackageContext) -> Iterator[NewFile]:
        yield NewFile("half.txt", b"half")
        raise error

    monkeypatch.setitem(registry.WRITERS, "readme", failing)


def test_frictionless_finds_the_whole_package_valid(built: Path) -> None:
    from frictionless import Package as Frictionless  # noqa: PLC0415 - slow

    report = Frictionless(str(built / "public" / "datapackage.json")).validate()
    assert report.valid
    assert len(report.tasks) == 7
    assert report.stats["errors"] == 0


def test_package_holds_every_file_and_its_hash(build: Build, tmp_path: Path) -> None:
    package = build(tmp_path / "new" / "out")
    assert package.folder == tmp_path / "new" / "out" / NAME
    found = sorted(
        path.relative_to(package.folder / "public").as_posix()
        for path in (package.folder / "public").rglob("*")
        if path.is_file()
    )
    assert found == list(package.files)
    assert found == [
        "README.md",
        "data/by_characteristic.csv",
        "data/by_characteristic.parquet",
        "data/small_areas.csv",
        "data/small_areas.parquet",
        "data_dictionary.csv",
        "datapackage.json",
        "geography.csv",
        "manifest-sha256.txt",
        "methodology.md",
        "privacy.json",
        "specification.json",
        "status_codes.csv",
    ]
    for path, digest in package.files.items():
        assert hashlib.sha256((package.folder / "public" / path).read_bytes()).hexdigest() == digest


def test_manifest_names_every_public_file_but_itself(build: Build, tmp_path: Path) -> None:
    package = build(tmp_path)
    manifest = read_manifest((package.folder / "public" / "manifest-sha256.txt").read_text(encoding="utf-8"))
    assert manifest == {path: digest for path, digest in package.files.items() if path != "manifest-sha256.txt"}
    assert list(manifest) == sorted(manifest)


def test_same_input_gives_the_same_bytes(build: Build, tmp_path: Path) -> None:
    first, second = build(tmp_path / "a"), build(tmp_path / "b")
    assert first.files == second.files
    for path in first.folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (second.folder / path.relative_to(first.folder)).read_bytes()


def test_modes_keep_the_internal_folder_private(build: Build, tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        folder = build(tmp_path).folder
    finally:
        os.umask(old)
    assert [_mode(folder), _mode(folder / "public"), _mode(folder / "public" / "data")] == [0o755] * 3
    assert _mode(folder / "internal") == 0o700
    assert {_mode(path) for path in (folder / "internal").iterdir()} == {0o600}
    assert {_mode(path) for path in (folder / "public").rglob("*") if path.is_file()} == {0o644}


def test_folder_is_private_while_it_is_built(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def spy(public: Path, **_: int) -> None:
        seen.extend(_mode(path) for path in (public.parent, *public.parent.rglob("*")))

    monkeypatch.setattr(build_module, "validate_package", spy)
    build(tmp_path)
    assert set(seen) == {0o700, 0o600}


def test_internal_pack_stands_beside_public_and_tells_its_hashes(built: Path) -> None:
    folder = built / "internal"
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.txt",
        "audit.json",
        "ledger.json",
        "results.json",
        "true_counts.parquet",
    ]
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["id"] == NAME
    assert results["checks"][0]["detail"] == "9 cells"
    for name, digest in results["internal_files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "must never be published" in (folder / "README.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "NDL-T002"), (errno.EDQUOT, "NDL-T002"), (errno.EACCES, "NDL-T003"), (errno.EIO, "NDL-T003")],
)
def test_a_failing_disk_leaves_nothing(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    _replace_writer(monkeypatch, OSError(number, os.strerror(number)))
    with pytest.raises(TargetError) as caught:
        build(tmp_path / "out")
    assert caught.value.code == code
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), ValueError("x"), RuleError("NDL-R051", "x")])
def test_an_interrupt_or_error_leaves_nothing_and_goes_on(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    _replace_writer(monkeypatch, error)
    with pytest.raises(type(error)):
        build(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_package_that_fails_validation_is_not_put_in_place(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
        for file in write_csv_tables(_audited, context):
            yield NewFile(file.path, file.content.replace(b"Female", b"Femail"), file.rows)

    monkeypatch.setitem(registry.WRITERS, "csv_tables", wrong)
    with pytest.raises(RuleError) as caught:
        build(tmp_path / "out")
    assert caught.value.code == "NDL-R050"
    assert list((tmp_path / "out").iterdir()) == []
    assert "Femail" not in str(caught.value)


def test_the_same_package_again_is_returned_as_it_is(build: Build, tmp_path: Path) -> None:
    first = build(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    again = build(tmp_path)
    assert again == first
    assert again.files == first.files
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("change", ["edit", "extra", "missing"])
def test_another_content_under_the_same_version_is_refused(build: Build, tmp_path: Path, change: str) -> None:
    public = build(tmp_path).folder / "public"
    if change == "edit":
        (public / "README.md").write_text("other", encoding="utf-8")
    elif change == "extra":
        (public / "data" / "extra.csv").write_text("a\n", encoding="utf-8")
    else:
        (public / "privacy.json").unlink()
    with pytest.raises(TargetError) as caught:
        build(tmp_path)
    assert caught.value.code == "NDL-T001"
    assert "raise version" in caught.value.message
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [NAME]


@pytest.mark.parametrize("kind", ["file", "empty folder", "dangling link"])
def test_anything_else_at_the_destination_is_refused_and_left_alone(build: Build, tmp_path: Path, kind: str) -> None:
    destination = tmp_path / NAME
    if kind == "file":
        destination.write_text("mine", encoding="utf-8")
    elif kind == "empty folder":
        destination.mkdir()
    else:
        destination.symlink_to(tmp_path / "nowhere")
    with pytest.raises(TargetError, match="raise version"):
        build(tmp_path)
    assert os.path.lexists(destination)


def test_a_folder_that_appears_during_the_build_is_not_overwritten(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def appear(folder: Path) -> None:
        (folder.parent / NAME).mkdir()

    monkeypatch.setattr(build_module, "set_modes", appear)
    with pytest.raises(TargetError) as caught:
        build(tmp_path)
    assert caught.value.code == "NDL-T001"
    assert list((tmp_path / NAME).iterdir()) == []


def test_left_over_folders_of_dead_runs_go_and_all_else_stays(build: Build, tmp_path: Path) -> None:
    dead = tmp_path / partial_name(NAME, "0" * 16)
    other_release = tmp_path / partial_name("other-1.0.0", "0" * 16)
    not_ours = [tmp_path / f".{NAME}.partial-xyz", tmp_path / f".{NAME}.partial-{'0' * 16}-copy"]
    for folder in (dead, other_release, *not_ours):
        (folder / "public").mkdir(parents=True)
    target = tmp_path / "keep"
    target.mkdir()
    link = tmp_path / partial_name(NAME, "1" * 16)
    link.symlink_to(target)
    build(tmp_path)
    assert not dead.exists()
    assert all(folder.is_dir() for folder in (other_release, target, *not_ours))
    assert link.is_symlink()


def test_the_folder_of_a_running_build_is_left_alone(build: Build, tmp_path: Path) -> None:
    running = tmp_path / partial_name(NAME, "2" * 16)
    running.mkdir()
    descriptor = os.open(running, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        build(tmp_path)
        assert running.is_dir()
    finally:
        os.close(descriptor)


def test_without_locks_nothing_is_removed(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = tmp_path / partial_name(NAME, "0" * 16)
    dead.mkdir()
    monkeypatch.setattr(folder_module, "fcntl", None)
    build(tmp_path)
    assert dead.is_dir()


def test_refuse_occupied_lets_a_free_destination_pass(spec: ReleaseSpec, tmp_path: Path) -> None:
    refuse_occupied(tmp_path / "not" / "yet", spec)
    assert not (tmp_path / "not").exists()


def test_refuse_occupied_refuses_before_anything_is_built(build: Build, spec: ReleaseSpec, tmp_path: Path) -> None:
    build(tmp_path)
    with pytest.raises(TargetError) as caught:
        refuse_occupied(tmp_path, spec)
    assert caught.value.code == "NDL-T001"
    shutil.rmtree(tmp_path / NAME)
    refuse_occupied(tmp_path, spec)


def test_refuse_occupied_wants_a_writable_folder(
    spec: ReleaseSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        refuse_occupied(file, spec)
    assert caught.value.code == "NDL-T003"
    monkeypatch.setattr(os, "access", lambda *_args, **_kwargs: False)
    with pytest.raises(TargetError) as caught:
        refuse_occupied(tmp_path, spec)
    assert caught.value.code == "NDL-T003"


def test_progress_is_told_stage_by_stage(
    audited: AuditedCube, spec: ReleaseSpec, geography: Geography, internal: InternalPack, tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    build_package(
        audited,
        spec=spec,
        geography=geography,
        out=tmp_path,
        internal=internal,
        progress=lambda stage, done, of: told.append((stage, done, of)),
    )
    assert [stage for stage, _, _ in told] == [*registry.WRITERS, "files", "validate", "validate"]
    assert told[-1] == ("validate", 1, 1)


def test_classic_mode_builds_too(
    make_audited: Callable[..., AuditedCube],
    make_spec: Callable[..., ReleaseSpec],
    geography: Geography,
    internal: InternalPack,
    tmp_path: Path,
) -> None:
    package = build_package(
        make_audited("classic"), spec=make_spec("classic"), geography=geography, out=tmp_path, internal=internal
    )
    privacy = json.loads((package.folder / "public" / "privacy.json").read_text(encoding="utf-8"))
    assert privacy["mode"] == "classic"


def test_internal_names_stay_inside_the_folder() -> None:
    for name in ("../public/x", "results", "A", ""):
        with pytest.raises(ValueError, match="plain lower-case"):
            InternalPack({name: pl.DataFrame()}, {})
    assert "987" not in repr(InternalPack({"a": pl.DataFrame({"x": [987]})}, {}))
