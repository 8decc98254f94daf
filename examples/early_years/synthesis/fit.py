"""Fits ``gld_effects.csv`` and ``goal_thresholds.csv`` to the published national figures.

Needed only after a change of the calibration data or the model:
``python examples/early_years/synthesis/fit.py``. Takes about a minute.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from examples.early_years.synthesis import goals
from examples.early_years.synthesis.attainment import attain, offsets
from examples.early_years.synthesis.children import Children, draw_children
from examples.early_years.synthesis.codes import AREA_OF_GOAL, TERM_OF_MONTH, TOPICS
from examples.early_years.synthesis.cohort import Cohort, cohort_2024_25
from examples.early_years.synthesis.numeric import Floats, Ints, expit, intercepts, logit
from examples.early_years.synthesis.reference import CALIBRATION, Reference, load_reference, national_counts

SEED = (7, 202425)
MOST_DEPRIVED_GLD = 0.589
AREA_RATES = (0.7956, 0.8308, 0.8474, 0.7048, 0.7765, 0.8042, 0.8510)
"""Published share of children expected in all goals of each area: mean over the authorities."""


def _groups(children: Children) -> dict[str, Ints]:
    return {
        "fsm": children.fsm,
        "language": children.language,
        "sen": children.sen,
        "term": np.array(TERM_OF_MONTH)[children.month],
        "ethnicity": children.ethnicity,
    }


def fit_effects(reference: Reference, children: Children, cohort: Cohort) -> dict[str, Floats]:
    """Raise or lower each effect until the expected rate of its group is the published one."""
    effects = {topic: np.zeros(len(items)) for topic, (_, items) in TOPICS.items()}
    effects["idaci"] = np.array([0.03])
    target = cohort.gld.ravel().astype(np.float64)
    first = reference.idaci_decile[children.lsoa] == 1
    one = np.ones(children.area.size)
    for _ in range(60):
        base = offsets(reference, children, effects)
        chance = expit(base + intercepts(base, one, children.group, target)[children.group])
        for topic, group in _groups(children).items():
            counts, reached = national_counts(reference.national, topic)
            mean = np.bincount(group, chance) / np.bincount(group)
            step = logit(reached / counts) - logit(mean)
            effects[topic] = effects[topic] + 0.3 * (step - step @ counts / counts.sum())
        effects["idaci"] = effects["idaci"] - 0.05 * (logit(MOST_DEPRIVED_GLD) - logit(chance[first].mean()))
        effects["idaci"] = np.maximum(effects["idaci"], 0.0)
    return effects


def fit_thresholds(ability: Floats, below_share: float) -> Floats:
    """Move the threshold of each area until its published rate is reached."""
    late = 0.0139 * 0.45  # GLD children who miss UTW or EXP
    want = np.array([(r - (1 - below_share)) / below_share for r in AREA_RATES])
    want[5:] += late / below_share
    areas = np.array(AREA_OF_GOAL)
    thresholds = np.zeros(len(AREA_RATES))
    for _ in range(60):
        reached = goals.results_below(np.random.default_rng(1), ability, thresholds)
        rate = np.array([reached[:, areas == a].all(axis=1).mean() for a in range(len(AREA_RATES))])
        thresholds = thresholds - 0.25 * (logit(want) - logit(rate))
    lit = reached[:, [0, 1, 7, 8, 9]].all(axis=1).mean()
    print(f"goals {reached.sum(axis=1).mean():.2f} (7.95), COM+LIT {lit:.4f} (0.0428)")
    print("prime", (1 - below_share) + below_share * reached[:, :7].all(axis=1).mean(), "(0.752)")
    return thresholds


def main() -> None:
    """Fit both files on a full cohort."""
    reference = load_reference()
    cohort = cohort_2024_25(reference)
    group = np.repeat(np.arange(cohort.children.size), cohort.children.ravel())
    children = draw_children(reference, np.zeros_like(group), group // 2, group % 2, seed=SEED)
    effects = fit_effects(reference, children, cohort)
    rows = [(topic, i, round(float(v), 4)) for topic, values in effects.items() for i, v in enumerate(values)]
    table = pl.DataFrame(rows, schema=["topic", "position", "log_odds"], orient="row")
    table.write_csv(CALIBRATION / "gld_effects.csv")
    attainment = attain(reference, children, cohort.gld, seed=SEED)
    print(f"margin: mean {attainment.margin.mean():.3f}, spread {attainment.margin.std():.3f}")
    below = ~attainment.gld
    ability = goals.ability_below(attainment.margin[below])
    print(f"ability below: mean {ability.mean():.3f}, spread {ability.std():.3f}")
    ability += goals.local_shift(reference)[children.area[below]] / goals.ABILITY
    thresholds = fit_thresholds(ability, float(below.mean()))
    names = ["COM", "PSE", "PHY", "LIT", "MAT", "UTW", "EXP"]
    fitted = pl.DataFrame({"area_of_learning": names, "threshold": np.round(thresholds, 4)})
    fitted.write_csv(CALIBRATION / "goal_thresholds.csv")


if __name__ == "__main__":
    main()
