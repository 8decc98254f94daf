"""The synthetic early-years children: shipped bytes, published totals, plausibility, untidiness."""

import gzip
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "early_years"
PILOT = EXAMPLE / "data" / "pilot"
CALIBRATION = EXAMPLE / "calibration"
FILES = ("profile", "health_visiting", "childcare", "links")

# DfE, 2024/25: children, children with GLD, girls, girls with GLD.
PUBLISHED = {
    "E08000035": (8985, 5744, 4349, 3128),
    "E09000013": (1203, 860, 621, 493),
    "E06000006": (1305, 812, 624, 450),
    "E08000011": (1770, 1173, 874, 634),
    "E08000012": (5062, 3257, 2521, 1768),
    "E08000013": (1889, 1226, 900, 634),
    "E08000014": (2709, 1766, 1358, 986),
    "E08000015": (3209, 2122, 1595, 1216),
}
# DfE, 2024/25: children eligible for free school meals and how many of them reached GLD.
ELIGIBLE = {
    "E08000035": (1294, 593),
    "E09000013": (236, 141),
    "E06000006": (264, 136),
    "E08000012": (1141, 582),
    "E08000015": (757, 373),
}
CUT_OFFS = {
    24: (25.17, 38.07, 35.16, 29.78, 31.54),
    27: (24.02, 28.01, 18.42, 27.62, 25.31),
    30: (33.30, 36.14, 19.25, 27.08, 32.01),
}
AREAS = (("COM", 1, 2), ("PSE", 3, 5), ("PHY", 6, 7), ("LIT", 8, 10), ("MAT", 11, 12), ("UTW", 13, 15))
GOALS = [f"FSP_{a}_E{n:02d}" for a, first, last in (*AREAS, ("EXP", 16, 17)) for n in range(first, last + 1)]
LANGUAGE_GOALS = [GOALS[n - 1] for n in (1, 2, 8, 9, 10)]
DOMAINS = ["communication", "gross_motor", "fine_motor", "problem_solving", "personal_social"]
COLUMNS = {
    "profile": [
        *("pupil_id", "FSP_ACADYR", "FSP_RETURN_SEQUENCE", "FSP_LA_9CODE", "FSP_URN", "FSP_LLSOA21"),
        *("FSP_HOME_LA_9CODE", "FSP_SEX", "FSP_BIRTH_MONTH", "FSP_FSM", "FSP_ETHNICITY", "FSP_LANGUAGE"),
        *("FSP_SEN", "FSP_IDACIRANK", *GOALS),
    ],
    "health_visiting": [
        *("hv_id", "review_type", "review_month", "age_months", "asq3_months"),
        *(f"asq3_{name}" for name in DOMAINS),
    ],
    "childcare": [
        *("childcare_id", "term_start", "provider_urn", "provider_type", "entitlement_type", "funded_hours"),
    ],
    "links": ["pupil_id", "source", "linked_id", "match_weight"],
}


def generate(out: Path, *options: str) -> None:
    script = str(EXAMPLE / "generate.py")
    subprocess.run([sys.executable, script, "--out", str(out), *options], check=True, capture_output=True)


def unpacked(folder: Path, name: str) -> bytes:
    return gzip.decompress((folder / f"{name}.csv.gz").read_bytes())


def read(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(unpacked(folder, name), infer_schema=False)


def counted(profile: pl.DataFrame, *, keep: str = "last") -> pl.DataFrame:
    """One row per child with a full set of results, with home authority and outcomes."""
    nesting = pl.read_csv(ROOT / "metadata" / "geography" / "2025" / "nesting.csv")
    home = nesting.select(FSP_LLSOA21="lsoa", area="local_authority")
    results = pl.col(GOALS)
    rows = profile.sort("FSP_RETURN_SEQUENCE", descending=keep == "first")
    rows = rows.unique("pupil_id", keep="last").filter(~pl.any_horizontal(results == "A"))
    return rows.join(home, on="FSP_LLSOA21").with_columns(
        gld=pl.all_horizontal(pl.col(GOALS[:12]) == "2"),
        every=pl.all_horizontal(results == "2"),
        language=pl.all_horizontal(pl.col(LANGUAGE_GOALS) == "2"),
        goals=pl.sum_horizontal(results == "2"),
    )


def share(rows: pl.DataFrame, column: str) -> float:
    """Mean of a column, as a plain number."""
    return float(rows.select(pl.col(column).cast(pl.Float64).mean()).item())


def totals(children: pl.DataFrame) -> dict[str, tuple[int, int, int, int]]:
    girl = pl.col("FSP_SEX") == "F"
    table = children.group_by("area").agg(
        pl.len(), gld=pl.col("gld").sum(), girls=girl.sum(), girls_gld=(girl & pl.col("gld")).sum()
    )
    return {row[0]: row[1:] for row in table.iter_rows() if row[0] in PUBLISHED}


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return {name: read(PILOT, name) for name in FILES}


@pytest.fixture(scope="module")
def children(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return counted(tables["profile"]).filter(pl.col("area").is_in(list(PUBLISHED)))


@pytest.fixture(scope="module")
def reviews(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Last 2-2.5 year review of each child that used ASQ-3, with ``five``: expected in all domains."""
    scores = [f"asq3_{name}" for name in DOMAINS]
    table = tables["health_visiting"].filter(pl.col("review_type") == "C6i", pl.col("asq3_months").is_not_null())
    table = table.sort("review_month").unique("hv_id", keep="last")
    table = table.with_columns(pl.col(["asq3_months", *scores]).cast(pl.Int64))
    reached = [
        pl.col(score) >= pl.col("asq3_months").replace_strict({m: cut[d] for m, cut in CUT_OFFS.items()})
        for d, score in enumerate(scores)
    ]
    return table.with_columns(five=pl.all_horizontal(reached))


def test_shipped_pilot_is_what_the_generator_writes(tmp_path: Path) -> None:
    generate(tmp_path, "--size", "pilot")
    for name in FILES:
        assert unpacked(tmp_path, name) == unpacked(PILOT, name), name


def test_shipped_files_are_small_and_carry_no_time() -> None:
    packed = [(PILOT / f"{name}.csv.gz").read_bytes() for name in FILES]
    assert sum(map(len, packed)) < 4_000_000
    assert all(content[4:8] == bytes(4) for content in packed)


def test_same_seed_same_bytes_and_another_seed_other_children(tmp_path: Path) -> None:
    for folder, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        generate(tmp_path / folder, "--size", "small", "--seed", seed)
    for name in FILES:
        first, second, other = ((tmp_path / f / f"{name}.csv.gz").read_bytes() for f in "abc")
        assert first == second
        assert first != other
    assert totals(counted(read(tmp_path / "c", "profile")))["E08000035"] == PUBLISHED["E08000035"]


@pytest.mark.parametrize("keep", ["first", "last"])
def test_children_and_gld_by_area_and_sex_are_the_published_counts(tables: dict[str, pl.DataFrame], keep: str) -> None:
    assert totals(counted(tables["profile"], keep=keep)) == PUBLISHED


@pytest.mark.parametrize("area", ELIGIBLE)
def test_free_school_meals_are_close_to_the_published_counts(children: pl.DataFrame, area: str) -> None:
    eligible, reached = ELIGIBLE[area]
    own = children.filter(pl.col("area") == area)
    rows = own.filter(pl.col("FSP_FSM") == "Y")
    assert rows.height / own.height == pytest.approx(eligible / own.height, abs=0.002)
    assert share(rows, "gld") == pytest.approx(reached / eligible, abs=0.06)


def test_pilot_goals_hang_together(children: pl.DataFrame) -> None:
    assert not children.filter(pl.col("every") & ~pl.col("gld")).height
    assert not children.filter(pl.col("gld") & ~pl.col("language")).height
    assert not children.filter(~pl.col("gld") & (pl.col("goals") == 17)).height
    local = pl.read_csv(CALIBRATION / "local_authorities.csv")
    table = children.group_by("area").agg(pl.col("every", "goals").mean())
    table = table.join(local, left_on="area", right_on="new_la_code")
    assert (table["every"] * 100 - table["all_elgs"]).abs().max() < 0.2  # type: ignore[operator]
    assert (table["goals"] - table["elg_avg"]).abs().max() < 0.4  # type: ignore[operator]


def test_lower_goals_in_deprived_homes(children: pl.DataFrame) -> None:
    rank = pl.col("FSP_IDACIRANK").cast(pl.Int64)
    poor, rich = (children.filter(rank <= 3375), children.filter(rank > 33755 - 3375))
    assert share(poor, "gld") < share(rich, "gld") - 0.10
    assert children.select(rank.is_between(1, 33755).all()).item()


def test_reviews_are_on_the_published_level(reviews: pl.DataFrame) -> None:
    assert share(reviews, "five") == pytest.approx(0.81, abs=0.02)
    for name in DOMAINS:
        scores = reviews[f"asq3_{name}"]
        assert scores.is_between(0, 60).all()
        assert (scores % 5 == 0).all()


def test_linked_children_tell_the_story(
    tables: dict[str, pl.DataFrame], children: pl.DataFrame, reviews: pl.DataFrame
) -> None:
    links = tables["links"].filter(pl.col("source") == "health_visiting")
    reviewed = tables["health_visiting"].filter(pl.col("review_type") == "C6i")["hv_id"].unique()
    linked = children.join(links, on="pupil_id", how="left").join(
        reviews.select(linked_id="hv_id", five="five"), on="linked_id", how="left"
    )
    rate = {key[0]: share(rows, "gld") for key, rows in linked.group_by("five")}
    assert rate[False] < rate[True] - 0.2
    missed = linked.filter(~pl.col("linked_id").is_in(reviewed.implode()).fill_null(value=False))
    assert share(missed, "gld") < rate[True] - 0.1


def test_fewer_funded_hours_go_with_lower_attainment(tables: dict[str, pl.DataFrame], children: pl.DataFrame) -> None:
    hours = tables["childcare"].group_by(linked_id="childcare_id").agg(pl.col("funded_hours").cast(pl.Int64).sum())
    linked = children.join(tables["links"], on="pupil_id").join(hours, on="linked_id")
    few, many = (linked.filter(pl.col("funded_hours") < 400), linked.filter(pl.col("funded_hours") >= 800))
    assert share(few, "gld") < share(many, "gld") - 0.1


def test_columns_are_the_contract_and_name_no_one(tables: dict[str, pl.DataFrame]) -> None:
    for name, table in tables.items():
        assert table.columns == COLUMNS[name]
    direct = ("surname", "forename", "name", "upn", "nhs", "postcode", "dob", "date", "address", "uprn")
    for column in (c.lower() for table in tables.values() for c in table.columns):
        assert not any(word in column.split("_") for word in direct)
    profile = tables["profile"]
    assert profile["pupil_id"].str.contains(r"^P[0-9a-f]{8}$").all()
    assert profile["FSP_BIRTH_MONTH"].str.contains(r"^20(19-(09|1[0-2])|20-0[1-8])$").all()
    assert profile["FSP_URN"].str.contains(r"^9[0-9]{5}$").all(), "numbers no real provider has"


def test_profile_is_untidy_as_promised(tables: dict[str, pl.DataFrame], children: pl.DataFrame) -> None:
    profile = tables["profile"]
    again = profile.filter(pl.col("FSP_RETURN_SEQUENCE") == "2")
    assert 40 < again.height < 150
    assert again["pupil_id"].is_in(profile.filter(pl.col("FSP_RETURN_SEQUENCE") == "1")["pupil_id"].implode()).all()
    exempt = profile.filter(pl.all_horizontal(pl.col(GOALS) == "A")).height
    partly = profile.filter(pl.any_horizontal(pl.col(GOALS) == "A")).height - exempt
    assert 0.006 < exempt / children.height < 0.010
    assert partly > 0
    outside = counted(profile).filter(~pl.col("area").is_in(list(PUBLISHED)))
    assert outside.height == 80
    old = outside.filter(pl.col("FSP_HOME_LA_9CODE").is_in(["E08000016", "E08000019"]))
    assert old.height > 0
    assert old["area"].is_in(["E08000038", "E08000039"]).all()
    assert children.filter(pl.col("FSP_LA_9CODE") != pl.col("area")).height > 100
    for column in ("FSP_FSM", "FSP_ETHNICITY", "FSP_LANGUAGE", "FSP_SEN"):
        assert 0 < profile[column].null_count() < 0.05 * profile.height
    assert profile["FSP_ETHNICITY"].is_in(["REFU", "NOBT"]).any()


def test_no_table_has_a_row_twice_and_rows_are_shuffled(tables: dict[str, pl.DataFrame]) -> None:
    for table in (tables["profile"], tables["links"]):
        assert table.is_duplicated().sum() == 0
    for name, column in (("profile", "pupil_id"), ("health_visiting", "hv_id"), ("childcare", "childcare_id")):
        assert not tables[name][column].is_sorted()
    first = tables["profile"].head(2000)["FSP_HOME_LA_9CODE"].n_unique()
    assert first >= 8


def test_linkage_is_untidy_as_promised(tables: dict[str, pl.DataFrame]) -> None:
    links, pupils = tables["links"], tables["profile"]["pupil_id"]
    weights = links["match_weight"].cast(pl.Float64)
    assert links["pupil_id"].is_in(pupils.implode()).all()
    assert weights.is_between(0, 1).all()
    assert 0.02 < (weights < 0.85).sum() / links.height < 0.05
    assert (weights > 0.9).sum() / links.height > 0.85
    for source, key in (("health_visiting", "hv_id"), ("childcare", "childcare_id")):
        known = tables[source][key].unique()
        used = links.filter(pl.col("source") == source)["linked_id"]
        assert used.is_in(known.implode()).all()
        assert used.n_unique() == used.len()
        assert 0.75 < used.len() / pupils.n_unique() < 0.95
        assert 1 - used.len() / known.len() > 0.05, "records that belong to nobody"


def test_other_sources_are_untidy_as_promised(tables: dict[str, pl.DataFrame]) -> None:
    visits, care = tables["health_visiting"], tables["childcare"]
    reviews = visits.filter(pl.col("review_type") == "C6i")
    assert visits.filter(pl.col("review_type") == "C4").height > 1000
    assert reviews.height > reviews["hv_id"].n_unique() + 300
    assert 0.05 < reviews["asq3_months"].null_count() / reviews.height < 0.15
    hours = care["funded_hours"].cast(pl.Int64)
    assert hours.is_between(1, 570).all()
    assert care.group_by("childcare_id", "term_start").len().filter(pl.col("len") > 1).height > 500
    assert care["entitlement_type"].n_unique() == 3


def test_earlier_years_are_marked_and_have_their_own_months(tmp_path: Path) -> None:
    generate(tmp_path, "--size", "small", "--years", "2", "--format", "csv")
    profile = pl.read_csv(tmp_path / "profile.csv", infer_schema=False)
    latest = profile.filter(pl.col("FSP_ACADYR") == "202425")
    before = profile.filter(pl.col("FSP_ACADYR") == "202324")
    assert latest.height + before.height == profile.height
    assert totals(counted(latest))["E08000035"] == PUBLISHED["E08000035"]
    assert (before["FSP_BIRTH_MONTH"].min(), before["FSP_BIRTH_MONTH"].max()) == ("2018-09", "2019-08")
    size = totals(counted(before))["E08000035"][0]
    assert size == pytest.approx(8985 * 608217 / 589471, abs=2)


@pytest.mark.slow
def test_england_meets_the_published_figures(tmp_path: Path) -> None:
    start = time.monotonic()
    generate(tmp_path, "--size", "england")
    assert time.monotonic() - start < 90, "aim: 30 seconds on two idle cores"
    profile = pl.read_parquet(tmp_path / "profile.parquet").with_columns(pl.col("FSP_RETURN_SEQUENCE").cast(pl.String))
    children = counted(profile)
    assert children.height == 589_471
    assert children["gld"].sum() == pytest.approx(402_591, abs=100)
    assert share(children, "every") == pytest.approx(0.669, abs=0.002)
    assert share(children, "language") == pytest.approx(0.697, abs=0.002)
    assert share(children, "goals") == pytest.approx(14.1087, abs=0.05)
    local = pl.read_csv(CALIBRATION / "local_authorities.csv")
    areas = children.group_by("area").agg(pl.len(), own=pl.col("gld").mean() * 100)
    areas = areas.join(local, left_on="area", right_on="new_la_code")
    assert areas.height == 153
    assert (areas["own"] - areas["gld"]).abs().max() <= 0.2  # type: ignore[operator]
    assert (areas["len"] == areas["children_count"]).all()
    assert profile.filter(pl.col("FSP_LLSOA21").str.starts_with("W")).height == 250
    barnsley = children.filter(pl.col("area") == "E08000038")["FSP_HOME_LA_9CODE"]
    assert 0.25 < (barnsley == "E08000016").sum() / barnsley.len() < 0.35
    for published, size, rate in national_comparison(children):
        assert size == pytest.approx(published[0], abs=0.01)
        assert published[0] < 0.01 or rate == pytest.approx(published[1], abs=0.03)


def national_comparison(children: pl.DataFrame) -> list[tuple[tuple[float, float], float, float]]:
    """Published share and GLD rate against ours, for every group that has one code."""
    groups = {
        "FSP_FSM": {"Y": "Eligible for free school meals", "N": "Not eligible for free school meals"},
        "FSP_LANGUAGE": {"ENG": "English", "OTH": "Other than English"},
        "FSP_SEN": {
            "N": "No SEN provision",
            "K": "SEN support / SEN without an EHC plan",
            "E": "Education, health and care plan",
        },
        "FSP_SEX": {"F": "Female", "M": "Male"},
        "FSP_ETHNICITY": {
            "WBRI": "English / Welsh / Scottish / Northern Irish / British",
            "WOTH": "Any other White background",
            "AIND": "Indian",
            "APKN": "Pakistani",
            "BAFR": "African",
            "OOTH": "Any other ethnic group",
        },
    }
    national = pl.read_csv(CALIBRATION / "published_national.csv")
    total = 589_471
    found = []
    for column, codes in groups.items():
        for code, label in codes.items():
            topic = "sex" if column == "FSP_SEX" else "breakdown"
            other = pl.col("breakdown" if topic == "sex" else "sex") == "Total"
            row = national.filter(pl.col(topic) == label, other).row(0, named=True)
            own = children.filter(pl.col(column) == code)
            published = (row["children_count"] / total, row["gld_children_count"] / row["children_count"])
            found.append((published, own.height / total, share(own, "gld")))
    return found
