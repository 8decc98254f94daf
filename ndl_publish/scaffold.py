"""The command ``init``: a release file and placeholder records for any data set, made from its metadata alone.

Placeholder records hold random codes of the declared lists. They stand for nobody; they are there so that the release
builds at once and the statistician sees which columns each extract needs.
"""

import csv
import io
import random
import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from ndl_publish.errors import RuleError, TargetError
from ndl_publish.geography.lookup import Geography, geography_folder, load_geography
from ndl_publish.spec.base import nearest, parse
from ndl_publish.spec.columns import AreaColumn, CategoryColumn, Column, IntegerColumn, Source
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.derived import AllEqual, CountEqual, NoneMissing
from ndl_publish.spec.locations import shipped

N_PLACEHOLDERS = 400
N_AREAS = 2
COVERED_LEVEL = "local_authority"
SEED = 2026
USUAL = 0.95


def scaffold(folder: Path, *, dataset: str, metadata: Path | None, rules: Path | None) -> tuple[Path, ...]:
    """Write a release file and one CSV per source into a folder, and return what was written.

    Args:
        folder: Made if it is not there; must be empty.
        dataset: Name of the metadata.
        metadata: Folder of metadata; default is what ships with the package.
        rules: Folder of rule books; default is what ships with the package.

    Raises:
        RuleError: ``NDL-R080`` when there is no such metadata or no boundary vintage fits it.
        TargetError: ``NDL-T010`` when the folder is not empty or cannot be written.
    """
    metadata = metadata or shipped("metadata")
    known = sorted(path.stem for path in metadata.glob("*.yaml"))
    if dataset not in known:
        raise RuleError("NDL-R080", f"there is no metadata {dataset}; {nearest(dataset, known)}")
    described, _ = parse(metadata / f"{dataset}.yaml", Dataset)
    geography = _geography(described, metadata)
    rule_books = sorted(path.stem for path in (rules or shipped("disclosure_rules")).glob("*.yaml"))
    text = _release(described, dataset, geography, rule_books, release_id=_release_id(folder))
    files = {"release.yaml": text, **_records(described, geography)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise TargetError("NDL-T010", f"{folder}: is not empty. Name a folder that is, or does not exist.")
        (folder / "data").mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise TargetError("NDL-T010", f"{folder}: cannot be written ({error.strerror}).") from None
    return tuple(folder / name for name in files)


def _geography(dataset: Dataset, metadata: Path) -> Geography:
    """Return the newest vintage that has the level at which children are placed, cut down to a few areas."""
    wanted = dataset.place_level
    folder = geography_folder(metadata)
    for vintage in sorted((path.name for path in folder.iterdir() if path.is_dir()), reverse=True):
        whole = load_geography(vintage, metadata_folder=folder.parent)
        if wanted in whole.levels:
            return _few_areas(whole.from_level(wanted))
    raise RuleError("NDL-R080", f"{dataset.dataset_id}: no boundary vintage has the level {wanted}.")


def _few_areas(whole: Geography) -> Geography:
    if COVERED_LEVEL not in whole.levels[1:]:
        return whole
    return whole.covering(COVERED_LEVEL, tuple(whole.codes(COVERED_LEVEL)[:N_AREAS]))


def _release_id(folder: Path) -> str:
    """Return the folder's name as a release may be called."""
    words = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return words if len(words) > 1 else "my-release"


def _release(dataset: Dataset, name: str, geography: Geography, rule_books: list[str], *, release_id: str) -> str:
    is_part = COVERED_LEVEL in geography.levels[1:]
    level = COVERED_LEVEL if is_part else geography.levels[0]
    shares = [m for chain in dataset.outcomes.values() for m in chain.measures]
    breakdowns = [x for x in dataset.breakdowns if not dataset.is_area_characteristic(x)]
    environment = Environment(  # noqa: S701 - YAML, not HTML
        loader=PackageLoader("ndl_publish", "templates"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    text: str = environment.get_template("release.yaml.j2").render(
        dataset=dataset,
        metadata=name,
        release_id=release_id,
        rule_books=rule_books,
        vintage=geography.vintage,
        level=level,
        areas=list(geography.codes(level)) if is_part else [],
        time_period="202425" if dataset.cohort.kind == "academic_birth_year" else "2011",
        measures=[dataset.count_measure, *shares],
        breakdowns=breakdowns[:2],
        sources=[*dataset.sources, *(["links"] if dataset.links else [])],
        expected_count=N_PLACEHOLDERS,
    )
    return text


@dataclass(frozen=True, slots=True)
class _Habits:
    """Which codes placeholder records hold more often, or never, so that somebody is counted and reaches something."""

    usual: dict[str, str]
    never: dict[str, set[str]]

    @classmethod
    def of(cls, dataset: Dataset) -> "_Habits":
        usual: dict[str, str] = {}
        never: dict[str, set[str]] = {}
        for rule in dataset.derived.values():
            if isinstance(rule, AllEqual | CountEqual):
                usual |= dict.fromkeys(rule.columns, rule.value)
            if isinstance(rule, AllEqual | CountEqual | NoneMissing):
                for column in rule.columns:
                    never.setdefault(column, set()).update(rule.not_assessed)
        return cls(usual, never)

    def code(self, name: str, column: CategoryColumn, draw: random.Random) -> str:
        """Return one of the codes in the source of a column."""
        codes = [code for code, label in column.codes.items() if label not in self.never.get(name, set())]
        often = [code for code in codes if column.codes[code] == self.usual.get(name)]
        return draw.choice(often if often and draw.random() < USUAL else codes)


def _records(dataset: Dataset, geography: Geography) -> dict[str, str]:
    draw = random.Random(SEED)  # noqa: S311 - placeholders, not secrets
    habits = _Habits.of(dataset)
    ids = {name: [f"{name[0].upper()}{i:05d}" for i in range(N_PLACEHOLDERS)] for name in dataset.sources}
    files = {
        f"data/{name}.csv": _table(source, ids[name], geography, habits, draw)
        for name, source in dataset.sources.items()
    }
    if dataset.links is not None:
        links = dataset.links
        header = [links.spine_id, links.source, links.linked_id, links.weight]
        rows = [
            [child, name, other, "0.990"]
            for name in dataset.sources
            if name != dataset.spine
            for child, other in zip(ids[dataset.spine], ids[name], strict=True)
        ]
        files["data/links.csv"] = _csv(header, rows)
    return files


def _table(source: Source, ids: list[str], geography: Geography, habits: _Habits, draw: random.Random) -> str:
    period = [source.period] if source.period else []
    header = [source.id, *period, *(column.source for column in source.columns.values())]
    rows = [
        [
            child,
            *(["202425"] if period else []),
            *(_value(name, column, geography, habits, draw) for name, column in source.columns.items()),
        ]
        for child in ids
    ]
    return _csv(header, rows)


def _value(name: str, column: Column, geography: Geography, habits: _Habits, draw: random.Random) -> str:
    if isinstance(column, CategoryColumn):
        return habits.code(name, column, draw)
    if isinstance(column, IntegerColumn):
        return str(draw.randint(column.minimum, column.maximum))
    if isinstance(column, AreaColumn):
        return str(draw.choice(geography.codes(column.level).to_list()))
    return draw.choice([f"2019-{month:02d}" for month in range(9, 13)] + [f"2020-{month:02d}" for month in range(1, 9)])


def _csv(header: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
