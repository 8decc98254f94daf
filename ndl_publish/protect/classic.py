"""Mode ``classic``: exact counts, small ones withheld, and as many others as keep them from being computed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.model import Cube
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.errors import RuleError
from ndl_publish.protect.figures import CellValues, public_tables
from ndl_publish.protect.primary.mean_room import shown_means
from ndl_publish.protect.privacy_statement import classic_statement
from ndl_publish.protect.withhold import Withheld, withhold_exact
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import ClassicRules


@dataclass(frozen=True, slots=True)
class ClassicResult:
    """A protected cube, and the masks with reasons for the output checker."""

    protected: ProtectedCube
    withheld: Withheld = field(repr=False)


def protect_classic(
    cube: Cube,
    spec: ReleaseSpec,
    *,
    tie_break: bytes,
    found: IntArray | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ClassicResult:
    """Return the suppressed figures of a cube.

    Args:
        cube: Exact counts.
        spec: Release and rules; the rules must be of mode ``classic``.
        tie_break: Secret bytes that decide between equally good patterns.
        found: How often attacks found each cell in earlier patterns, ``n_cells``: more is asked for these.
        progress: Called with (stage, done, of).

    Raises:
        DisclosureError: ``NDL-D020`` when a withheld count cannot be protected.
    """
    rules = spec.rules
    if not isinstance(rules, ClassicRules):
        raise RuleError("NDL-R060", f"{rules.rules_id}: these rules are not of mode classic.")
    withheld = withhold_exact(cube, rules, tie_break=tie_break, found=found, progress=progress)
    cells = CellValues(
        cube.layout,
        cube.counts,
        withheld.is_shown,
        withheld.is_possible,
        cube.sums,
        shown_means=shown_means(
            cube,
            spec,
            minimum_sum=rules.largest_minimum_count,
            sensitive_sums={} if withheld.sensitive is None else withheld.sensitive.sums,
        ),
        percent_decimals=int(rules.percent_decimals.value),
    )
    protected = ProtectedCube(
        "classic", cube.layout.grid, cube.counts * withheld.is_shown, withheld.is_shown, cube.layout.implications,
        public_tables(spec, cells), classic_statement(spec, rules),
    )  # fmt: skip
    return ClassicResult(protected, withheld)
