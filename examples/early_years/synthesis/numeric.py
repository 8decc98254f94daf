"""Small vectorised pieces of arithmetic shared by the steps of the generator."""

import zlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BISECTIONS = 50


def stream(seed: int, year: int, name: str) -> np.random.Generator:
    """Return the random stream of one step, so that a change in a step leaves the others alone."""
    return np.random.default_rng([seed, year, zlib.crc32(name.encode())])


def logit(p: Floats | float) -> Floats:
    """Return the log-odds of probabilities, kept off 0 and 1."""
    kept = np.clip(np.asarray(p, dtype=np.float64), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(kept / (1 - kept)))


def expit(x: Floats) -> Floats:
    """Return the probability of log-odds."""
    return np.asarray(1 / (1 + np.exp(-x)))


def intercepts(offset: Floats, weight: Floats, group: Ints, target: Floats) -> Floats:
    """Solve, for every group, the intercept at which expected successes reach a target.

    Args:
        offset: Log-odds before the intercept, one per row.
        weight: Children each row stands for.
        group: Group of each row, 0 to n - 1.
        target: Successes wanted in each group; shape (n,).

    Returns:
        Intercepts a with sum(weight * expit(offset + a[group])) = target; shape (n,).
    """
    low, high = np.full(target.size, -15.0), np.full(target.size, 15.0)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        reached = np.bincount(group, weight * expit(offset + middle[group]), target.size)
        low, high = np.where(reached < target, middle, low), np.where(reached < target, high, middle)
    return np.asarray((low + high) / 2)


def largest_remainder(shares: Floats, total: int) -> Ints:
    """Round non-negative figures to whole numbers with a given total; shape of the input."""
    scaled = shares * (total / shares.sum()) if shares.sum() else shares
    whole = np.floor(scaled).astype(np.int64)
    order = np.argsort(whole - scaled, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def draw(rng: np.random.Generator, probabilities: Floats) -> Ints:
    """Draw one category per row; ``probabilities`` has shape (rows, categories)."""
    cumulative = np.cumsum(probabilities, axis=1)
    u = rng.random(len(cumulative)) * cumulative[:, -1]
    return np.asarray((u[:, None] >= cumulative[:, :-1]).sum(axis=1), dtype=np.int64)


def pick(uniforms: Floats, cumulative: Floats, row: Ints) -> Ints:
    """Turn uniforms into categories by the row of a cumulative table that is the child's."""
    drawn = np.zeros(row.size, dtype=np.int64)
    for category in range(cumulative.shape[1] - 1):
        drawn += uniforms >= cumulative[row, category]
    return drawn


def cuts_of(score: Floats, group: Ints, target: Ints) -> Floats:
    """Return, for each group, a score that exactly ``target`` members of the group exceed.

    Args:
        score: Score of each member; shape (n,).
        group: Group of each member, 0 to m - 1; shape (n,).
        target: Members wanted above the cut, at most as many as the group has; shape (m,).

    Returns:
        Cuts, the mean of the others for an empty group; shape (m,).
    """
    cuts = np.full(target.size, np.nan)
    order = np.lexsort((-score, group))
    ranked = score[order]
    start = np.searchsorted(group[order], np.arange(target.size))
    count = np.bincount(group, minlength=target.size)
    for g in np.flatnonzero(count):
        own = ranked[start[g] : start[g] + count[g]]
        upper = own[target[g] - 1] if target[g] else own[0] + 1.0
        lower = own[target[g]] if target[g] < count[g] else own[-1] - 1.0
        cuts[g] = (upper + lower) / 2
    return np.asarray(np.where(np.isnan(cuts), np.nanmean(cuts), cuts))


def even_uniforms(rng: np.random.Generator, group: Ints) -> Floats:
    """Draw uniforms that lie evenly in every group, so that shares come out as asked; shape (n,)."""
    order = np.lexsort((rng.random(group.size), group))
    count = np.bincount(group)
    place = np.arange(group.size) - np.repeat(np.cumsum(count) - count, count)
    uniforms = np.empty(group.size)
    uniforms[order] = (place + rng.random(group.size)) / np.repeat(count, count)
    return uniforms


def identifiers(rng: np.random.Generator, count: int, prefix: str) -> list[str]:
    """Draw distinct pseudonyms: a letter and eight hexadecimal digits, unrelated to any content."""
    drawn = np.unique(rng.integers(0, 2**32, size=count + count // 50 + 100, dtype=np.uint64))
    digits = rng.permutation(drawn)[:count].astype(">u4").tobytes().hex()
    return [prefix + digits[start : start + 8] for start in range(0, 8 * count, 8)]
