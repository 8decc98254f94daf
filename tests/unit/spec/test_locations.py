from pathlib import Path

import pytest

import ndl_publish
from ndl_publish.spec import locations
from ndl_publish.spec.locations import find_yaml, names_at_hand, shipped


@pytest.mark.parametrize("folder", ["metadata", "disclosure_rules"])
def test_what_ships_is_there(folder: str) -> None:
    assert sorted(shipped(folder).glob("*.yaml"))


def test_a_checkout_has_its_folders_beside_the_package() -> None:
    package = Path(ndl_publish.__file__).parent
    if not (package / "_data").is_dir():
        assert shipped("metadata") == package.parent / "metadata"


def test_inside_a_wheel_the_folders_are_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "_PACKAGE", tmp_path / "site-packages" / "ndl_publish")
    assert shipped("metadata") == tmp_path / "site-packages" / "metadata"
    inside = tmp_path / "site-packages" / "ndl_publish" / "_data" / "metadata"
    inside.mkdir(parents=True)
    assert shipped("metadata") == inside
    assert shipped("disclosure_rules") == tmp_path / "site-packages" / "disclosure_rules"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("early_years", "shipped/early_years.yaml"),
        ("own.yaml", "release/own.yaml"),
        ("own.yml", "release/own.yml"),
        ("sub/own.yaml", "release/sub/own.yaml"),
        ("../own.yaml", "own.yaml"),
    ],
)
def test_a_name_or_a_path(tmp_path: Path, name: str, expected: str) -> None:
    found = find_yaml(name, tmp_path / "shipped", tmp_path / "release")
    assert found == tmp_path / expected


def test_a_whole_path_stays(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    assert find_yaml(str(own), Path("shipped"), Path("release")) == own


def test_names_at_hand(tmp_path: Path) -> None:
    folder, beside = tmp_path / "shipped", tmp_path / "release"
    for file in (folder / "a.yaml", folder / "b.txt", beside / "own.yaml", beside / "sub" / "mine.yml"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert names_at_hand("aa", folder, beside) == {"a"}
    assert names_at_hand("onw.yaml", folder, beside) == {"a", "own.yaml"}
    assert names_at_hand("sub/x.yml", folder, beside) == {"a", "sub/mine.yml"}
    assert names_at_hand("x", tmp_path / "gone", beside) == set()
