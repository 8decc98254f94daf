"""From which columns of the records a derived column is made: public, from the metadata alone.

Two dimensions made from the same columns are tied: whoever is in a category of one is bound to categories of the other
("no linked review" is "children" less "review linked"). Exact counts of both would be equations that the table model
does not hold, so a release of exact counts publishes only one of them.
"""

from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.derived import AreaCharacteristic, HasRecord, columns_used


def origins(dataset: Dataset, column: str) -> frozenset[str]:
    """Return the source columns a column is made from, and for linked sources that there is a record at all.

    Args:
        dataset: The metadata.
        column: A canonical or derived column.

    Returns:
        Names of source columns; ``record of <source>`` for every linked source read. Empty for what the area decides.
    """
    rule = dataset.derived.get(column)
    if isinstance(rule, AreaCharacteristic):
        return frozenset()
    if isinstance(rule, HasRecord):
        return frozenset({_record(rule.source)})
    if rule is not None:
        return frozenset().union(*(origins(dataset, used) for used in columns_used(rule)))
    for name, source in dataset.sources.items():
        if column in source.columns or column in source.sums:
            own = source.sums[column].column if column in source.sums else column
            return frozenset({own, _record(name)} if name != dataset.spine else {own})
    return frozenset()


def dimension_origins(dataset: Dataset, breakdowns: set[str], measures: set[str]) -> dict[str, frozenset[str]]:
    """Return the origins of every dimension in use: breakdowns by their finest name, outcomes by their name.

    Args:
        dataset: The metadata.
        breakdowns: Breakdowns in use; one that nests in another in use counts with it.
        measures: Measures in use.
    """
    coarser = {dataset.breakdowns[name].within for name in breakdowns}
    found = {
        f"breakdown {name}": origins(dataset, dataset.breakdowns[name].column)
        for name in sorted(breakdowns)
        if name not in coarser
    }
    for outcome, chain in dataset.outcomes.items():
        used = [name for name in chain.measures if name in measures]
        if used:
            parts = (origins(dataset, dataset.column_of(name)) for name in used)
            found[f"outcome {outcome} ({', '.join(used)})"] = frozenset().union(*parts)
    return found


def _record(source: str) -> str:
    return f"record of {source}"
