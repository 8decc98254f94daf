"""Read the kept witnesses out of the store, as sparse changes of finest rows."""

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.demands import Demands
from ndl_publish.protect.secondary.problem import Witnesses
from ndl_publish.protect.secondary.store import AMOUNT, KEY, NEXT_ROW, Store


def witnesses_of(axes: Axes, demands: Demands, store: Store) -> Witnesses:
    """Return the witnesses of all demands that have one, in the order of the demands.

    Args:
        axes: What turns row keys into codes.
        demands: What the witnesses are for.
        store: The witnesses.
    """
    own = np.flatnonzero(store.first_row >= 0)
    none = np.zeros(0, np.int64)
    places: list[IntArray] = [none]
    owners: list[IntArray] = [none]
    place, owner = store.first_row[own].astype(np.int64), own
    while len(place):
        places.append(place)
        owners.append(owner)
        place = store.rows[place, NEXT_ROW]
        owner, place = owner[place >= 0], place[place >= 0]
    of = np.concatenate(owners)
    order = np.argsort(of, kind="stable")
    taken = store.rows[np.concatenate(places)[order]]
    lengths = np.bincount(np.searchsorted(own, of), minlength=len(own))
    return Witnesses(
        demands.cell[own],
        np.where(demands.raises[own], demands.need[own], -demands.need[own]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        axes.unfold(taken[:, KEY]),
        taken[:, AMOUNT],
        demands.avoids[own],
    )


def joined_witnesses(parts: list[Witnesses]) -> Witnesses:
    """Return the witnesses of several engines as one list; those of one cell stay together."""
    start = [np.zeros(1, np.int64)]
    n_changes = 0
    for part in parts:
        start.append(part.start[1:] + n_changes)
        n_changes += len(part.amounts)
    return Witnesses(
        np.concatenate([part.cell for part in parts]),
        np.concatenate([part.change for part in parts]),
        np.concatenate(start),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.amounts for part in parts]),
        np.concatenate([part.avoids for part in parts]),
    )
