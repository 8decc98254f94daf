"""A release with the metadata and rules it names, read together and checked against one another."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from ndl_publish.errors import Finding, RuleError
from ndl_publish.spec.base import nearest, parse
from ndl_publish.spec.columns import Contributor
from ndl_publish.spec.dataset import Dataset, MeanMeasure, ShareMeasure
from ndl_publish.spec.locations import find_yaml, names_at_hand, shipped
from ndl_publish.spec.origins import are_mean_and_outcome, dimension_origins, origins
from ndl_publish.spec.primary_rules import OfContributors
from ndl_publish.spec.release import Release, Table
from ndl_publish.spec.rule_names import rule_findings
from ndl_publish.spec.rules import ClassicRules, DpRules
from ndl_publish.spec.yaml_source import YamlSource, read_yaml

LONGEST_NAME = 255
"""No file system has longer names, and asking for one is an error of its own."""


@dataclass(frozen=True, slots=True)
class ReleaseSpec:
    """Everything a statistician wrote for one release.

    Attributes:
        release: The release file.
        dataset: The metadata it names.
        rules: The rule book it names.
        folder: Folder of the release file; relative source paths start there.
        metadata_folder: Where metadata and look-ups were read from.
        source: The release file with its lines.
    """

    release: Release
    dataset: Dataset
    rules: DpRules | ClassicRules
    folder: Path
    metadata_folder: Path
    source: YamlSource = field(repr=False)

    @property
    def contributors(self) -> dict[str, Contributor]:
        """The contributors that the rules look at; no others are read from the records."""
        wanted = self.rules.contributors if isinstance(self.rules, ClassicRules) else ()
        return {name: self.dataset.contributors[name] for name in wanted}

    def contributed_sums(self, contributor: str) -> tuple[str, ...]:
        """Return the means of this release whose sums the rules look at by contributor."""
        rules = self.rules.primary if isinstance(self.rules, ClassicRules) else ()
        used = {measure for table in self.release.tables for measure in table.measures}
        named = {rule.of for rule in rules if isinstance(rule, OfContributors) and rule.contributor == contributor}
        measures = self.dataset.measures.items()
        return tuple(name for name, measure in measures if name in used & named and isinstance(measure, MeanMeasure))

    @property
    def birth_years(self) -> tuple[int, ...]:
        """Academic years of birth that the release is about, by the year they begin in; none for a fixed cohort."""
        cohort = self.dataset.cohort
        if cohort.kind == "fixed":
            return ()
        return tuple(int(period[:4]) - cohort.years_before for period in self.release.time_periods)

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The ledger's cohorts of this release: birth cohorts such as ``2019-20``, or one fixed label.

        Synthetic records have cohorts of their own, so that trials cost nobody's privacy.
        """
        cohort = self.dataset.cohort
        prefix = "synthetic-" if self.release.synthetic else ""
        if cohort.kind == "fixed":
            return (f"{prefix}{cohort.label}",)
        return tuple(f"{prefix}{year}-{(year + 1) % 100:02d}" for year in self.birth_years)

    def as_json(self) -> dict[str, Any]:
        """Return release, metadata and rules as JSON types.

        Where the records lie is left out, and so are contributors that no rule looks at, and targets: no figure depends
        on them.
        """
        unused = set(self.dataset.contributors) - set(self.contributors)
        left_out = {"contributors": unused} if self.contributors else {"contributors"}
        return {
            "release": self.release.model_dump(mode="json", exclude={"sources"}, exclude_unset=True),
            "dataset": self.dataset.model_dump(mode="json", exclude=left_out, exclude_unset=True),
            "rules": self.rules.model_dump(mode="json", exclude={"targets"}, exclude_unset=True),
        }

    def source_files(self, source: str) -> tuple[Path, ...]:
        """Return the files of a source, glob patterns expanded, in order."""
        files: list[Path] = []
        for text in self.release.sources[source]:
            pattern = self.folder / text
            matches = sorted(pattern.parent.glob(pattern.name)) if "*" in pattern.name else [pattern]
            files.extend(matches or [pattern])
        return tuple(files)


def load_release(path: Path, *, metadata_folder: Path | None = None, rules_folder: Path | None = None) -> ReleaseSpec:
    """Return a release with its metadata and rules.

    Args:
        path: The release file.
        metadata_folder: Where ``<dataset>.yaml`` stands; default is what ships with the package.
        rules_folder: Where ``<rules>.yaml`` stands; default is what ships with the package.

    Raises:
        RuleError: ``NDL-R001`` to ``NDL-R003`` when a file is missing or wrong, ``NDL-R004`` when the release asks for
            something the metadata or the rules do not have, ``NDL-R006`` when the rules name something the metadata do
            not have; all findings at once.
    """
    metadata_folder = metadata_folder or shipped("metadata")
    release, source = parse(path, Release)
    dataset, _ = parse(_named_file(source, "metadata", metadata_folder), Dataset)
    rules, rules_source = _parse_rules(_named_file(source, "rules", rules_folder or shipped("disclosure_rules")))
    told = tuple(rule_findings(rules, dataset, rules_source)) if isinstance(rules, ClassicRules) else ()
    if told:
        raise RuleError(
            "NDL-R006", f"{rules_source.path.name}: names what {dataset.dataset_id} has not.", findings=told
        )
    spec = ReleaseSpec(release, dataset, rules, path.parent.resolve(), metadata_folder, source)
    findings = (*_source_findings(spec), *_table_findings(spec), *_weight_findings(spec, rules_source))
    if not findings:
        findings = tie_findings(spec)
    if findings:
        raise RuleError("NDL-R004", f"{path.name}: does not fit its metadata or rules.", findings=findings)
    return spec


def _named_file(source: YamlSource, key: str, folder: Path) -> Path:
    """Return the file a release names at ``key``.

    Raises:
        RuleError: ``NDL-R001`` when it is not there, with the nearest of the names that are.
    """
    name = source.content[key].strip()
    file = find_yaml(name, folder, source.path.parent)
    if len(file.name) <= LONGEST_NAME and file.is_file():
        return file
    names = names_at_hand(name, folder, source.path.parent) - {source.path.name}
    if folder.resolve() == source.path.parent.resolve():
        names -= {source.path.stem}
    raise _no_file(source.where((key,)), file, name, names)


def _no_file(where: str, file: Path, name: str, names: set[str]) -> RuleError:
    hint = f"; {nearest(name, names)}" if names else ". Check the name and the folder."
    return RuleError("NDL-R001", f"{where}: there is no file {file.name} in {file.parent}{hint}")


def load_rules(path: Path) -> DpRules | ClassicRules:
    """Return a rule book of either mode.

    Args:
        path: Its file, or the name of one that ships with the package, such as ``classic_threshold``.

    Raises:
        RuleError: ``NDL-R001`` to ``NDL-R003``; ``NDL-R005`` when ``mode`` is not one of the two.
    """
    if path.is_file():
        return _parse_rules(path)[0]
    name, folder = str(path), shipped("disclosure_rules")
    file = find_yaml(name, folder, Path())
    if not file.is_file():
        raise _no_file(name, file, name, names_at_hand(name, folder, Path()))
    return _parse_rules(file)[0]


def _parse_rules(path: Path) -> tuple[DpRules | ClassicRules, YamlSource]:
    mode = read_yaml(path).content.get("mode")
    if mode == "dp":
        return parse(path, DpRules)
    if mode == "classic":
        return parse(path, ClassicRules)
    raise RuleError("NDL-R005", f"{path.name}: mode must be dp or classic.")


def _source_findings(spec: ReleaseSpec) -> Iterator[Finding]:
    wanted = set(spec.dataset.sources) | ({"links"} if spec.dataset.links else set())
    if len(spec.release.time_periods) > 1 and spec.dataset.sources[spec.dataset.spine].period is None:
        message = f"several time periods need a source that says which: {spec.dataset.spine} has no period column."
        yield _finding(spec, ("time_period",), message)
    for name in sorted(wanted - set(spec.release.sources)):
        yield _finding(spec, ("sources",), f"the metadata needs the source {name}; name its file or files here.")
    for name in sorted(set(spec.release.sources) - wanted):
        yield _finding(spec, ("sources", name), f"the metadata has no source {name}; {nearest(name, wanted)}")


def _table_findings(spec: ReleaseSpec) -> Iterator[Finding]:
    for i, table in enumerate(spec.release.tables):
        at = ("tables", i)
        for j, measure in enumerate(table.measures):
            if measure not in spec.dataset.measures:
                message = f"there is no measure {measure}; {nearest(measure, spec.dataset.measures)}"
                yield _finding(spec, (*at, "measures", j), message)
        for j, level in enumerate(table.levels):
            if level not in spec.rules.finest:
                message = f"the rules allow no table at level {level}; {nearest(level, spec.rules.finest)}"
                yield _finding(spec, (*at, "levels", j), message)
        yield from _breakdown_findings(spec, table, at)


def _weight_findings(spec: ReleaseSpec, rules_source: YamlSource) -> Iterator[Finding]:
    if not isinstance(spec.rules, DpRules):
        return
    known = {*spec.rules.finest, *(table.name for table in spec.release.tables)}
    for name in spec.rules.weights:
        if name not in known:
            message = f"{name} is no level of these rules and no table of this release; {nearest(name, known)}"
            yield Finding("NDL-R004", "error", rules_source.where(("weights", name)), message)


def _breakdown_findings(spec: ReleaseSpec, table: Table, at: tuple[str | int, ...]) -> Iterator[Finding]:
    known = spec.dataset.breakdowns
    for j, crossing in enumerate(table.breakdowns):
        here = (*at, "breakdowns", j)
        unknown = [name for name in crossing if name not in known]
        for name in unknown:
            yield _finding(spec, here, f"there is no breakdown {name}; {nearest(name, known)}")
        if unknown:
            continue
        if len(set(crossing)) != len(crossing) or _nested_pair(spec.dataset, crossing):
            yield _finding(spec, here, "a crossing names a characteristic and itself, or one that nests in it.")
        for level in table.levels:
            limit = spec.rules.finest.get(level)
            if limit is not None and len(crossing) > limit.value:
                message = f"finer than the rules allow: at level {level} at most {limit.value} breakdowns are crossed."
                yield _finding(spec, here, message)
        if crossing and _has_mean(spec, table) and spec.rules.mode == "classic":
            message = "a mean by characteristic is not published under classic rules: it gives away withheld counts."
            yield _finding(spec, here, message)


def tie_findings(spec: ReleaseSpec) -> tuple[Finding, ...]:
    """Return why exact counts of a release would give one another away; nothing in mode ``dp``."""
    return (*_tied_findings(spec), *_mean_findings(spec)) if spec.rules.mode == "classic" else ()


def _tied_findings(spec: ReleaseSpec) -> Iterator[Finding]:
    """Refuse exact counts of two dimensions that are made from the same columns: each gives the other away."""
    tables = spec.release.tables
    breakdowns = {name for table in tables for crossing in table.breakdowns for name in crossing}
    measures = {name for table in tables for name in table.measures}
    found = dimension_origins(spec.dataset, breakdowns, measures)
    for one, other in combinations(found, 2):
        shared = found[one] & found[other]
        if shared and not are_mean_and_outcome(one, other):
            message = (
                f"{one} and {other} are made from the same columns ({', '.join(sorted(shared))}), so that exact counts "
                "of one give withheld counts of the other away. Publish one of them in this release, or use mode dp."
            )
            yield _finding(spec, ("tables",), message)


def _mean_findings(spec: ReleaseSpec) -> Iterator[Finding]:
    """Refuse an exact mean at a level without the outcomes made from its columns: it would bound them unseen."""
    dataset, tables = spec.dataset, spec.release.tables
    levels: dict[str, set[str]] = {}
    for table in tables:
        for name in table.measures:
            levels.setdefault(name, set()).update(table.levels)
    for name, own in levels.items():
        if not isinstance(dataset.measures[name], MeanMeasure):
            continue
        tied = {
            other
            for other in levels
            if isinstance(dataset.measures[other], ShareMeasure)
            and origins(dataset, dataset.column_of(other)) & origins(dataset, dataset.column_of(name))
        }
        for other in sorted(tied):
            alone = sorted(own - levels[other])
            if alone:
                message = (
                    f"{name} and {other} are made from the same columns; under classic rules the mean is published "
                    f"only where {other} is, and at {', '.join(alone)} it is not. Take the level out, or add it there."
                )
                yield _finding(spec, ("tables",), message)


def _nested_pair(dataset: Dataset, crossing: tuple[str, ...]) -> bool:
    return any(dataset.breakdowns[name].within in crossing for name in crossing)


def _has_mean(spec: ReleaseSpec, table: Table) -> bool:
    return any(isinstance(spec.dataset.measures.get(name), MeanMeasure) for name in table.measures)


def _finding(spec: ReleaseSpec, key_path: tuple[str | int, ...], message: str) -> Finding:
    return Finding("NDL-R004", "error", spec.source.where(key_path), message)
