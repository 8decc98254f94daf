"""README, methodology and privacy statement: every number from one place, each mode in its own words."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath

import numpy as np
import pytest

from ndl_publish.audit.model import AuditedCube
from ndl_publish.cube.protected import Mode
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.context import FileFacts, PackageContext, make_context
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.writers.methodology import write_methodology
from ndl_publish.package.writers.privacy_statement import write_privacy_statement
from ndl_publish.package.writers.readme import write_readme
from ndl_publish.spec.load import ReleaseSpec

Texts = Callable[..., tuple[str, str]]


@pytest.fixture
def texts(
    make_audited: Callable[..., AuditedCube], make_spec: Callable[..., ReleaseSpec], geography: Geography
) -> Texts:
    def make(mode: Mode, privacy: dict[str, object] | None = None) -> tuple[str, str]:
        audited = make_audited(mode)
        if privacy is not None:
            audited = replace(audited, protected=replace(audited.protected, privacy=privacy))
        context = make_context(audited, spec=make_spec(mode), geography=geography)
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
        "As a percentage of: children.",
        "match weight is\n0.85",
        "rho = 0.1",
        "epsilon = 2.6 at delta = 0.0000001",
        "| withhold.minimum_count | 10 | children | 2026-04-01 | [Secure research services: threshold of ten](https://",
        "| q1 | children | region | sex | 133.3 | rho = 0.02 |",
        "| q2 | children | lsoa |  |  | epsilon = 0.5 |",
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
    assert "- Observed zeros: shown." in methodology
    assert "witness circuits" in methodology
    assert "Figures shown are exact." in methodology


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
