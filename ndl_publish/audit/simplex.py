"""One component of the attacker's linear programme, solved with HiGHS. The only file that knows highspy."""

from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from scipy import sparse

from ndl_publish.audit.published import BoolArray, FloatArray
from ndl_publish.cube.grid import IntArray

DUAL, PRIMAL = 1, 4
SNAP = 1e-7
MOST_PULLS = 60
FEWEST_PULLED = 4
WORTH_PULLING = 0.95


@dataclass
class _Ends:
    """How far each part has been seen to go, and what settles it."""

    low: FloatArray
    high: FloatArray
    ceiling: FloatArray
    enough: tuple[FloatArray, FloatArray] | None
    solved: dict[int, BoolArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start with no part solved in either direction."""
        for sign in (1, -1):
            self.solved[sign] = np.zeros(len(self.low), bool)

    def is_open(self, sign: int) -> BoolArray:
        """Say which parts may still go lower (sign 1) or higher (sign -1) than seen."""
        at_end = self.low <= SNAP if sign == 1 else self.high >= self.ceiling - SNAP
        settled = self.solved[sign] | at_end
        if self.enough is not None:
            far = self.low <= self.enough[0] + SNAP if sign == 1 else self.high >= self.enough[1] - SNAP
            settled |= far & (np.floor(self.high + SNAP) > np.ceil(self.low - SNAP))
        opened: BoolArray = ~settled
        return opened

    def target(self, part: int, sign: int) -> float:
        """Return the cost at which a part has gone far enough: half a step above, for whole numbers."""
        if self.enough is None:
            return -np.inf
        if sign == 1:
            return float(min(self.enough[0][part], self.high[part] - 1)) + 0.5
        return 0.5 - float(max(self.enough[1][part], self.low[part] + 1))


@dataclass(frozen=True)
class Ranges:
    """Smallest and largest value of every part, and for which of them both are settled."""

    low: FloatArray = field(repr=False)
    high: FloatArray = field(repr=False)
    is_settled: BoolArray = field(repr=False)


class Programme:
    """Non-negative unknowns with ``equations @ x == totals``; asks for the range of each of ``parts @ x``.

    With ``is_whole`` the unknowns are whole numbers, and every table found is put into the equations again.

    An equation whose total is infinite holds for nothing until it is given another one.

    Attributes:
        parts: What is asked for; may be replaced between questions.
        n: Number of unknowns.
        n_solved: Programmes solved so far.
    """

    def __init__(
        self, equations: sparse.csr_matrix, totals: FloatArray, parts: sparse.csr_matrix, *, is_whole: bool = False
    ) -> None:
        self.equations, self.totals = equations, totals
        self.parts = parts
        self.is_whole = is_whole
        self.n = equations.shape[1]
        self.caps = self._caps(equations, totals)
        self.n_solved = 0
        self._deadline = np.inf
        self._highs = self._load(equations, totals)

    def _caps(self, equations: sparse.csr_matrix, totals: FloatArray) -> FloatArray:
        """Return an upper bound for each unknown: the least total of an all-positive equation it is in."""
        caps = np.full(self.n, np.inf)
        if equations.nnz:
            coo = equations.tocoo()
            positive = np.asarray(equations.min(axis=1).todense()).reshape(-1) >= 0
            take = positive[coo.row]
            np.minimum.at(caps, coo.col[take], totals[coo.row[take]])
        return caps

    def _load(self, equations: sparse.csr_matrix, totals: FloatArray) -> "highspy.Highs":  # type: ignore[name-defined] # noqa: F821
        """Return HiGHS with the programme loaded."""
        import highspy  # noqa: PLC0415 - heavy, and wanted here only

        programme = highspy.HighsLp()
        programme.num_col_, programme.num_row_ = self.n, equations.shape[0]
        programme.col_cost_ = np.zeros(self.n)
        programme.col_lower_ = np.zeros(self.n)
        programme.col_upper_ = np.full(self.n, highspy.kHighsInf)
        programme.row_lower_, programme.row_upper_ = np.where(np.isfinite(totals), totals, -np.inf), totals
        columns = equations.tocsc()
        programme.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        programme.a_matrix_.start_ = columns.indptr
        programme.a_matrix_.index_ = columns.indices
        programme.a_matrix_.value_ = columns.data
        if self.is_whole:
            programme.integrality_ = [highspy.HighsVarType.kInteger] * self.n
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        highs.setOptionValue("output_flag", False)  # noqa: FBT003 - highspy's own signature
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("presolve", "choose" if self.is_whole else "off")
        highs.setOptionValue("simplex_strategy", DUAL)
        highs.setOptionValue("mip_rel_gap", 0.0)
        highs.passModel(programme)
        self._unbounded = highspy.HighsModelStatus.kUnbounded
        self._either = highspy.HighsModelStatus.kUnboundedOrInfeasible
        self._found = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kObjectiveTarget)
        self._late = highspy.HighsModelStatus.kTimeLimit
        return highs

    def _optimise(self, cost: FloatArray, *, target: float = -np.inf) -> FloatArray | str:
        """Return the table that minimises the cost, or ``unbounded``, ``infeasible`` or ``late``.

        Any table of whole numbers whose cost is down to the target will do.
        """
        left = self._deadline - monotonic()
        if left <= 0:
            return "late"
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + left)
        self._highs.setOptionValue("objective_target", target)
        self._highs.changeColsCost(self.n, np.arange(self.n, dtype=np.int32), cost)
        self._highs.run()
        self.n_solved += 1
        status = self._highs.getModelStatus()
        if status in self._found:
            table = np.asarray(self._highs.getSolution().col_value)
            if self.is_whole:
                table = np.rint(table)
                if not np.array_equal(self.equations @ table, self.totals):
                    return "late"
            return table
        if status == self._late:
            return "late"
        return "unbounded" if status in (self._unbounded, self._either) else "infeasible"

    def hold(self, row: int, total: float) -> None:
        """Give an equation another total; an infinite one lets it go."""
        self._highs.changeRowBounds(row, total if np.isfinite(total) else -np.inf, total)

    def pulled(self, chosen: IntArray, weights: FloatArray, *, deadline: float) -> FloatArray | None:
        """Return the parts of a table that minimises a weighted sum of the chosen ones; None where there is none."""
        self._deadline = deadline
        table = self._optimise(self._cost(chosen, weights, 1))
        self._highs.setOptionValue("simplex_strategy", PRIMAL)
        return None if isinstance(table, str) else self._values(table)

    def ranges(
        self,
        enough: tuple[FloatArray, FloatArray] | None,
        *,
        deadline: float = np.inf,
        seen: tuple[FloatArray, FloatArray] | None = None,
    ) -> Ranges | None:
        """Return the smallest and largest value of every part; None when no table fits.

        Every table found is evidence for all parts at once: programmes that pull many parts together come first, and
        most parts then need no programme of their own.

        Args:
            enough: Per part, values that the range must reach down and up to; where it does, and holds two whole
                numbers, the search may stop.
            deadline: ``time.monotonic()`` after which nothing new is solved.
            seen: Smallest and largest value of each part in tables that are known to fit.
        """
        self._deadline = deadline
        n = self.parts.shape[0]
        first = self._optimise(np.zeros(self.n))
        self._highs.setOptionValue("simplex_strategy", PRIMAL)
        if isinstance(first, str):
            return Ranges(np.zeros(n), np.full(n, np.inf), np.zeros(n, bool)) if first == "late" else None
        own = self._values(first)
        low, high = (own, own) if seen is None else (np.minimum(own, seen[0]), np.maximum(own, seen[1]))
        ends = _Ends(low.copy(), high.copy(), self._ceiling(), enough)
        self._pull_together(ends)
        for sign in (1, -1):
            while (left := np.flatnonzero(ends.is_open(sign))).size:
                part = int(left[0])
                target = ends.target(part, sign) if self.is_whole else -np.inf
                went = self._look(self._cost(np.array([part]), np.ones(1), sign), ends, target=target)
                if went == "late":
                    break
                if went == "unbounded":
                    ends.high[part] = np.inf
                ends.solved[sign][part] = True
        return Ranges(ends.low, ends.high, ~ends.is_open(1) & ~ends.is_open(-1))

    def _ceiling(self) -> FloatArray:
        """Return a bound that no part can exceed; a very large number where there is none."""
        caps = np.where(np.isfinite(self.caps), self.caps, 1e15)
        return np.asarray(self.parts @ caps).reshape(-1)

    def _cost(self, chosen: IntArray, weights: FloatArray, sign: int) -> FloatArray:
        """Return the cost that lowers (sign 1) or raises (sign -1) the chosen parts."""
        pull = np.zeros(self.parts.shape[0])
        pull[chosen] = sign * weights
        return np.asarray(self.parts.T @ pull).reshape(-1)

    def _pull_together(self, ends: "_Ends") -> None:
        """Lower, then raise, all open parts at once with drawn weights, for as long as that settles enough of them."""
        draw = np.random.default_rng(0)
        for sign in (1, -1):
            for _ in range(MOST_PULLS):
                left = np.flatnonzero(ends.is_open(sign))
                if len(left) < FEWEST_PULLED:
                    break
                some = left if draw.random() < 1 / 3 else left[draw.random(len(left)) < 1 / 2]
                went = self._look(self._cost(some, draw.uniform(0.2, 1.0, len(some)), sign), ends)
                if went in {"unbounded", "late"} or int(ends.is_open(sign).sum()) > WORTH_PULLING * len(left):
                    break

    def _look(self, cost: FloatArray, ends: "_Ends", *, target: float = -np.inf) -> str:
        """Solve for a cost and take the table found as evidence for all parts; return how it went."""
        table = self._optimise(cost, target=target)
        if isinstance(table, str):
            return table
        values = self._values(table)
        np.minimum(ends.low, values, out=ends.low)
        np.maximum(ends.high, values, out=ends.high)
        return "optimal"

    def _values(self, table: FloatArray) -> FloatArray:
        """Return the parts of a table; values next to a whole number are that number."""
        values = np.asarray(self.parts @ np.maximum(table, 0.0)).reshape(-1)
        near = np.rint(values)
        snapped: FloatArray = np.where(np.abs(values - near) < SNAP, near, values)
        return snapped
