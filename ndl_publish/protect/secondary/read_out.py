"""Read the kept witnesses out of the store, as sparse changes of finest rows."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.demands import Demands
from ndl_publish.protect.secondary.problem import Witnesses
from ndl_publish.protect.secondary.store import AMOUNT, KEY, NEXT_ROW, Store


@dataclass(frozen=True)
class Circuits:
    """The witnesses of one engine, in little room: large problems have millions of changes.

    Attributes:
        cell: Primary each witness belongs to, ``n_witnesses``.
        change: What it adds to that primary.
        avoids: Row of the child whose cells it leaves alone, -1 for none.
        lengths: Number of changes of each.
        keys: Row key of each change, one witness after the other.
        amounts: Children added.
    """

    cell: IntArray = field(repr=False)
    change: IntArray = field(repr=False)
    avoids: IntArray = field(repr=False)
    lengths: IntArray = field(repr=False)
    keys: IntArray = field(repr=False)
    amounts: npt.NDArray[np.int32] = field(repr=False)


def circuits_of(demands: Demands, store: Store) -> Circuits:
    """Return the witnesses of all demands that have one, in the order of the demands.

    Args:
        demands: What the witnesses are for.
        store: The witnesses.
    """
    own = np.flatnonzero(store.first_row >= 0)
    places: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
    owners: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
    place, owner = store.first_row[own], np.arange(len(own), dtype=np.int32)
    while len(place):
        places.append(place)
        owners.append(owner)
        following = store.rows[place, NEXT_ROW].astype(np.int32)
        owner, place = owner[following >= 0], following[following >= 0]
    of = np.concatenate(owners)
    at = np.concatenate(places)[np.argsort(of, kind="stable")]
    return Circuits(
        demands.cell[own],
        np.where(demands.raises[own], demands.need[own], -demands.need[own]),
        demands.avoids[own],
        np.bincount(of, minlength=len(own)),
        store.rows[at, KEY],
        store.rows[at, AMOUNT].astype(np.int32),
    )


def witnesses_of(axes: Axes, parts: list[Circuits]) -> Witnesses:
    """Return the witnesses of several engines as one list.

    Args:
        axes: What turns row keys into codes.
        parts: The witnesses; emptied here, so that they need no room twice.
    """
    cell, change, avoids = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("cell", "change", "avoids")
    )
    start = np.concatenate([[0], np.cumsum(np.concatenate([part.lengths for part in parts]))]).astype(np.int64)
    known = np.unique(np.concatenate([np.unique(part.keys) for part in parts]))
    amounts = np.concatenate([part.amounts for part in parts])
    rows = np.zeros(len(amounts), np.int32)
    end = 0
    while parts:
        keys = parts.pop(0).keys
        rows[end : end + len(keys)] = np.searchsorted(known, keys)
        end += len(keys)
    return Witnesses(cell, change, start, axes.unfold(known), rows, amounts, avoids)
