"""Links between profile children and the other two extracts, with match weights.

The shares linked and the weights are invented. A doubtful link has a weight below 0.85; some of the
doubtful ones are wrong and lead to the record of a child who moved away.
"""

import numpy as np
import polars as pl

from examples.early_years.synthesis.children import NOBODY, Children
from examples.early_years.synthesis.numeric import Floats, Ints, expit, logit

LINKED = {"health_visiting": 0.937, "childcare": 0.905}
_DOUBTFUL = 0.03
_WRONG = 0.4


def draw_links(
    rng: np.random.Generator, children: Children, ability: Floats, recorded: Ints, source: str
) -> pl.DataFrame:
    """Return person, source, linked person and weight.

    Args:
        rng: Random stream.
        children: Children of one academic year.
        ability: Standardised latent ability; shape (n,).
        recorded: Positions of children with a record in the source, each once.
        source: ``health_visiting`` or ``childcare``.
    """
    strangers = recorded[children.kind[recorded] == NOBODY]
    own = recorded[children.kind[recorded] != NOBODY]
    offset = 0.15 * ability[own] - 0.6 * (children.language[own] == 1)
    linked = own[rng.random(own.size) < expit(float(logit(LINKED[source])) + 0.15 + offset)]
    weight = np.round(1 - rng.beta(1.3, 38.0, linked.size), 3)
    doubtful = rng.random(linked.size) < _DOUBTFUL
    weight = np.where(doubtful, np.round(rng.uniform(0.55, 0.849, linked.size), 3), weight)
    target = linked.copy()
    wrong = np.flatnonzero(doubtful & (rng.random(linked.size) < _WRONG))[: strangers.size]
    target[wrong] = rng.permutation(strangers)[: wrong.size]
    return pl.DataFrame({"person": linked, "source": source, "linked": target, "match_weight": weight})
