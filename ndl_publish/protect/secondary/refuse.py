"""Suppress, or say why it cannot be done: the one place that refuses a release whose small counts have no cover."""

from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import DisclosureError
from ndl_publish.protect.secondary.explain import explain_unprotected
from ndl_publish.protect.secondary.more import asking_more, with_primaries_of
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import Progress, suppress


def suppress_or_refuse(
    problem: SuppressionProblem, *, found: IntArray | None = None, progress: Progress | None = None
) -> Suppression:
    """Return which cells to withhold.

    Args:
        problem: Grid, figures, primaries and finest rows.
        found: How often attacks found each cell in earlier patterns, ``n_cells``: more is asked for these.
        progress: Called with (stage, done, of).

    Raises:
        DisclosureError: ``NDL-D020`` with the remedies and their cost when some primaries cannot be protected.
    """
    asked = problem if found is None else asking_more(problem, found)
    answer = suppress(asked, progress=progress)
    if len(answer.unprotected):
        message = "Some withheld counts cannot be kept from being computed. Nothing was written; see the remedies."
        findings = explain_unprotected(asked, answer, progress=progress)
        raise DisclosureError("NDL-D020", message, findings=findings)
    return with_primaries_of(problem, answer)
