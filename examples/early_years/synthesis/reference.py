"""Reads the calibration folder and turns it into parameters by local authority and by LSOA."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from examples.early_years.synthesis.codes import MAJOR_OF_MINOR, TOPICS, YEARS
from examples.early_years.synthesis.numeric import Floats, Ints, expit, intercepts, logit

CALIBRATION = Path(__file__).parents[1] / "calibration"
NESTING = Path(__file__).parents[3] / "metadata" / "geography" / "2025" / "nesting.csv"

_CHILDREN = YEARS[202425][0]
_SCATTER_SEED = 2021
_SCATTER = 0.6
_FSM_GRADIENT = 0.9


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known before a child is drawn. L = 33,755 LSOAs, A = 153 local authorities."""

    areas: pl.DataFrame
    """One row per local authority, sorted by code: ``local_authorities.csv``."""
    lsoas: pl.DataFrame
    """lsoa, idaci_rank; one row per LSOA, sorted by authority and code."""
    lsoa_area: Ints
    """Position of the local authority of each LSOA; shape (L,)."""
    lsoa_weight: Floats
    """Expected children of the 2024/25 cohort in each LSOA; shape (L,)."""
    idaci_decile: Ints
    """1 (most deprived) to 10, from the derived rate; shape (L,)."""
    fsm: Floats
    """Probability that a child of known status is eligible; shape (L,)."""
    ethnicity: Floats
    """Cumulative shares of the minor groups; shape (L, 18)."""
    margins: dict[str, Floats]
    """Topic -> share of each breakdown in each authority; shape (A, breakdowns)."""
    national: pl.DataFrame
    """Published national counts."""
    published: pl.DataFrame
    """Published counts of fourteen local authorities."""


def national_counts(national: pl.DataFrame, topic: str, sex: str = "Total") -> tuple[Floats, Floats]:
    """Return published children and GLD children of a topic's breakdowns, in code order."""
    name, breakdowns = TOPICS[topic]
    table = national.filter(pl.col("breakdown_topic") == name, pl.col("sex") == sex)
    rows = pl.DataFrame({"breakdown": breakdowns}).join(table, on="breakdown", maintain_order="left")
    counts = rows.select(pl.col("children_count", "gld_children_count").cast(pl.Float64))
    return counts["children_count"].to_numpy(), counts["gld_children_count"].to_numpy()


def _margins(areas: pl.DataFrame, national: pl.DataFrame, published: pl.DataFrame) -> dict[str, Floats]:
    """Shares by authority: published where the extract has the whole topic, else national."""
    margins = {}
    position = {code: row for row, code in enumerate(areas["new_la_code"])}
    size = areas["children_count"].to_numpy()
    for topic, (name, breakdowns) in TOPICS.items():
        counts, _ = national_counts(national, topic)
        shares = np.tile(counts / counts.sum(), (areas.height, 1))
        rows = published.filter(pl.col("breakdown_topic") == name, pl.col("sex") == "Total")
        for (code,), group in rows.group_by("new_la_code", maintain_order=True):
            found = dict(group.select("breakdown", "children_count").iter_rows())
            known = np.array([found.get(item, np.nan) for item in breakdowns])
            row = position[str(code)]
            if np.isnan(known).sum() == 1:
                known[np.isnan(known)] = size[row] - np.nansum(known)
            if not np.isnan(known).any() and abs(known.sum() - size[row]) < 1:
                shares[row] = known / known.sum()
        margins[topic] = shares
    return margins


def _fsm_margin(areas: pl.DataFrame, margins: dict[str, Floats], size: Floats) -> Floats:
    """Eligible, not eligible, unknown; unpublished shares scaled to the national figures."""
    eligible, unknown = (areas[c].to_numpy().copy() for c in ("fsm_share", "fsm_unknown_share"))
    fixed = (areas["fsm_source"] == "published").to_numpy()
    for values, total in ((eligible, 100267), (unknown, 13449)):
        rest = total - (values * size)[fixed].sum()
        values[~fixed] *= rest / (values * size)[~fixed].sum()
    shares = np.stack([eligible, 1 - eligible - unknown, unknown], axis=1)
    shares[fixed] = margins["fsm"][fixed]
    return shares


def _ethnicity(majors: Floats, weight: Floats, area: Ints, counts: Floats) -> Floats:
    """Spread census major groups over minor ones and scale to the national children; cumulative."""
    rng = np.random.default_rng(_SCATTER_SEED)
    scatter = np.exp(rng.normal(0.0, _SCATTER, size=(int(area.max()) + 1, len(MAJOR_OF_MINOR))))
    shares = majors[:, MAJOR_OF_MINOR] * scatter[area]
    target = counts[:-1] / counts[:-1].sum()
    for _ in range(60):
        shares *= target / (weight @ shares / weight.sum())
        shares /= shares.sum(axis=1, keepdims=True)
    return np.asarray(np.cumsum(shares, axis=1))


def load_reference() -> Reference:
    """Read the calibration folder and the area nesting."""
    areas = pl.read_csv(CALIBRATION / "local_authorities.csv").sort("new_la_code")
    national = pl.read_csv(CALIBRATION / "published_national.csv")
    published = pl.read_csv(CALIBRATION / "published_local_authority.csv")
    nesting = pl.read_csv(NESTING).select("lsoa", "local_authority")
    lsoas = pl.read_parquet(CALIBRATION / "lsoa.parquet").join(nesting, on="lsoa")
    lsoas = lsoas.sort("local_authority", "lsoa")
    area = areas["new_la_code"].search_sorted(lsoas["local_authority"]).to_numpy().astype(np.int64)
    size = areas["children_count"].to_numpy().astype(np.float64)
    infants = lsoas["half_children"].to_numpy().astype(np.float64)
    weight = infants * (size / np.bincount(area, infants))[area]
    margins = _margins(areas, national, published)
    margins["fsm"] = _fsm_margin(areas, margins, size)
    poverty = _FSM_GRADIENT * logit(lsoas["idaci_permille"].to_numpy() / 1000)
    known_share = margins["fsm"][:, 0] / margins["fsm"][:, :2].sum(axis=1)
    level = intercepts(poverty, weight, area, known_share * size)
    minority = lsoas.select("mixed", "asian", "black", "other").to_numpy() / 1000
    white = np.clip(1 - minority.sum(axis=1, keepdims=True), 0, None)
    ethnic_counts, _ = national_counts(national, "ethnicity")
    rank = lsoas["idaci_rank"].to_numpy().astype(np.int64)
    return Reference(
        areas=areas,
        lsoas=lsoas.select("lsoa", "idaci_rank"),
        lsoa_area=area,
        lsoa_weight=weight,
        idaci_decile=-(-rank * 10 // rank.size),
        fsm=expit(poverty + level[area]),
        ethnicity=_ethnicity(np.hstack([white, minority]), weight, area, ethnic_counts),
        margins=margins,
        national=national,
        published=published,
    )
