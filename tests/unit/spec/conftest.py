"""A small release with metadata and both rule books, in files a test may edit before it loads them."""

from pathlib import Path

import pytest

from ndl_publish.errors import Finding, RuleError
from ndl_publish.spec.load import ReleaseSpec, load_release

METADATA = """\
dataset_id: small
title: Small
description: A small data set.
publisher: {name: Council, email: a@example.gov.uk, href: "https://www.example.gov.uk"}
licence: OGL-UK-3.0
keywords: [small]
status_label: Not official statistics
privacy_unit: {singular: child, plural: children}
cohort: {kind: academic_birth_year, years_before: 5}
place: {column: home, basis: residence}
sources:
  profile:
    title: Profile
    role: spine
    id: pupil_id
    columns:
      home: {type: area, source: LSOA, level: lsoa}
      sex: {type: category, source: SEX, codes: {F: Female, M: Male}}
      fine: {type: category, source: FINE, codes: {a: A, b: B, c: C}}
      goal: {type: category, source: GOAL, codes: {1: "1", 2: "2", A: A}}
      score: {type: integer, source: SCORE, minimum: 0, maximum: 17}
      born: {type: month, source: BORN}
      turn: {type: integer, source: TURN, minimum: 1, maximum: 9}
    one_row: {keep: last, by: [turn]}
  reviews:
    title: Reviews
    role: linked
    id: review_id
    columns:
      kind: {type: category, source: KIND, codes: {x: X, y: Y}}
      hours: {type: integer, source: HOURS, minimum: 0, maximum: 500}
    where: {column: kind, values: [X]}
    sums:
      all_hours: {column: hours, maximum: 900}
contributors:
  provider: {title: Provider, source: profile, column: URN}
links: {spine_id: pupil_id, source: source, linked_id: linked_id, weight: weight, minimum_weight: 0.85}
derived:
  is_good: {rule: all_equal, columns: [goal], value: "2", not_assessed: [A]}
  has_review: {rule: has_record, source: reviews}
  coarse:
    rule: cases
    cases:
      - {label: AB, when: {fine: [A, B]}}
    otherwise: Rest
  hours_band:
    rule: bands
    column: all_hours
    bands:
      - {label: Few, minimum: 0, maximum: 99}
    missing: None
  decile: {rule: area_characteristic, characteristic: decile, categories: ["1", "2"], missing: Unknown}
population: {column: is_good, title: Children}
breakdowns:
  sex: {title: Sex, column: sex, description: Sex.}
  coarse: {title: Coarse, column: coarse, description: Coarse.}
  fine: {title: Fine, column: fine, description: Fine., within: coarse}
  hours: {title: Hours, column: hours_band, description: Hours.}
  decile: {title: Decile, column: decile, description: Decile.}
measures:
  children: {kind: count, title: Children, description: Children., count_name: children_count}
  good:
    {kind: share, title: Good, description: Good., column: is_good, of: children, count_name: good_count,
     percent_name: good_percent}
  average:
    {kind: mean, title: Average, description: Average., column: score, mean_name: average, minimum: 0, maximum: 17}
outcomes:
  result: {title: Result, measures: [good]}
quality: {coverage: All., strengths: Many., limits: Some., comparability: None.}
"""

_REFERENCE = 'valid_from: 2026-04-01, reference: {title: Policy, href: "https://example.org"}'

DP = f"""\
rules_id: noisy
title: Noisy
description: Noise.
references: [{{title: Policy, href: "https://example.org"}}]
mode: dp
noise:
  method: discrete_gaussian
  rho: {{value: 0.1, unit: rho, {_REFERENCE}}}
  delta: {{value: 0.0000001, unit: probability, {_REFERENCE}}}
lifetime_cap: {{value: 0.5, unit: rho, {_REFERENCE}}}
withhold:
  minimum_count: {{value: 10, unit: children, {_REFERENCE}}}
  maximum_margin: {{value: 10, unit: percentage_points, {_REFERENCE}}}
secondary: {{method: witness_circuits}}
finest:
  region: &two {{value: 2, unit: breakdowns, {_REFERENCE}}}
  lsoa: {{value: 1, unit: breakdowns, {_REFERENCE}}}
"""

CLASSIC = f"""\
rules_id: exact
title: Exact
description: Exact counts.
references: [{{title: Policy, href: "https://example.org"}}]
mode: classic
primary:
  - method: threshold
    minimum_count: {{value: 5, unit: children, {_REFERENCE}}}
  - {{method: zero, policy: show}}
improvement_seconds: {{value: 9, unit: seconds, {_REFERENCE}}}
percent_decimals: {{value: 1, unit: decimals, {_REFERENCE}}}
secondary: {{method: witness_circuits}}
finest:
  region: {{value: 2, unit: breakdowns, {_REFERENCE}}}
  lsoa: {{value: 1, unit: breakdowns, {_REFERENCE}}}
"""

RELEASE = """\
release_id: small-release
version: 1.0.0
title: Small release
description: A small release.
metadata: small
rules: noisy
time_period: "202425"
time_identifier: Academic year
publish_at: 2026-11-26T09:30:00+00:00
sources:
  profile: data/profile*.csv
  reviews: [data/old.csv, data/new.csv]
  links: data/links.csv
geography: {vintage: "2025"}
expected_count: 100
tables:
  - name: headline
    title: Headline
    levels: [region, lsoa]
    measures: [children, good, average]
  - name: by_sex
    title: By sex
    levels: [region]
    breakdowns: [[sex], [sex, fine]]
    measures: [children, good]
"""


class Project:
    """Files of one release; ``edit`` swaps a text that stands in a file exactly once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.release = folder / "release.yaml"
        self.metadata = folder / "small.yaml"
        self.noisy = folder / "noisy.yaml"
        self.exact = folder / "exact.yaml"
        texts = {self.release: RELEASE, self.metadata: METADATA, self.noisy: DP, self.exact: CLASSIC}
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")

    def edit(self, path: Path, old: str, new: str) -> int:
        """Swap a text and return the line on which it stood."""
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def load(self) -> ReleaseSpec:
        return load_release(self.release, metadata_folder=self.folder, rules_folder=self.folder)

    def refusal(self) -> RuleError:
        with pytest.raises(RuleError) as caught:
            self.load()
        return caught.value

    def finding(self) -> Finding:
        """Return the one finding of a refusal."""
        error = self.refusal()
        assert len(error.findings) == 1, str(error)
        assert error.findings[0].code == error.code
        return error.findings[0]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
