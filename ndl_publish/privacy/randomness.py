"""Sources of random words: the keyed stream for production, a script for tests.

Noise must repeat exactly when the same release is built again, and be unrelated as soon as anything
differs. So it comes from SHAKE-256 (FIPS 202, an extendable-output function) over key, label and
block counter, not from a generator with a state. The label is where the caller writes everything that
must change the noise: release, version, query, sigma2, code version and the keyed digest of the
counts. Refused: numpy's generators (not secret, 128-bit or smaller states, global state).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ndl_publish.privacy.secret_key import SecretKey

Words = npt.NDArray[np.uint64]

_DOMAIN = b"ndl-publish/randomness/1"
_PUBLIC_DOMAIN = b"ndl-publish/public randomness/1"
_BLOCK_WORDS = 8192


class RandomSource(Protocol):
    """Endless independent streams of uniform 64-bit words, one stream per label."""

    def words(self, label: str, n: int, *, start: int = 0) -> Words:
        """Return words ``start`` to ``start + n`` of the stream called ``label``, ``n`` unsigned 64-bit."""
        ...


class KeyedRandomSource:
    """SHAKE-256 streams under a secret key; any part of a stream can be read at any time.

    Block ``b`` of a stream is the first 65,536 bytes of SHAKE-256 over domain, key, label (each with
    its length in front) and ``b``; words are little-endian.

    Example:
        >>> source = KeyedRandomSource(SecretKey(bytes(32)))
        >>> first = source.words("demo", 10)
        >>> bool((source.words("demo", 4, start=6) == first[6:]).all())
        True
    """

    __slots__ = ("_prefix",)

    def __init__(self, key: SecretKey) -> None:
        self._prefix = _with_length(_DOMAIN) + _with_length(key.noise_key())

    def words(self, label: str, n: int, *, start: int = 0) -> Words:
        """Return words ``start`` to ``start + n`` of the stream called ``label``."""
        absorbed = hashlib.shake_256(self._prefix + _with_length(label.encode()))
        out = np.empty(n, dtype="<u8")
        done = 0
        while done < n:
            block, skip = divmod(start + done, _BLOCK_WORDS)
            stop = min(_BLOCK_WORDS, skip + n - done)
            state = absorbed.copy()
            state.update(block.to_bytes(8, "big"))
            out[done : done + stop - skip] = np.frombuffer(state.digest(8 * stop), dtype="<u8", offset=8 * skip)
            done += stop - skip
        return out.astype(np.uint64, copy=False)

    def __repr__(self) -> str:
        """Return the name only: the key must not be printed."""
        return "KeyedRandomSource()"


class PublicRandomSource(KeyedRandomSource):
    """The same streams from a seed that may be public: for rounding and ties after the noise, never for noise."""

    __slots__ = ()

    def __init__(self, seed: bytes) -> None:
        self._prefix = _with_length(_PUBLIC_DOMAIN) + _with_length(seed)


class ScriptedRandomSource:
    """Words written down beforehand, for tests; ``"*"`` serves every label that has no script."""

    __slots__ = ("_scripts",)

    def __init__(self, scripts: Mapping[str, Sequence[int]]) -> None:
        self._scripts = {label: tuple(script) for label, script in scripts.items()}

    def words(self, label: str, n: int, *, start: int = 0) -> Words:
        """Return the scripted words ``start`` to ``start + n``; ``ValueError`` when the script is too short."""
        script = self._scripts.get(label, self._scripts.get("*", ()))
        if start + n > len(script):
            raise ValueError(f"the script for {label!r} ends after {len(script)} words")
        return np.array(script[start : start + n], dtype=np.uint64)


class WordStream:
    """A place in one stream that moves on as words are taken, with a side stream for rare ties."""

    __slots__ = ("_label", "_source", "_taken", "_ties_taken")

    def __init__(self, source: RandomSource, label: str) -> None:
        self._source, self._label, self._taken, self._ties_taken = source, label, 0, 0

    def take(self, n: int) -> Words:
        """Return the next ``n`` words."""
        words = self._source.words(self._label, n, start=self._taken)
        self._taken += n
        return words

    def take_tie(self) -> int:
        """Return one more word from the side stream, as an integer, to settle a draw exactly."""
        word = self._source.words(f"{self._label}|ties", 1, start=self._ties_taken)
        self._ties_taken += 1
        return int(word[0])


def _with_length(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part
