"""Keyed streams: known answers, continuation, independence of labels."""

import hashlib

import numpy as np
import pytest

from ndl_publish.privacy.randomness import KeyedRandomSource, ScriptedRandomSource, WordStream
from ndl_publish.privacy.secret_key import SecretKey

KEY = SecretKey(bytes(range(32)))


def test_known_answers() -> None:
    source = KeyedRandomSource(KEY)
    first = [0x739063B8A07599C9, 0x9645D3385BC461E9, 0x7EDB436D08C876D8, 0xAAAC8EF048E05136]
    assert source.words("demo", 4).tolist() == first
    assert source.words("demo", 2, start=8191).tolist() == [0xCF7C98784D89970B, 0xCD08800F90E8B55E]


def test_the_construction_is_the_documented_one() -> None:
    parts = (b"ndl-publish/randomness/1", KEY.noise_key(), b"demo")
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts) + (1).to_bytes(8, "big")
    expected = np.frombuffer(hashlib.shake_256(message).digest(24), dtype="<u8")
    assert KeyedRandomSource(KEY).words("demo", 3, start=8192).tolist() == expected.tolist()


@pytest.mark.parametrize(("start", "n"), [(0, 0), (0, 1), (8190, 5), (8192, 1), (5000, 20000), (19999, 1)])
def test_any_part_of_a_stream_equals_the_whole(start: int, n: int) -> None:
    source = KeyedRandomSource(KEY)
    whole = source.words("long", 30000)
    assert source.words("long", n, start=start).tolist() == whole[start : start + n].tolist()


def test_words_are_unsigned_64_bit_and_writable() -> None:
    words = KeyedRandomSource(KEY).words("demo", 3)
    assert words.dtype == np.uint64
    words[0] = 1


def test_other_label_or_key_gives_other_words() -> None:
    here = KeyedRandomSource(KEY).words("demo", 1000)
    there = KeyedRandomSource(SecretKey(bytes(32))).words("demo", 1000)
    near = KeyedRandomSource(KEY).words("demo ", 1000)
    assert not (here == there).any()
    assert not (here == near).any()


def test_bits_are_balanced() -> None:
    words = KeyedRandomSource(KEY).words("balance", 1 << 16)
    ones = np.array([int(((words >> np.uint64(bit)) & np.uint64(1)).sum()) for bit in range(64)])
    assert (abs(ones - (1 << 15)) < 7 * 128).all()  # 7 standard deviations


def test_repr_holds_no_key() -> None:
    assert repr(KeyedRandomSource(KEY)) == "KeyedRandomSource()"


def test_script_serves_labels_then_the_star_then_stops() -> None:
    source = ScriptedRandomSource({"a": [1, 2, 3], "*": [9]})
    assert source.words("a", 2, start=1).tolist() == [2, 3]
    assert source.words("b", 1).tolist() == [9]
    with pytest.raises(ValueError, match="ends after 3 words"):
        source.words("a", 4)


def test_stream_moves_on_and_ties_come_from_the_side() -> None:
    stream = WordStream(ScriptedRandomSource({"a": [1, 2, 3], "a|ties": [7, 8]}), "a")
    assert stream.take(2).tolist() == [1, 2]
    assert stream.take_tie() == 7
    assert stream.take(1).tolist() == [3]
    assert stream.take_tie() == 8
