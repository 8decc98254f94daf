"""What the output checker gets, and nobody else: true counts, why each cell is withheld, linkage, the audit."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ndl_publish.audit.certificate import Certificate
from ndl_publish.audit.judge import Required
from ndl_publish.audit.model import AuditedCube
from ndl_publish.certificate_pack import certificate_frames, certificate_of
from ndl_publish.columns import Mask
from ndl_publish.cube.frame import grid_frame
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.model import Cube
from ndl_publish.cube.printed import printed_cells
from ndl_publish.package.model import InternalPack
from ndl_publish.protect.dp import NOISY_MEASUREMENTS
from ndl_publish.protect.primary.sensitive import Sensitive
from ndl_publish.protect.withhold import Withheld
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import ClassicRules

REASONS = {
    Mask.SHOWN: "shown",
    Mask.PRIMARY_SUPPRESSED: "primary_suppressed",
    Mask.SECONDARY_SUPPRESSED: "secondary_suppressed",
}


def checker_pack(  # noqa: PLR0913 - each is one part of the pack
    spec: ReleaseSpec,
    cube: Cube,
    audited: AuditedCube,
    withheld: Withheld,
    *,
    values: IntArray,
    measurements: pl.DataFrame | None = None,
    certificate: Certificate | None = None,
) -> InternalPack:
    """Return the confidential side of a build.

    Args:
        spec: The release.
        cube: Exact counts.
        audited: The checks made.
        withheld: Masks with reasons.
        values: Count of every cell before withholding: noisy in mode ``dp``.
        measurements: Noisy measurements, a row each, mode ``dp`` only.
        certificate: Proof that nothing withheld can be worked out, mode ``classic`` only.
    """
    reason = np.array([REASONS[mask] for mask in sorted(REASONS)])[withheld.mask]
    columns = {
        "true_count": cube.counts,
        "count_before_withholding": values,
        "reason": reason,
        "is_possible": withheld.is_possible,
    }
    if withheld.sensitive is not None:
        columns["rules"] = rules_of_cells(withheld.sensitive)
    cells = grid_frame(cube.layout.grid, columns)
    frames = {"cells": cells, "linkage": cube.linkage}
    if measurements is not None:
        frames[NOISY_MEASUREMENTS] = measurements
    if certificate is not None:
        frames |= certificate_frames(certificate, required_of(spec, cube.layout, withheld))
    documents: dict[str, Any] = {
        "audit": [check.as_json() for check in audited.checks],
        "statement": dict(audited.protected.privacy),
        "configuration": spec.as_json(),
    }
    return InternalPack(frames, documents)


def rules_of_cells(sensitive: Sensitive) -> npt.NDArray[np.str_]:
    """Return, for every cell, the names of the rules that mark it, joined by a comma; empty for none, ``n_cells``."""
    marks, at = np.unique(sensitive.marked_by, return_inverse=True)
    named = [", ".join(rule for i, rule in enumerate(sensitive.rules) if int(bits) >> i & 1) for bits in marks]
    return np.array(named, dtype=np.str_)[at]


def required_of(spec: ReleaseSpec, layout: CubeLayout, withheld: Withheld) -> Required:
    """Return what nobody may be able to deduce: primaries, and the secondaries that stand in a table."""
    sensitive, rules = withheld.sensitive, spec.rules
    return Required(
        layout.grid,
        np.asarray(withheld.mask == Mask.PRIMARY_SUPPRESSED),
        np.asarray((withheld.mask == Mask.SECONDARY_SUPPRESSED) & printed_cells(layout)),
        None if sensitive is None else sensitive.lowest,
        None if sensitive is None else sensitive.highest,
        isinstance(rules, ClassicRules) and rules.attacker.insiders,
    )


def certificate_of_cube(cube: Cube, withheld: Withheld) -> Certificate | None:
    """Return the witnesses of a suppression with the finest rows of the cube; none without a suppression."""
    if withheld.suppression is None:
        return None
    grid, rows = cube.layout.grid, cube.rows
    return certificate_of(grid, rows.codes, rows.children, withheld.suppression.witnesses)
