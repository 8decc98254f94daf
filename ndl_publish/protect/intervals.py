"""95% intervals of noisy counts, and of ratios of two noisy counts that covary.

The children are a census, so an interval says how far the noise may have moved a figure, and nothing about sampling.

Source:
    Fieller, "Some problems in interval estimation" (1954), for the ratio of two correlated normal variables.
"""

from collections.abc import Sequence

import numpy as np

from ndl_publish.privacy.least_squares import FloatArray

Z_95 = 1.959963984540054
Z_95_LAPLACE = 2.118308
"""The same for one draw of Laplace noise, ln(20) / sqrt(2) standard deviations; sums of several lie between the two."""
CONFIDENCE = 0.95


def count_ends(value: FloatArray, variance: FloatArray | None, *, z: float = Z_95) -> tuple[FloatArray, FloatArray]:
    """Return the ends of counts' intervals as whole numbers rounded outward, never below 0; NaN without noise.

    Example:
        >>> low, high = count_ends(np.array([12.0]), np.array([9.0]))
        >>> low.tolist(), high.tolist()
        ([6.0], [18.0])
    """
    if variance is None:
        return np.full_like(value, np.nan), np.full_like(value, np.nan)
    margin = z * np.sqrt(variance)
    return np.maximum(np.floor(value - margin), 0.0), np.maximum(np.ceil(value + margin), 0.0)


def fieller_ends(
    top: FloatArray, bottom: FloatArray, variances: Sequence[FloatArray | None], *, scale: float, z: float = Z_95
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ratios and the ends of their intervals; ends are infinite where the interval is unbounded.

    Args:
        top: Numerators.
        bottom: Denominators.
        variances: Variance of the numerators, of the denominators, and their covariance; ``None`` without noise.
        scale: Factor of the ratio, 100 for percentages.
        z: Half-width of a 95% interval in standard deviations.

    Returns:
        Ratio (NaN where the denominator is not positive), lower and upper end, each times ``scale``.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(bottom > 0, top / bottom, np.nan)
        var_top, var_bottom, covariance = variances
        if var_top is None or var_bottom is None or covariance is None:
            return ratio * scale, np.full_like(ratio, np.nan), np.full_like(ratio, np.nan)
        z2 = z**2
        curvature = bottom**2 - z2 * var_bottom
        centre = top * bottom - z2 * covariance
        spread = centre**2 - curvature * (top**2 - z2 * var_top)
        root = np.sqrt(np.maximum(spread, 0.0))
        bounded = (curvature > 0) & (bottom > 0)
        lower = np.where(bounded, (centre - root) / curvature, -np.inf)
        upper = np.where(bounded, (centre + root) / curvature, np.inf)
    return ratio * scale, lower * scale, upper * scale


def round_outward(
    lower: FloatArray, upper: FloatArray, *, decimals: int, within: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return interval ends rounded outward to so many decimals and held within what is possible.

    Example:
        >>> low, high = round_outward(np.array([61.27]), np.array([101.0]), decimals=1, within=(0.0, 100.0))
        >>> low.tolist(), high.tolist()
        ([61.2], [100.0])
    """
    step = 10.0**decimals
    low = np.clip(np.round(np.floor(lower * step) / step, decimals), *within)
    high = np.clip(np.round(np.ceil(upper * step) / step, decimals), *within)
    return low, high
