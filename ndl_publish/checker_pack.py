"""What the output checker gets, and nobody else: true counts, why each cell is withheld, linkage, the audit."""

from typing import Any

import numpy as np
import polars as pl

from ndl_publish.audit.model import AuditedCube
from ndl_publish.columns import Mask
from ndl_publish.cube.frame import grid_frame
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.model import Cube
from ndl_publish.package.model import InternalPack
from ndl_publish.protect.withhold import Withheld
from ndl_publish.spec.load import ReleaseSpec

REASONS = {
    Mask.SHOWN: "shown",
    Mask.PRIMARY_SUPPRESSED: "primary_suppressed",
    Mask.SECONDARY_SUPPRESSED: "secondary_suppressed",
}


def checker_pack(
    spec: ReleaseSpec,
    cube: Cube,
    audited: AuditedCube,
    withheld: Withheld,
    *,
    values: IntArray,
    measurements: dict[str, IntArray] | None = None,
) -> InternalPack:
    """Return the confidential side of a build.

    Args:
        spec: The release.
        cube: Exact counts.
        audited: The checks made.
        withheld: Masks with reasons.
        values: Count of every cell before withholding: noisy in mode ``dp``.
        measurements: Noisy measurements by query, mode ``dp`` only.
    """
    reason = np.array([REASONS[mask] for mask in sorted(REASONS)])[withheld.mask]
    cells = grid_frame(
        cube.layout.grid,
        {
            "true_count": cube.counts,
            "count_before_withholding": values,
            "reason": reason,
            "is_possible": withheld.is_possible,
        },
    )
    frames = {"cells": cells, "linkage": cube.linkage}
    if measurements:
        frames["noisy_measurements"] = pl.concat(
            pl.DataFrame({"position": np.arange(len(noisy)), "value": noisy}).select(
                pl.lit(label).alias("query"), pl.all()
            )
            for label, noisy in measurements.items()
        )
    documents: dict[str, Any] = {
        "audit": [check.as_json() for check in audited.checks],
        "statement": dict(audited.protected.privacy),
        "configuration": spec.as_json(),
    }
    return InternalPack(frames, documents)
