"""The figures that a classic rule book keeps or prefers, in sentences for readers."""

from collections.abc import Iterator

from ndl_publish.spec.rules import ClassicRules
from ndl_publish.spec.selections import Selection


def selection_sentences(rules: ClassicRules) -> Iterator[str]:
    """Yield a sentence on the figures that are never withheld, and one on those that weigh more or less than others."""
    if rules.keep:
        kept = "; ".join(figures_words(selection) for selection in rules.keep)
        yield f"Never withheld: {kept}. Others are withheld in their stead."
    if rules.prefer:
        weighed = "; ".join(f"{figures_words(figures)}: {figures.factor.value:f} times" for figures in rules.prefer)
        yield f"When further figures are chosen, withholding one of these counts more or less than another ({weighed})."


def figures_words(selection: Selection) -> str:
    """Return the figures of a selection by the names of their measures and characteristics."""
    crossing = f" by {' by '.join(selection.breakdowns)}" if selection.breakdowns else ""
    return f"{', '.join(selection.measures)}{crossing}, {selection.level.replace('_', ' ')}"
