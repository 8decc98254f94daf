"""Mistakes that would break the guarantee, made on purpose: the suite must fail for each of them.

Every mutant is a change of the source itself, made in a copy of the project. Each names the test that has to notice
it; the same tests must pass on the copy as it is, so that a test that always fails kills nothing.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command import ROOT

pytestmark = pytest.mark.slow

Change = tuple[str, str, str]
"""A file of the package, words that stand in it once, and what they become."""
SECONDS = 240


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake, and the test that is expected to notice it."""

    name: str
    changes: tuple[Change, ...]
    killer: str


def _one(name: str, file: str, old: str, new: str, killer: str) -> Mutant:
    return Mutant(name, ((file, old, new),), killer)


AFTER_THE_DRAW = """\
    from ndl_publish.ledger.grant import issue
    early = issue(0, request.to_json(), is_replay=False)
    drawn = order.mechanism.measure(order.exact, grant=early, source=KeyedRandomSource(key))
    grant = payment.ledger.reserve(request,"""
PROTECT, PRIVACY = "tests/unit/protect", "tests/unit/privacy"
MUTANTS = (
    _one(
        "one table missing from the ledger",
        "protect/tree_residuals.py",
        "return tuple(query.event for query in self.queries)",
        "return tuple(query.event for query in self.queries[:-1])",
        f"{PROTECT}/test_accounting.py::test_every_measured_table_is_in_the_events_with_the_noise_it_gets",
    ),
    _one(
        "noise reused for two tables",
        "protect/measure.py",
        'label = f"{grant.request_digest}/{query.event.label}"',
        'label = f"{grant.request_digest}/"',
        f"{PROTECT}/test_measure.py::test_no_two_queries_share_a_stream_and_all_carry_the_digest",
    ),
    _one(
        "zero cells dropped",
        "protect/measure.py",
        "noisy[query.event.label] = exact + _draw(",
        "noisy[query.event.label] = exact + (exact != 0) * _draw(",
        f"{PROTECT}/test_measure.py::test_cells_without_children_get_noise_too",
    ),
    _one(
        "clamping at 0 before least squares",
        "privacy/estimator.py",
        "residual_estimate(noisy[own.queries[level].event.label], self.chains, part)",
        "residual_estimate(np.maximum(noisy[own.queries[level].event.label], 0), self.chains, part)",
        f"{PRIVACY}/test_estimator.py::test_noisy_tables_of_nobody_are_as_often_negative_as_positive",
    ),
    Mutant(
        "suppression judged on exact counts",
        (
            (
                "protect/dp.py",
                "    exact = mechanism.exact(cube.rows)\n",
                '    exact = mechanism.exact(cube.rows)\n    globals()["COUNTS"] = cube.counts\n',
            ),
            (
                "protect/dp.py",
                "        layout,\n        noisy.values,\n        rules,\n",
                '        layout,\n        globals()["COUNTS"],\n        rules,\n',
            ),
        ),
        f"{PROTECT}/test_dp.py::test_nothing_public_depends_on_an_exact_count_but_through_the_noise",
    ),
    _one(
        "seed is the release alone, without the data",
        "protect/measure.py",
        ", *(tables[name].values.tobytes() for name in sorted(tables)))",
        ",)",
        f"{PROTECT}/test_measure.py::test_anything_else_draws_unrelated_noise[child]",
    ),
    _one(
        "sigma2 rounded down",
        "privacy/strategy.py",
        "Fraction(ceil(noise)) if noise > COARSE_NOISE else Fraction(ceil(noise * 1000), 1000)",
        "Fraction(int(noise)) if noise > COARSE_NOISE else Fraction(int(noise * 1000), 1000)",
        f"{PRIVACY}/test_strategy.py::test_the_charge_is_never_above_what_was_asked_and_hardly_below",
    ),
    Mutant(
        "numpy's global generator in place of the keyed stream",
        (
            (
                "privacy/randomness.py",
                "words = self._source.words(self._label, n, start=self._taken)",
                'words = np.random.randint(0, 2**64, n, dtype="u8")',
            ),
        ),
        f"{PROTECT}/test_measure.py::test_the_same_request_draws_the_same_noise",
    ),
    _one(
        "a child with two rows is counted twice",
        "records/one_row.py",
        "kept = nw.concat([single.drop(ROW), tops.drop(ROW)])",
        "kept = frame.drop(ROW)",
        "tests/unit/records/test_one_row.py::test_first_or_last_by_a_number",
    ),
    _one(
        "sensitivity 1 for a sum",
        "protect/tree_residuals.py",
        "max(abs(measure.minimum), abs(measure.maximum))",
        "1",
        f"{PROTECT}/test_accounting.py::test_what_the_dearest_child_moves_is_exactly_what_the_ledger_was_charged",
    ),
    _one(
        "a sum not held between its bounds",
        "records/validate.py",
        "nw.col(name).clip(m.minimum, m.maximum).alias(name)",
        "nw.col(name)",
        "tests/unit/records/test_validate.py::test_means_are_held_between_their_bounds",
    ),
    _one(
        "epsilon rounded to the nearest",
        "protect/privacy_statement.py",
        "ceil((epsilon_of_rho(loss.rho, delta=delta) if delta else loss.epsilon) * 10_000) / 10_000",
        "round((epsilon_of_rho(loss.rho, delta=delta) if delta else loss.epsilon) * 10_000) / 10_000",
        f"{PROTECT}/test_privacy_statement.py::test_epsilon_is_never_understated",
    ),
    Mutant(
        "the ledger charged after the draw",
        (
            (
                "protect/dp.py",
                "    grant = payment.ledger.reserve(request,",
                AFTER_THE_DRAW,
            ),
            (
                "protect/dp.py",
                "return grant, order.mechanism.measure(order.exact, grant=grant, source=KeyedRandomSource(key))",
                "return grant, drawn",
            ),
        ),
        f"{PROTECT}/test_dp.py::test_the_ledger_is_charged_before_anything_is_drawn_and_whatever_happens_then",
    ),
)
COPIED = ("ndl_publish", "tests", "metadata", "disclosure_rules")


def _copy(folder: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _mutate(folder: Path, changes: tuple[Change, ...]) -> None:
    for name, old, new in changes:
        path = folder / "ndl_publish" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name}: the words to be changed stand there {text.count(old)} times: {old}"
        path.write_text(text.replace(old, new), encoding="utf-8")


def _start(folder: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run tests against the package in a folder."""
    surroundings = {**os.environ, "PYTHONPATH": str(folder)}
    words = ["-q", "-p", "no:cacheprovider", "-n", "0", "--tb=line"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *words, *tests],
        cwd=folder, env=surroundings, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """Give what the tests said of every mutant and, under the name "", of the package as it is; two at a time."""
    wanted: dict[str, tuple[Path, tuple[str, ...]]] = {}
    plain = _copy(tmp_path_factory.mktemp("plain"))
    wanted[""] = (plain, tuple(dict.fromkeys(mutant.killer for mutant in MUTANTS)))
    for number, mutant in enumerate(MUTANTS):
        folder = _copy(tmp_path_factory.mktemp(f"mutant{number}"))
        _mutate(folder, mutant.changes)
        wanted[mutant.name] = (folder, (mutant.killer,))
    with ThreadPoolExecutor(max_workers=2) as pool:
        done = pool.map(lambda item: _start(*item), wanted.values())
        return dict(zip(wanted, done, strict=True))


def test_the_package_as_it_is_passes(outcomes: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert outcomes[""].returncode == 0, outcomes[""].stdout[-2000:]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_suite_notices(outcomes: dict[str, subprocess.CompletedProcess[str]], mutant: Mutant) -> None:
    """Exit code 1 means that tests ran and failed; anything else would be another accident than the one meant."""
    done = outcomes[mutant.name]
    assert done.returncode == 1, f"{mutant.name} lives: {done.stdout[-1500:]}{done.stderr[-500:]}"
    assert "failed" in done.stdout
    assert "error" not in done.stdout.splitlines()[-1]


def test_the_copy_is_what_is_tested(tmp_path: Path) -> None:
    """A mutant that is not imported would be no mutant at all."""
    folder = _copy(tmp_path / "copy")
    (folder / "ndl_publish" / "__init__.py").write_text("raise RuntimeError('the copy')\n", encoding="utf-8")
    done = _start(folder, (f"{PROTECT}/test_accounting.py",))
    assert done.returncode != 0
    assert "the copy" in done.stdout + done.stderr
