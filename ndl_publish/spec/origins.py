"""From which columns of the records a derived column is made: public, from the metadata alone.

Two dimensions made from the same columns are tied: whoever is in a category of one is bound to categories of the other
("no linked review" is "children" less "review linked"). Exact counts of both would be equations that the table model
does not hold, so a release of exact counts publishes only one of them. What the area decides is tied to the areas.
"""

from ndl_publish.spec.columns import AreaColumn
from ndl_publish.spec.dataset import Dataset, MeanMeasure
from ndl_publish.spec.derived import AreaCharacteristic, HasRecord, columns_used

AREA = "the area"


def origins(dataset: Dataset, column: str) -> frozenset[str]:
    """Return what a column is made from, and for linked sources that there is a record at all.

    Args:
        dataset: The metadata.
        column: A canonical or derived column.

    Returns:
        ``<source>: <column in its files>`` for every source column read, ``record of <source>`` for every linked
        source, and ``AREA`` for area columns and what the area decides.
    """
    rule = dataset.derived.get(column)
    if isinstance(rule, AreaCharacteristic):
        return frozenset({AREA})
    if isinstance(rule, HasRecord):
        return frozenset({_record(rule.source)})
    if rule is not None:
        return frozenset().union(*(origins(dataset, used) for used in columns_used(rule)))
    for name, source in dataset.sources.items():
        if column in source.columns or column in source.sums:
            own = source.columns[source.sums[column].column if column in source.sums else column]
            found = {f"{name}: {own.source}"}
            found |= {_record(name)} if name != dataset.spine else set()
            return frozenset(found | ({AREA} if isinstance(own, AreaColumn) else set()))
    return frozenset()


def dimension_origins(dataset: Dataset, breakdowns: set[str], measures: set[str]) -> dict[str, frozenset[str]]:
    """Return the origins of every dimension in use: the areas, breakdowns by their finest name, outcomes, means.

    Args:
        dataset: The metadata.
        breakdowns: Breakdowns in use; one that nests in another in use counts with it. Those that are a characteristic
            of the area as it stands are left out: the table model knows them.
        measures: Measures in use.
    """
    coarser = {dataset.breakdowns[name].within for name in breakdowns}
    found = {"the areas": frozenset({AREA})}
    for name in sorted(breakdowns):
        if name not in coarser and not dataset.is_area_characteristic(name):
            found[f"breakdown {name}"] = origins(dataset, dataset.breakdowns[name].column)
    for outcome, chain in dataset.outcomes.items():
        used = [name for name in chain.measures if name in measures]
        if used:
            parts = (origins(dataset, dataset.column_of(name)) for name in used)
            found[f"outcome {outcome} ({', '.join(used)})"] = frozenset().union(*parts)
    for name in sorted(measures):
        if isinstance(dataset.measures[name], MeanMeasure):
            found[f"mean {name}"] = origins(dataset, dataset.column_of(name))
    return found


def are_mean_and_outcome(one: str, other: str) -> bool:
    """Say whether two dimensions are a mean and an outcome, which may stand together level by level."""
    return {one.split(maxsplit=1)[0], other.split(maxsplit=1)[0]} == {"mean", "outcome"}


def _record(source: str) -> str:
    return f"record of {source}"
