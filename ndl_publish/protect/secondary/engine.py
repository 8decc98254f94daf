"""One suppression problem while it is being solved: the pattern so far, and the steps that find it and make it smaller.

The steps: a witness for every demand (greedy, aggregates first); insiders; downhill passes that lead witnesses around
one withheld cell after another; excursions. From the first step on the pattern is sound, and no later step makes it
dearer, but for the demands that insiders add. All work is counted, not timed, so that the same problem gives the same
pattern; time is only a last stop, and the answer says when it was used.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
import numpy.typing as npt

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.demands import Demands, demand_order, joined, only
from ndl_publish.protect.secondary.geometry import Geometry, Rows
from ndl_publish.protect.secondary.improve import Journal, new_journal, open_cells
from ndl_publish.protect.secondary.insiders import insider_demands, lone_rows
from ndl_publish.protect.secondary.problem import SuppressionProblem
from ndl_publish.protect.secondary.product import MAX_AXES, Room, new_room
from ndl_publish.protect.secondary.read_out import Circuits, circuits_of
from ndl_publish.protect.secondary.route import route
from ndl_publish.protect.secondary.scratch import NOT_ALONE, Scratch, State, new_scratch
from ndl_publish.protect.secondary.store import Store, grown, let_go, more_demands, new_store, rip
from ndl_publish.protect.secondary.weights import weights

Progress = Callable[[str, int, int], None]
UNLIMITED = 1e300

FIRST = (4, 12, 250)
"""Starts, codes per axis and combinations that a first search may try."""
HARDER = (12, 30, 3000)
"""The same, for demands that the first search could not meet."""
SIGNED = (3, 12, 120)
"""The same, for noisy counts, where nearly every move will do."""
QUICK = (2, 8, 60)
"""The same, for improving a pattern with many demands."""
MANY_DEMANDS = 5_000
"""From so many demands on the improvement searches quickly."""
DROPPED = 2
"""How many axes a move for exact counts may leave undifferenced; the second only where nothing cheap is found."""
PASSES = 2
"""How many downhill passes go over all withheld cells."""
GAIN = 0.003
"""A pass that makes the pattern cheaper by less than this share is the last."""
INSIDER_ROUNDS = 8
"""How often demands of insiders are added, routed and looked for again."""
EXCURSIONS_A_CELL = 80
"""Searches that excursions may make for each withheld cell, which settles small tables."""
SLACK = 6.0
"""How much dearer the first step of an excursion may make the pattern."""
OVER = 2.0
"""How much dearer than allowed a new witness may be at first, before further moves make it cheaper."""
EXCURSIONS_A_SECOND = 300
"""Searches for a move that excursions may make for each second that the problem allows: work, not time."""
ZERO_FIRST = 8.0
"""How many times more witnesses a cell of nothing may have, to be tried before another one."""
CHUNK = 256
"""Cells between two looks at the clock."""


@dataclass(frozen=True)
class Finished:
    """What an engine leaves behind, besides the uses it counted.

    Attributes:
        circuits: The witnesses.
        unprotected: Primaries with a demand that is not met.
        was_withheld: Cells that were withheld before the improvement.
        is_cut_short: Whether time ran out.
    """

    circuits: Circuits = field(repr=False)
    unprotected: IntArray = field(repr=False)
    was_withheld: IntArray = field(repr=False)
    is_cut_short: bool


@dataclass
class Engine:
    """The pattern so far.

    Attributes:
        problem: What is asked.
        geometry: Look-up arrays of the grid.
        rows: Finest rows with children.
        demands: What the witnesses must do; insiders add to them.
        seed: Decides between equally good choices.
        tell: Called with (stage, done, of).
        shared: State of another engine, whose uses and weights this one goes on with; none for a new one.
    """

    problem: SuppressionProblem
    geometry: Geometry
    rows: Rows
    demands: Demands
    seed: int
    tell: Progress
    shared: State | None = None
    state: State = field(init=False)
    scratch: Scratch = field(init=False)
    store: Store = field(init=False)
    room: Room = field(init=False)
    order: IntArray = field(init=False)
    deadline: float = field(init=False)
    is_cut_short: bool = field(init=False, default=False)
    was_withheld: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        """Start with the primaries withheld and no witness."""
        n_cells = self.problem.grid.n_cells
        new = self.shared or self._new_state()
        self.state = new._replace(total=np.zeros(1))
        self.scratch = new_scratch(n_cells)
        self.room = new_room(self.geometry)
        self.store = new_store(len(self.demands.cell), n_cells)
        self.order = demand_order(self.problem, self.demands, self.seed)
        if self.shared is None:
            self._compile()
        self.begin(1.0)

    def _compile(self) -> None:
        """Call what is compiled with nothing to do: compiling, once for a machine, takes no time from the search."""
        self.tell("preparing", 0, 0)
        nothing = np.zeros(0, np.int64)
        self._route_some(nothing, 0, (*FIRST, DROPPED, self.problem.signed, UNLIMITED, 0.0), 0)
        none = only(self.demands, np.zeros(len(self.demands.cell), bool))
        if not self.problem.signed:
            insider_demands(self.geometry, self.rows, none, self.store, self.state.alone)
            self._try(nothing, 0, (0, 0.0), FIRST, new_journal(0), 0)

    def _new_state(self) -> State:
        """Return a state in which the primaries are withheld and nothing else is."""
        has_insiders = self.problem.has_insiders and not self.problem.signed
        alone = (
            lone_rows(self.geometry, self.rows, self.problem.values)
            if has_insiders
            else np.full(self.problem.grid.n_cells, NOT_ALONE, np.int32)
        )
        return State(self.problem.primary.astype(np.int32), weights(self.problem), alone, np.zeros(1))

    def begin(self, share: float) -> None:
        """Start the clock of an engine that has a share of the time."""
        self.deadline = monotonic() + share * self.problem.seconds

    def solve(self) -> None:
        """Find a witness for every demand; harder where the first search fails."""
        signed = self.problem.signed
        first = SIGNED if signed else self._effort()
        self._route(self.order, first, 0 if signed else DROPPED, ("routing", self.seed))
        for attempt, (effort, dropped) in enumerate(((FIRST, DROPPED), (HARDER, MAX_AXES))):
            missing = self._missing(self.order)
            if not len(missing):
                break
            self._route(missing, effort, dropped, ("routing again", self.seed + attempt + 1))
        self.was_withheld = self.store.first_use >= 0

    def protect_from_insiders(self) -> None:
        """Add demands until no child alone in a withheld cell learns another primary."""
        if self.problem.signed or not self.problem.has_insiders:
            return
        for turn in range(INSIDER_ROUNDS):
            new = insider_demands(self.geometry, self.rows, self.demands, self.store, self.state.alone)
            if not len(new.cell):
                break
            fresh = np.arange(len(self.demands.cell), len(self.demands.cell) + len(new.cell))
            self.demands = joined(self.demands, new)
            self.store = more_demands(self.store, len(fresh))
            self.order = np.concatenate([self.order, fresh])
            for effort, dropped in ((QUICK, DROPPED), (HARDER, DROPPED), (HARDER, MAX_AXES)):
                for raises in (True, False):
                    missing = self._missing(fresh)
                    self.demands.raises[missing] = raises
                    self._route(missing, effort, dropped, ("insiders", self.seed + turn))

    def improve(self) -> None:
        """Open withheld cells for as long as that pays; exact counts only."""
        if self.problem.signed:
            return
        effort = self._effort()
        for turn in range(PASSES):
            before = self.state.total[0]
            self._open(self._withheld(turn), effort, turn)
            self.protect_from_insiders()
            if self.state.total[0] > (1 - GAIN) * before:
                break
        most = EXCURSIONS_A_CELL * len(self._withheld(0))
        left, turn = min(int(EXCURSIONS_A_SECOND * self.problem.seconds), most), PASSES
        while left > 0 and not self.is_cut_short and (cells := self._withheld(turn)).size:
            left -= self._shake(cells, effort, left, turn)
            self.protect_from_insiders()
            turn += 1

    def is_better(self, other: "Engine") -> bool:
        """Say whether more demands are met, or as many with a cheaper pattern."""
        return (self.n_missing(), self.state.total[0]) < (other.n_missing(), other.state.total[0])

    def n_missing(self) -> int:
        """Return how many demands are not met."""
        return len(self._missing(self.order))

    def give_up(self) -> Demands:
        """Let go of every primary with a demand that is not met; return all demands of these primaries."""
        lost = np.isin(self.demands.cell, self.demands.cell[self._missing(self.order)])
        for demand in np.flatnonzero(lost & self.store.met):
            let_go(self.store, *rip(self.store, self.state, demand))
        self.order = self.order[~lost[self.order]]
        return only(self.demands, lost)

    def finish(self) -> Finished:
        """Return what was found, and let go of all else: large problems have room for it only once."""
        circuits = circuits_of(self.demands, self.store)
        unprotected = np.unique(self.demands.cell[self._missing(self.order)])
        self.store, self.scratch = new_store(0, 0), new_scratch(0)
        return Finished(circuits, unprotected, np.flatnonzero(self.was_withheld), self.is_cut_short)

    def _effort(self) -> tuple[int, int, int]:
        """Return how hard to search, by the number of demands."""
        return QUICK if len(self.demands.cell) >= MANY_DEMANDS else FIRST

    def _missing(self, demands: IntArray) -> IntArray:
        """Return the demands that are not met; a noisy primary is met, too, on the witness of another."""
        missing = demands[~self.store.met[demands]]
        return missing[self.state.use[self.demands.cell[missing]] <= 1] if self.problem.signed else missing

    def _withheld(self, turn: int) -> IntArray:
        """Return the cells withheld by own witnesses that are not primary: fewest of these first, then by lot."""
        withheld = np.flatnonzero((self.store.first_use >= 0) & ~self.problem.primary)
        draw = np.random.default_rng(self.seed + turn).permutation(len(withheld))
        ease = np.where(self.problem.values[withheld] == 0, ZERO_FIRST, 1.0)
        return withheld[np.lexsort((draw, self.state.use[withheld] / ease))]

    def _route(self, order: IntArray, effort: tuple[int, int, int], dropped: int, named: tuple[str, int]) -> None:
        """Route demands in order, some at a time."""
        stage, seed = named
        full = (*effort, dropped, self.problem.signed, UNLIMITED, 0.0)
        at = 0
        while at < len(order):
            self.tell(stage, at, len(order))
            at = self._route_some(order[: at + 8 * CHUNK], at, full, seed)

    def _route_some(
        self, part: IntArray, at: int, full: tuple[int, int, int, int, bool, float, float], seed: int
    ) -> int:
        """Route demands from place ``at``; return where to go on."""
        at = route(
            self.geometry, self.rows, self.demands, part, at, full, self.state, self.scratch, self.store, self.room,
            seed,
        )  # fmt: skip
        if at < len(part):
            self.store = grown(self.store)
        return at

    def _open(self, cells: IntArray, effort: tuple[int, int, int], turn: int) -> None:
        """Try to open cells in order, until time is up."""
        journal, at = new_journal(0), 0
        while at < len(cells) and not self._is_late():
            self.tell(f"improving, pass {turn + 1}", at, len(cells))
            at = self._try(cells, at, (CHUNK, 0.0), effort, journal, turn)

    def _shake(self, cells: IntArray, effort: tuple[int, int, int], most: int, turn: int) -> int:
        """Make excursions from cells in order until so many searches are made or time is up; return how many."""
        journal = new_journal(len(self.demands.cell))
        at, first = 0, int(self.scratch.lengths[2])
        while at < len(cells) and self.scratch.lengths[2] - first < most and not self._is_late():
            self.tell("improving, excursions", int(self.scratch.lengths[2] - first), most)
            at = self._try(cells, at, (CHUNK // 16, SLACK), effort, journal, turn)
        return int(self.scratch.lengths[2]) - first + 1

    def _try(
        self,
        cells: IntArray,
        at: int,
        how: tuple[int, float],
        effort: tuple[int, int, int],
        journal: Journal,
        turn: int,
    ) -> int:
        """Try to open some cells from place ``at``, ``how`` = (how many, slack); return where to go on."""
        chunk, slack = how
        part = cells[: at + chunk]
        at = open_cells(
            self.geometry, self.rows, self.demands, part, at, (*effort, DROPPED, False, UNLIMITED, OVER), slack,
            self.problem.primary, self.state, self.scratch, self.store, self.room, journal, self.seed + 31 * turn,
        )  # fmt: skip
        if at < len(part):
            self.store = grown(self.store)
        return at

    def _is_late(self) -> bool:
        """Say whether time is up, and remember it."""
        self.is_cut_short = self.is_cut_short or monotonic() > self.deadline
        return self.is_cut_short
