"""Suppress, or say why it cannot be done: the one place that refuses a release whose small counts have no cover."""

from ndl_publish.errors import DisclosureError
from ndl_publish.protect.secondary.explain import explain_unprotected
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import Progress, suppress


def suppress_or_refuse(problem: SuppressionProblem, *, progress: Progress | None = None) -> Suppression:
    """Return which cells to withhold.

    Args:
        problem: Grid, figures, primaries and finest rows.
        progress: Called with (stage, done, of).

    Raises:
        DisclosureError: ``NDL-D020`` with the remedies and their cost when some primaries cannot be protected.
    """
    answer = suppress(problem, progress=progress)
    if len(answer.unprotected):
        message = "Some withheld counts cannot be kept from being computed. Nothing was written; see the remedies."
        findings = explain_unprotected(problem, answer, progress=progress)
        raise DisclosureError("NDL-D020", message, findings=findings)
    return answer
