"""Whether two samples have one law."""

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc


def two_sample_p(one: npt.NDArray[np.int64], two: npt.NDArray[np.int64]) -> float:
    """Chi-square p-value that two samples of one size have one law; bins from quantiles of both."""
    edges = np.unique(np.quantile(np.concatenate([one, two]), np.linspace(0, 1, 41)[1:-1]))
    counts = np.array([np.bincount(np.searchsorted(edges, x), minlength=edges.size + 1) for x in (one, two)])
    counts = counts[:, counts.sum(axis=0) > 0]
    return float(chdtrc(counts.shape[1] - 1, ((counts[0] - counts[1]) ** 2 / counts.sum(axis=0)).sum()))
