"""The key file, its refusals, and that nothing prints it."""

import pickle
import stat
import traceback
from pathlib import Path

import pytest

from ndl_publish.errors import RuleError
from ndl_publish.privacy.secret_key import KEY_BYTES, SecretKey, create_key, load_key, parse_key

VALUE = bytes(range(32))


def test_created_key_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "key"
    assert create_key(path) == load_key(path)


def test_file_and_new_folder_are_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "key"
    create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_two_keys_differ(tmp_path: Path) -> None:
    assert create_key(tmp_path / "a") != create_key(tmp_path / "b")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first = create_key(path)
    with pytest.raises(RuleError, match="never overwritten") as caught:
        create_key(path)
    assert caught.value.code == "NDL-R043"
    assert load_key(path) == first


def test_missing_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no readable secret key") as caught:
        load_key(tmp_path / "nowhere")
    assert caught.value.code == "NDL-R040"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RuleError) as caught:
        create_key(tmp_path / "file" / "key")
    assert caught.value.code == "NDL-R040"


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o644, 0o610])
def test_a_key_others_may_touch_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    create_key(path)
    path.chmod(mode)
    with pytest.raises(RuleError, match=r"chmod 600") as caught:
        load_key(path)
    assert caught.value.code == "NDL-R041"


@pytest.mark.parametrize("content", ["", "ab", VALUE.hex()[:-1], VALUE.hex() + "0", "zz" * 32, "é" * 64, "0" * 4000])
def test_malformed_files_are_refused_without_quoting_them(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(RuleError) as caught:
        load_key(path)
    assert caught.value.code == "NDL-R042"
    assert not content or content not in str(caught.value)


def test_white_space_and_capitals_are_fine() -> None:
    assert parse_key(f"\n {VALUE.hex().upper()} \n", where="the environment") == SecretKey(VALUE)


def test_wrong_length_is_refused() -> None:
    with pytest.raises(RuleError):
        SecretKey(bytes(KEY_BYTES - 1))


def test_nothing_prints_the_key() -> None:
    key = SecretKey(VALUE)
    shown = repr(key) + str(key) + f"{key}" + repr([key]) + key.fingerprint() + key.keyed_digest("x", b"")
    assert VALUE.hex() not in shown
    assert VALUE.hex()[:16] not in shown
    failure = traceback.format_exception(RuntimeError(key, [key]))
    assert VALUE.hex() not in "".join(failure)


def test_a_key_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(SecretKey(VALUE))


def test_known_answers() -> None:
    key = SecretKey(VALUE)
    assert key.fingerprint() == "04c6bad33eb439c1"
    expected = "a536d5240e9d55d99a0c44e31b98cda83b6d8328d7a066f7238418afde0201c5"
    assert key.keyed_digest("data", b"abc") == expected


def test_digest_depends_on_key_label_data_and_where_pieces_end() -> None:
    key, other = SecretKey(VALUE), SecretKey(bytes(32))
    digests = {
        key.keyed_digest("a", b"bc"),
        other.keyed_digest("a", b"bc"),
        key.keyed_digest("ab", b"c"),
        key.keyed_digest("a", [b"b", b"c"]),
        key.keyed_digest("a", [b"bc", b""]),
        key.keyed_digest("a", b""),
        key.keyed_digest("a", []),
    }
    assert len(digests) == 7
    assert key.keyed_digest("a", b"bc") == key.keyed_digest("a", iter([b"bc"]))


def test_subkeys_are_not_the_key_and_keys_hash_like_they_compare() -> None:
    key = SecretKey(VALUE)
    assert key.noise_key() != VALUE
    assert len({key, SecretKey(VALUE), SecretKey(bytes(32))}) == 2
    assert key != VALUE
