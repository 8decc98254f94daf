"""The one adapter to diffprivlib: keyed, repeatable, small."""

import ast
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import ndl_publish
from ndl_publish.errors import RuleError
from ndl_publish.privacy.randomness import KeyedRandomSource, ScriptedRandomSource, WordStream
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.noise.geometric import MAX_CELLS, _float_at_most, _KeyedSystemRandom, draw_geometric

SOURCE = KeyedRandomSource(SecretKey(bytes(range(32))))


def test_known_answer_and_repetition() -> None:
    draws = draw_geometric(SOURCE, label="kat", epsilon=Fraction(1, 3), sensitivity=1, n=10)
    assert draws.tolist() == [2, -2, -1, 3, 1, 0, 4, -2, -15, 3]
    assert draws.dtype == np.int64


def test_numpys_generator_is_not_asked() -> None:
    state = repr(np.random.get_state())  # noqa: NPY002 (to see that it does not move)
    draw_geometric(SOURCE, label="a", epsilon=Fraction(1), sensitivity=1, n=100)
    assert repr(np.random.get_state()) == state  # noqa: NPY002


def test_spread_follows_sensitivity_over_epsilon() -> None:
    draws = draw_geometric(SOURCE, label="spread", epsilon=Fraction(1, 2), sensitivity=3, n=4000)
    ratio = math.exp(-1 / 6)
    assert abs(abs(draws).mean() / (2 * ratio / (1 - ratio**2)) - 1) < 0.12


def test_large_tables_are_sent_to_the_exact_method() -> None:
    with pytest.raises(RuleError, match="discrete_gaussian in the rules") as caught:
        draw_geometric(SOURCE, label="x", epsilon=Fraction(1), sensitivity=1, n=MAX_CELLS + 1)
    assert caught.value.code == "NDL-R044"


@pytest.mark.parametrize(("epsilon", "sensitivity"), [(Fraction(0), 1), (Fraction(-1), 1), (Fraction(1), 0)])
def test_out_of_range_is_refused(epsilon: Fraction, sensitivity: int) -> None:
    with pytest.raises(RuleError) as caught:
        draw_geometric(SOURCE, label="x", epsilon=epsilon, sensitivity=sensitivity, n=1)
    assert caught.value.code == "NDL-R045"


def test_no_cells_no_noise() -> None:
    assert draw_geometric(SOURCE, label="x", epsilon=Fraction(1), sensitivity=1, n=0).shape == (0,)


def test_epsilon_is_never_rounded_up() -> None:
    for value in (Fraction(1, 3), Fraction(2, 3), Fraction(1, 10), Fraction(7)):
        assert Fraction(_float_at_most(value)) <= value


def test_one_half_is_passed_over() -> None:
    stream = WordStream(ScriptedRandomSource({"r": [1 << 63, 1 << 62]}), "r")
    assert _KeyedSystemRandom(stream, ahead=1).random() == 0.25


def test_only_this_file_imports_diffprivlib() -> None:
    package = Path(ndl_publish.__file__).parent
    users = {
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("diffprivlib"))
        or (isinstance(node, ast.Import) and any(name.name.startswith("diffprivlib") for name in node.names))
    }
    assert users == {"protect/noise/geometric.py"}
