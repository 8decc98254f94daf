"""README, methodology and privacy statement: every number from one place, each mode in its own words."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.model import AuditedCube
from ndl_publish.cube.protected import Mode
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.context import FileFacts, PackageContext, make_context
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.measures import public_measures
from ndl_publish.package.render import render
from ndl_publish.package.writers.methodology import write_methodology
from ndl_publish.package.writers.privacy_statement import write_privacy_statement
from ndl_publish.package.writers.readme import write_readme
from ndl_publish.spec.load import ReleaseSpec, load_release
from ndl_publish.spec.locations import shipped

Texts = Callable[..., tuple[str, str]]


@pytest.fixture
def texts(
    make_audited: Callable[..., AuditedCube], make_spec: Callable[..., ReleaseSpec], geography: Geography
) -> Texts:
    def make(mode: Mode, privacy: dict[str, object] | None = None, *changes: tuple[str, str]) -> tuple[str, str]:
        audited = make_audited(mode)
        if privacy is not None:
            audited = replace(audited, protected=replace(audited.protected, privacy=privacy))
        context = make_context(audited, spec=make_spec(mode, *changes), geography=geography)
        context = context.with_files({"data/by_characteristic.csv": FileFacts(1234567, "ab", 45)})
        return tuple(  # type: ignore[return-value]
            next(writer(audited, context)).content.decode() for writer in (write_readme, write_methodology)
        )

    return make


def test_readme_says_what_when_who_and_how(texts: Texts) -> None:
    readme, _ = texts("dp")
    for part in (
        "# Early years development, sample\n",
        "Academic year 2024/25",
        "26 November 2026, 09:30 (UTC+00:00)",
        "early.years.statistics@example.gov.uk",
        "Open Government Licence v3.0",
        "| `data/by_characteristic.csv` | 45 | 1,234,567 |",
        'pl.read_csv("data/by_characteristic.csv"',
        "read_csv(\n",
        "95% interval",
        "Example Council (2026): Early years development, sample, version 1.0.0.",
    ):
        assert part in readme


@pytest.mark.parametrize("mode", ["dp", "classic"])
def test_texts_are_tidy(texts: Texts, mode: Mode) -> None:
    for text in texts(mode):
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\n\n\n" not in text
        assert not re.search(r"\{\{|\}\}|\{%|Undefined|None\b", text)
        for heading in re.findall(r"^#+ .*\n(.?)", text, flags=re.MULTILINE):
            assert not heading.strip()


def test_tables_in_the_texts_are_unbroken(texts: Texts) -> None:
    for text in (*texts("dp"), *texts("classic")):
        for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(widths) == 1
            assert len(block.splitlines()) >= 3


def test_methodology_has_definitions_and_numbers_with_their_source(texts: Texts) -> None:
    _, methodology = texts("dp")
    for part in (
        "`gld_children_percent`",
        "As a percentage of all children counted.",
        "match weight is\n0.85",
        "rho = 0.1",
        "epsilon = 2.6 at delta = 0.0000001",
        "| withhold.minimum_count | 10 | children | 2026-04-01 | [Secure research services: threshold of ten](https://",
        "| children | regional | Sex | variance 133.3 | rho = 0.02 |",
        "| children | lower layer super output area | none | - | epsilon = 0.5 |",
        "| number | value | unit | valid from | background |",
        "booked to the cohort 2019-20.",
        "add or remove one child",
        "margin above 10 percentage points",
        "- Linear programming over all totals",
        "- Second sentence.",
        "**Comparability.** The Department for Education publishes exact counts",
        "Facts that others know already.",
    ):
        assert part in methodology


def test_classic_texts_never_speak_of_the_other_mode(texts: Texts) -> None:
    readme, methodology = texts("classic")
    own = methodology.split("## Quality")[0]
    for word in ("guarantee", "differential", "epsilon", "rho", "Gaussian", "noise", "noisy"):
        assert word not in readme
        assert word not in own
    assert "fewer than 5 are withheld" in readme
    assert "- Zeros are not withheld for what they are; some are withheld to protect other counts." in methodology
    assert "witness circuits" in methodology
    assert "Figures shown are exact." in methodology


def test_readme_loads_figures_as_numbers_even_where_all_are_empty(texts: Texts) -> None:
    for readme, _ in (texts("dp"), texts("classic")):
        assert '"value": pl.Float64, "lower": pl.Float64, "upper": pl.Float64' in readme
        assert 'pl.read_parquet("data/by_characteristic.parquet")' in readme
        assert 'arrow::read_parquet("data/by_characteristic.parquet")' in readme
        assert "Join by `area_code`: area names are not unique." in readme


def test_polars_snippet_runs(texts: Texts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme, _ = texts("classic")
    snippet = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)[0]
    (tmp_path / "data").mkdir()
    head = "time_period,value,lower,upper,status\n202425,12,,,published\n202425,,,,suppressed\n"
    (tmp_path / "data/by_characteristic.csv").write_text(head, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, pl.DataFrame] = {}
    exec(snippet, names)  # noqa: S102 - the text of our own template
    assert names["shown"].dtypes[:4] == [pl.String, pl.Float64, pl.Float64, pl.Float64]
    assert names["shown"].height == 1


def test_dp_readme_says_what_noise_does_to_small_and_large(texts: Texts) -> None:
    readme, _ = texts("dp")
    words = " ".join(readme.split())
    assert "a count can be slightly larger than the group it is part of" in words
    assert '(more children under "Good level of development" than children)' in words
    assert "Read the intervals; do not correct the figures." in words
    assert (
        "Noisy counts below 10 are withheld, so small counts that are shown are on average somewhat too high." in words
    )
    assert "Percentages with a margin above 10 percentage points are withheld." in words
    assert "at most the sum of the two half-widths, and about the square root of the sum of their squares" in words


def test_classic_texts_say_what_zeros_and_withheld_counts_mean(texts: Texts) -> None:
    readme, methodology = texts("classic")
    assert (
        "Zeros are not withheld for what they are; some are withheld to protect other counts. 0% and 100% can appear."
        in readme
    )
    sentence = "For every figure withheld for what it is there are tables that agree with everything shown"
    assert f"- {sentence} and differ in it:\n" in methodology
    own = "  - A count withheld because it is fewer than 5: it is 0 in one such table, and 5 or more in another.\n"
    assert own in methodology
    assert "can be anything" not in methodology
    assert "- Methods: threshold rule; rule about zeros; secondary suppression by witness circuits" in methodology


def test_classic_readme_does_not_promise_zeros_that_are_withheld(texts: Texts) -> None:
    privacy = {"mode": "classic", "minimum_count": 5, "zeros": "protected"}
    readme, methodology = texts("classic", privacy)
    assert "0%" not in readme + methodology
    assert "- Observed zeros are withheld like small counts." in methodology


def test_classic_methodology_says_how_many_figures_are_withheld_and_against_whom(texts: Texts) -> None:
    privacy = {"mode": "classic", "minimum_count": 5, "zeros": "shown", "insiders": True}
    _, methodology = texts("classic", privacy)
    rows = re.findall(
        r"^\| `by_characteristic` \| (.+?) \| (\d+) \| (\d+) \| (.+?) \|$", methodology, flags=re.MULTILINE
    )
    assert ("Local authority", "18", "6", "33.3%") in [(level, *rest) for level, *rest in rows]
    assert "alone in a withheld count" in methodology
    _, trusting = texts("classic", privacy | {"insiders": False})
    assert "alone in a withheld count" not in trusting
    assert "Why figures are withheld" not in texts("dp")[1]


def test_covered_areas_are_named(texts: Texts) -> None:
    one = ('geography: {vintage: "2025"}', 'geography: {vintage: "2025", level: local_authority, areas: [E08000035]}')
    two = (one[0], one[1].replace("E08000035", "E08000035, E06000006"))
    _, methodology = texts("dp", None, one)
    assert "- Part of the country covered: 1 area of level local authority: Leeds.\n" in methodology
    _, methodology = texts("dp", None, two)
    assert "- Part of the country covered: 2 areas of level local authority: Leeds; Halton.\n" in methodology


def test_privacy_loss_has_six_digits(texts: Texts) -> None:
    _, methodology = texts("dp", {"mode": "dp", "rho": {"fraction": "1/10", "decimal": 0.099981543}})
    assert "rho = 0.0999815 (" in methodology


def test_synthetic_releases_say_so_first(texts: Texts) -> None:
    note = "**Synthetic records.** These figures are an example and describe nobody.\n\n# Early years"
    change = ("expected_count:", "synthetic: true\nexpected_count:")
    assert all(text.startswith(note) for text in texts("dp", None, change))
    assert not any("Synthetic" in text for text in texts("dp"))


def test_a_release_of_persons_without_links_speaks_of_neither_children_nor_links(
    audited: AuditedCube, geography: Geography
) -> None:
    census = load_release(shipped("metadata").parent / "examples/census_2011/release.yaml")
    query = {"quantity": "children", "level": "region", "attributes": ["sex", "health"], "sigma2": "2", "rho": "1/50"}
    privacy = {"mode": "dp", "unit": "person", "minimum_count": 10, "maximum_margin": 1.0, "queries": [query]}
    bare = replace(audited, protected=replace(audited.protected, tables=(), privacy=privacy))
    context = make_context(bare, spec=census, geography=geography)
    text = render("methodology.md.j2", context).decode()
    assert "one row for each person counted" in text
    assert "| persons | regional | Sex by General health (outcome) | variance 2 | rho = 0.02 |" in text
    assert "| withhold.minimum_count | 10 | persons |" in text
    assert "margin above 1 percentage point;" in text
    assert not re.search(r"child|linked|linkage|link table", text.split("## References")[0], flags=re.IGNORECASE)


def test_percentages_keep_the_spelling_of_titles(spec: ReleaseSpec) -> None:
    descriptions = {name: measure.description for name, measure in public_measures(spec).items()}
    assert descriptions["asq3_expected_children_percent"].endswith("As a percentage of children: ASQ-3 result linked.")
    assert descriptions["gld_children_percent"].endswith("As a percentage of all children counted.")


def test_dp_texts_do_not_call_figures_exact(texts: Texts) -> None:
    readme, methodology = texts("dp")
    assert "Figures shown are exact" not in readme + methodology
    assert "differentially private" in methodology


@pytest.mark.parametrize("mode", ["dp", "classic"])
def test_a_bare_privacy_statement_still_gives_texts(texts: Texts, mode: Mode) -> None:
    for text in texts(mode, {"mode": mode}):
        assert "None" not in text
        assert "\n\n\n" not in text


def test_no_policy_comment(texts: Texts) -> None:
    words = r"\b(should|must improve|disappointing|good news|encouraging|worrying)\b"
    for text in (*texts("dp"), *texts("classic")):
        assert not re.search(words, text.split("## Quality")[0], flags=re.IGNORECASE)


def test_privacy_statement_is_sorted_json_with_checks_by_title(audited: AuditedCube, context: PackageContext) -> None:
    written = next(write_privacy_statement(audited, context)).content
    statement = json.loads(written)
    assert list(statement) == sorted(statement)
    assert statement["rho"] == {"decimal": 0.1, "fraction": "1/10"}
    assert (statement["unit"], statement["release"], statement["version"]) == ("child", "early-years-sample", "1.0.0")
    assert statement["checks"] == [{"name": "intervals", "title": "Linear programming over all totals"}]
    assert b"9 cells" not in written
    assert written.startswith(b'{\n  "')
    assert written.endswith(b"\n}\n")


def test_json_writes_the_types_an_output_checker_gets() -> None:
    content = {
        "day": date(2026, 11, 26),
        "rho": Fraction(1, 10),
        "value": Decimal("0.10"),
        "counts": np.array([1, 2]),
        "one": np.int64(3),
        "names": {"b", "a"},
        "file": PurePosixPath("data/x.csv"),
    }
    assert json.loads(json_bytes(content)) == {
        "day": "2026-11-26",
        "rho": "1/10",
        "value": "0.10",
        "counts": [1, 2],
        "one": 3,
        "names": ["a", "b"],
        "file": "data/x.csv",
    }


def test_json_refuses_what_json_does_not_have() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_bytes({"a": float("nan")})
    with pytest.raises(TypeError, match="object has no place"):
        json_bytes({"a": object()})
