"""Geometric noise by ``diffprivlib``, for small pure-epsilon tables: the only file that imports it.

``diffprivlib`` draws with ``secrets.SystemRandom`` when given one, and asks it for ``random()`` only, so a subclass
that answers from our keyed words makes its noise repeatable. Its numpy generators are never used.

Limits, which are the library's: it inverts one 53-bit float, so noise beyond 37 scales never occurs and
tail probabilities are rounded; the guarantee is pure epsilon up to a total variation of about 2**-50 per
cell. ``discrete_laplace`` has the same distribution to within 2**-200 and runs a hundred times faster;
prefer it unless a named library is required. Only noise is asked for: counts never enter its floats.
"""

import math
import secrets
from fractions import Fraction

import numpy as np

from ndl_publish.errors import RuleError
from ndl_publish.privacy.randomness import RandomSource, WordStream
from ndl_publish.protect.noise.inversion import Integers

MAX_CELLS = 10_000


class _KeyedSystemRandom(secrets.SystemRandom):
    """Answers ``random()`` with the top 53 bits of keyed words; 0.5 is passed over (its logarithm is taken of 0)."""

    def __init__(self, stream: WordStream, *, ahead: int) -> None:
        super().__init__()
        self._stream = stream
        self._ahead = ahead
        self._ready: list[int] = []

    def random(self) -> float:
        while True:
            if not self._ready:
                self._ready = self._stream.take(self._ahead).tolist()[::-1]
            value = self._ready.pop() >> 11
            if value != 1 << 52:
                return math.ldexp(value, -53)


def draw_geometric(source: RandomSource, *, label: str, epsilon: Fraction, sensitivity: int, n: int) -> Integers:
    """Draw ``n`` integers of two-sided geometric noise with ``diffprivlib.mechanisms.Geometric``.

    Args:
        source: Random words; the same arguments give the same draws.
        label: Names the noise; ``epsilon`` and ``sensitivity`` are added to it.
        epsilon: Pure loss of the whole table, above 0. Rounded down to a float, so noise never shrinks.
        sensitivity: Largest change of the whole table by one child, in counts, at least 1.
        n: Number of cells, at most 10,000.

    Raises:
        RuleError: ``NDL-R044`` above 10,000 cells, ``NDL-R045`` when a parameter is out of range.

    Source:
        Holohan et al. (2019), diffprivlib, arXiv 1907.02444; Ghosh et al., arXiv 0811.2841.
    """
    if n > MAX_CELLS:
        raise RuleError(
            "NDL-R044",
            f"The geometric mechanism serves at most {MAX_CELLS} cells, and this table has {n}. Write method: "
            "discrete_gaussian in the rules: exact, and fast.",
        )
    if epsilon <= 0 or sensitivity < 1:
        raise RuleError("NDL-R045", "epsilon must be above 0 and the sensitivity at least 1.")
    from diffprivlib.mechanisms import Geometric  # noqa: PLC0415  (costs two seconds: only when asked for)

    parameters = f"{epsilon.numerator}/{epsilon.denominator}|{sensitivity}"
    stream = WordStream(source, f"{label}|geometric|{parameters}")
    generator = _KeyedSystemRandom(stream, ahead=max(n, 1))
    mechanism = Geometric(epsilon=_float_at_most(epsilon), sensitivity=sensitivity, random_state=generator)
    return np.array([mechanism.randomise(0) for _ in range(n)], dtype=np.int64)


def _float_at_most(value: Fraction) -> float:
    nearest = float(value)
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, 0.0)
