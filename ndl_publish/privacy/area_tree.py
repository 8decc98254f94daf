"""Which published areas lie in which, as the estimator needs them: a tree of levels, and sums of tree nodes.

A level joins the tree when it covers every finest area and each of its areas lies in one area of the level above.
Levels that do not (combined authorities, which leave areas out and cross regions) are sums of the nodes of a
**carrier** level: the coarsest tree level whose nodes they never split.
"""

from dataclasses import dataclass, field

import numpy as np

from ndl_publish.cube.grid import CellGrid, Dimension, IntArray


@dataclass(frozen=True, slots=True)
class SumLevel:
    """A level whose areas are sums of nodes of a tree level.

    Attributes:
        carrier: Name of the tree level.
        group_of_node: Integer array over the carrier's nodes: area of this level, -1 for none.
        n_areas: Number of areas.
    """

    carrier: str
    group_of_node: IntArray = field(repr=False)
    n_areas: int


@dataclass(frozen=True, slots=True)
class AreaTree:
    """Tree levels from the top down, each node known by its position in the level.

    Attributes:
        levels: Names, coarsest first.
        node_of_code: Level -> node of each finest area code.
        n_nodes: Level -> number of nodes.
        sums: Levels that are sums of nodes.
    """

    levels: tuple[str, ...]
    node_of_code: dict[str, IntArray] = field(repr=False)
    n_nodes: dict[str, int]
    sums: dict[str, SumLevel]

    def parents(self, upper: str, lower: str) -> IntArray:
        """Return, for every node of the lower level, its node of the upper one; never decreasing."""
        parent = np.full(self.n_nodes[lower], -1, np.int64)
        parent[self.node_of_code[lower]] = self.node_of_code[upper]
        return parent

    def carrier(self, level: str) -> str:
        """Return the tree level that a level's figures are read or summed from."""
        return self.sums[level].carrier if level in self.sums else level


def area_tree(grid: CellGrid) -> AreaTree:
    """Return the tree of the area levels that the grid's blocks use."""
    areas = grid.dimensions[0]
    used = dict.fromkeys(block.levels[0] for block in grid.blocks)
    ordered = sorted((areas.level(name) for name in used), key=lambda level: len(level.groups))
    chain: list[str] = []
    node_of_code: dict[str, IntArray] = {}
    for level in ordered:
        above = node_of_code[chain[-1]] if chain else None
        if level.is_complete and (above is None or _nests(level.group_of, above)):
            chain.append(level.name)
            node_of_code[level.name] = level.group_of
    rest = [level.name for level in ordered if level.name not in chain]
    if rest and (not chain or any(_carrier(areas, name, chain) is None for name in rest)):
        finest = areas.finest_level
        node_of_code[finest] = areas.level(finest).group_of
        chain = [name for name in chain if _nests(node_of_code[finest], node_of_code[name])] + [finest]
        rest = [name for name in rest if name != finest] + [name for name in node_of_code if name not in chain]
    n_nodes = {name: len(areas.level(name).groups) for name in chain}
    sums = {name: _sum_level(areas, name, chain, node_of_code, n_nodes) for name in rest}
    return AreaTree(tuple(chain), node_of_code, n_nodes, sums)


def _nests(lower: IntArray, upper: IntArray) -> bool:
    pairs = np.unique(np.column_stack([lower, upper]), axis=0)
    return len(pairs) == len(np.unique(lower)) and bool((np.diff(pairs[:, 1]) >= 0).all())


def _carrier(areas: Dimension, name: str, chain: list[str]) -> str | None:
    group_of = areas.level(name).group_of
    for candidate in chain:
        pairs = np.unique(np.column_stack([areas.level(candidate).group_of, group_of]), axis=0)
        if len(pairs) == len(areas.level(candidate).groups):
            return candidate
    return None


def _sum_level(
    areas: Dimension, name: str, chain: list[str], node_of_code: dict[str, IntArray], n_nodes: dict[str, int]
) -> SumLevel:
    carrier = _carrier(areas, name, chain)
    if carrier is None:
        raise ValueError(f"level {name} cannot be summed from {chain}")
    group_of_node = np.full(n_nodes[carrier], -1, np.int64)
    group_of_node[node_of_code[carrier]] = areas.level(name).group_of
    return SumLevel(carrier, group_of_node, len(areas.level(name).groups))
