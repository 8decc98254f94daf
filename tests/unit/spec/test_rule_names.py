"""Names in a classic rule book must be those of the data set: told with the line they stand on."""

import pytest
import yaml

from ndl_publish.spec.load import load_release
from tests.rule_books import dominance, group_disclosure, minimum_contributors, p_percent, selection, threshold
from tests.unit.cube.small_release import number
from tests.unit.spec.conftest import Project

TWICE = number("2", "times")


def use(project: Project, *primary: dict[str, object], **more: object) -> None:
    """Add rules to the classic rule book of the release, and name it in the release."""
    content = yaml.safe_load(project.exact.read_text(encoding="utf-8"))
    content["primary"] += primary
    content |= more
    project.exact.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    project.edit(project.release, "rules: noisy", "rules: exact")
    project.edit(project.release, "measures: [children, good, average]", "measures: [children, good]")
    project.edit(project.release, "breakdowns: [[sex], [sex, fine]]", "breakdowns: [[sex]]")


@pytest.mark.parametrize(
    ("rule", "where", "told"),
    [
        (threshold(9, "goood"), "measures.0", 'there is no measure goood; did you mean "good"?'),
        (threshold(9, "good", "average"), "measures.1", "average is a mean, which follows its counts"),
        (group_disclosure(3, "children"), "measures.0", "children is no share; only a share can be 0% or 100%."),
        (minimum_contributors(3, contributor="providr"), "contributor", 'did you mean "provider"?'),
        (dominance(1, "80", of="hours"), "of", "there is no measure hours"),
        (dominance(1, "80", of="good"), "of", "good is no mean; leave of out"),
    ],
)
def test_a_name_of_a_rule(project: Project, rule: dict[str, object], where: str, told: str) -> None:
    use(project, rule)
    finding = project.finding()
    assert finding.code == "NDL-R006"
    assert finding.where.startswith("exact.yaml:")
    assert finding.where.split(": ")[1].startswith("primary.2")
    assert finding.where.endswith(f".{where}")
    assert told in finding.message


def test_names_of_selections(project: Project) -> None:
    wrong = selection("region", "sexx", measures=("childern", "average"))
    use(project, keep=[wrong], prefer=[{**selection("lsoa", measures=("god",)), "factor": TWICE}])
    told = {finding.where.split(": ")[1]: finding.message for finding in project.refusal().findings}
    assert list(told) == [
        "keep.0.measures.0", "keep.0.measures.1", "keep.0.breakdowns.0", "prefer.0.measures.0",
    ]  # fmt: skip
    assert told["keep.0.breakdowns.0"] == 'there is no breakdown sexx; did you mean "sex"?'


def test_a_data_set_without_contributors_says_so(project: Project) -> None:
    project.edit(project.metadata, "contributors:\n  provider: {title: Provider, source: profile, column: URN}\n", "")
    use(project, p_percent("10"))
    assert "it declares none; see contributors in the reference" in project.finding().message


def test_good_names_pass_and_the_specification_holds_the_contributor(project: Project) -> None:
    use(project, threshold(9, "good"), group_disclosure(3, "good"), minimum_contributors(3), keep=[selection("region")])
    spec = project.load()
    assert list(spec.contributors) == ["provider"]
    assert spec.contributed_sums("provider") == ()
    assert list(spec.as_json()["dataset"]["contributors"]) == ["provider"]


def test_contributors_no_rule_looks_at_are_left_out_of_the_specification(project: Project) -> None:
    with_contributor = project.load()
    project.edit(project.metadata, "contributors:\n  provider: {title: Provider, source: profile, column: URN}\n", "")
    assert with_contributor.as_json() == project.load().as_json()
    assert with_contributor.contributors == {}


def test_rules_of_mode_dp_name_nothing(project: Project) -> None:
    assert load_release(project.release, metadata_folder=project.folder, rules_folder=project.folder).rules.mode == "dp"


def test_sums_are_those_of_means_this_release_publishes(project: Project) -> None:
    use(project, dominance(1, "80", of="average"))
    assert project.load().contributed_sums("provider") == ()
    project.edit(
        project.release,
        "levels: [region, lsoa]\n    measures: [children, good]",
        "levels: [region, lsoa]\n    measures: [children, good, average]",
    )
    assert project.load().contributed_sums("provider") == ("average",)
