"""Split a large problem by area: crews that touch no cell of one another, so that they can work at the same time.

The codes of the longest axis are fenced by one of its published groupings (regions). The primaries of blocks that tell
all fences apart go to the crew of their fence; its moves exchange codes inside the fence only and may not change a cell
of a block that crosses fences. What a crew does is thus independent of the others and of the number of threads. All
other primaries, and those a crew cannot protect inside its fence, belong to no crew.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.demands import Demands
from ndl_publish.protect.secondary.geometry import Geometry

FEWEST_DEMANDS = 50_000
"""Below this a problem is solved whole."""
FEWEST_FENCES = 4


@dataclass(frozen=True)
class Crews:
    """How a problem is split.

    Attributes:
        geometry: The look-ups with fences.
        crew_of: Crew of each demand, -1 for none, ``n_demands``.
    """

    geometry: Geometry
    crew_of: IntArray = field(repr=False)

    @property
    def demands_of_each(self) -> list[npt.NDArray[np.bool_]]:
        """Which demands each crew has; crews with none are left out."""
        return [self.crew_of == crew for crew in np.unique(self.crew_of[self.crew_of >= 0])]


def plan_crews(geometry: Geometry, demands: Demands) -> Crews | None:
    """Return how to split a problem; None when it is small or no grouping of areas splits it."""
    if len(demands.cell) < FEWEST_DEMANDS:
        return None
    axis = int(np.argmax(geometry.sizes))
    size, at = int(geometry.sizes[axis]), int(geometry.starts[axis])
    used = np.unique(geometry.partition[:, axis])
    groupings = [geometry.group_of[geometry.partition_start[p] :][:size] for p in used]
    fences = [one for one in groupings if (one >= 0).all() and FEWEST_FENCES <= len(np.unique(one)) < size]
    if not fences:
        return None
    fence = np.unique(min(fences, key=lambda one: len(np.unique(one))), return_inverse=True)[1].reshape(-1)
    is_closed = np.zeros(len(geometry.offsets), bool)
    for block in range(len(is_closed)):
        group = geometry.group_of[geometry.partition_start[geometry.partition[block, axis]] :][:size]
        inside = group >= 0
        pairs = np.unique(np.stack([group[inside], fence[inside]]), axis=1)
        is_closed[block] = len(np.unique(pairs[0])) < pairs.shape[1]
    first_code = geometry.members[geometry.group_start[demands.groups[:, axis]]]
    crew_of = np.where(is_closed[demands.block], -1, fence[first_code])
    everywhere = np.zeros(int(geometry.starts[-1]), np.int64)
    everywhere[at : at + size] = fence
    return Crews(geometry._replace(fence=everywhere, is_closed=is_closed), crew_of.astype(np.int64))
