"""The command ``replay``: a noisy package made again from its noisy measurements and specification, without records.

It shows that everything published is post-processing of the measurements: nothing here reads a record, an exact count
or the key. The measurements come from ``internal/`` (the output checker's side) or, where the rules publish them,
from the package itself; ledger entry and figures already public come from the package.
"""

import filecmp
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ndl_publish.audit.model import AuditedCube
from ndl_publish.cube.layout import lay_out
from ndl_publish.errors import DisclosureError, Finding, InputError, RuleError
from ndl_publish.geography.coverage import covered_geography, whole_geography
from ndl_publish.ledger.request import hash_queries
from ndl_publish.package.build import build_package, refuse_occupied
from ndl_publish.package.layout import INTERNAL, NOISY_MEASUREMENTS, PRIVACY, PUBLIC, package_name, parquet_path
from ndl_publish.package.model import InternalPack, Package
from ndl_publish.package_reading import check_manifest, public_folder, read_json, read_spec
from ndl_publish.pipeline import Prepared, Progress, mechanism_with, noisy_release
from ndl_publish.privacy.events import PrivacyLoss, losses_by_cohort
from ndl_publish.protect.dp import ADJACENCY, Mechanism
from ndl_publish.protect.measure import METHOD_VERSION, measurements_of
from ndl_publish.protect.public_figures import PUBLIC_FIGURES, known_of
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import DpRules

MEASUREMENT_SCHEMA = {
    "query": pl.String, "position": pl.Int64, "area_code": pl.String, "categories": pl.String, "value": pl.Int64,
}  # fmt: skip
MOST = 2**53
"""No noisy integer is larger: beyond it floats would not tell whole numbers apart."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A package made again.

    Attributes:
        release: Name of the package.
        n_files: Public files, all the same byte by byte.
        n_measurements: Noisy integers that they were made from.
        kept: Where the new package is kept; none where nobody asked for it.
    """

    release: str
    n_files: int
    n_measurements: int
    kept: Path | None


def replay(
    package: Path,
    *,
    measurements: Path | None = None,
    out: Path | None = None,
    metadata: Path | None = None,
    progress: Progress,
) -> Replayed:
    """Make the public files of a noisy package again and compare them with those that are there.

    Args:
        package: A package folder, or its ``public`` folder.
        measurements: Parquet or CSV file of the noisy measurements; default is the package's own.
        out: Folder to keep the new package in; by default it is compared and thrown away.
        metadata: Folder of the look-ups of areas; default is what ships.
        progress: Called with (stage, done, of).

    Raises:
        InputError: ``NDL-V080``/``NDL-V081`` when this is no package, ``NDL-V087`` when there are no measurements that
            fit it.
        RuleError: ``NDL-R069`` when its counts are exact.
        DisclosureError: ``NDL-D041`` when files differ from what the measurements give; all of them are named.
        TargetError: ``NDL-T001`` when ``out`` is taken.
    """
    public = public_folder(package)
    manifest = check_manifest(public)
    spec = read_spec(public, metadata=metadata)
    if not isinstance(spec.rules, DpRules):
        raise RuleError("NDL-R069", f"{package}: exact counts have no noisy measurements: there is nothing to replay.")
    geography = covered_geography(spec)
    prepared = Prepared(spec, geography, lay_out(spec, geography))
    if out is not None:
        refuse_occupied(out, spec)
    progress("Reading the measurements", 0, 0)
    rows = _read(package, public, measurements)
    try:
        audited, n_measurements = _estimated(prepared, rows, read_json(public / PRIVACY)["ledger_entry"], progress)
    except (LookupError, TypeError, ValueError):
        raise _unfit(package) from None
    with tempfile.TemporaryDirectory() as beside:
        made = build_package(
            audited,
            spec=spec,
            geography=whole_geography(spec),
            out=out or Path(beside),
            internal=InternalPack({}, {}),
            progress=progress,
        )
        findings = tuple(_differences(public, made, manifest))
    if findings:
        message = f"{package}: files are not what these noisy measurements give. Are they of this version and build?"
        raise DisclosureError("NDL-D041", message, findings=findings)
    return Replayed(package_name(spec.release), len(manifest), n_measurements, None if out is None else made.folder)


def _read(package: Path, public: Path, measurements: Path | None) -> pl.DataFrame:
    """Return the noisy integers of every query, as rows, from the first place that has them."""
    inside = package / INTERNAL / f"{NOISY_MEASUREMENTS}.parquet"
    places = [measurements] if measurements is not None else [inside, public / parquet_path(NOISY_MEASUREMENTS)]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        where = " or ".join(str(place) for place in places)
        message = f"there are no noisy measurements at {where}. Name their file with --measurements."
        raise InputError("NDL-V087", f"{package}: {message}")
    try:
        is_text = file.suffix.lower() == ".csv"
        rows = pl.read_csv(file, schema=MEASUREMENT_SCHEMA) if is_text else pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError):
        rows = pl.DataFrame()
    if (
        dict(rows.schema) != MEASUREMENT_SCHEMA
        or not rows["value"].is_between(-MOST, MOST).fill_null(value=False).all()
    ):
        raise InputError("NDL-V087", f"{file}: is not a file of noisy measurements.")
    return rows


def _estimated(
    prepared: Prepared, rows: pl.DataFrame, entry: dict[str, Any], progress: Progress
) -> tuple[AuditedCube, int]:
    """Return the figures that the measurements give, attacked, and how many numbers they were made from.

    Raises:
        ValueError: When the measurements are not those of this release.
        DisclosureError: ``NDL-D041`` when the ledger entry is not one for this release.
    """
    noisy = measurements_of(rows)
    mechanism = mechanism_with(prepared, known_of(prepared.spec, prepared.layout, noisy))
    noisy.pop(PUBLIC_FIGURES, None)
    wanted = {event.label: event.n_cells for event in mechanism.events}
    if {label: len(values) for label, values in noisy.items()} != wanted or not mechanism.labelled(noisy).equals(rows):
        raise ValueError("the measurements are of another release")
    _refuse_entry(entry, prepared.spec, mechanism)
    return noisy_release(prepared, mechanism, noisy, entry, progress=progress)[1], sum(wanted.values())


def _refuse_entry(entry: dict[str, Any], spec: ReleaseSpec, mechanism: Mechanism) -> None:
    """Refuse a ledger entry that is not one for this release, as far as that can be told without the ledger.

    Raises:
        DisclosureError: ``NDL-D041`` naming what differs.
    """
    queries = [event.to_json() for event in mechanism.events]
    losses = losses_by_cohort(mechanism.events)
    wanted = {
        "release_id": spec.release.release_id,
        "version": spec.release.version,
        "rules_id": spec.rules.rules_id,
        "adjacency": ADJACENCY,
        "code_version": METHOD_VERSION,
        "queries": queries,
        "query_set_hash": hash_queries(queries),
    }
    wrong = [name for name, value in wanted.items() if entry[name] != value]
    if [(loss["cohort"], PrivacyLoss.from_json(loss)) for loss in entry["losses"]] != list(losses):
        wrong.append("losses")
    if wrong:
        findings = tuple(Finding("NDL-D041", "error", f"{PRIVACY}, ledger_entry.{x}", "is another.") for x in wrong)
        raise DisclosureError("NDL-D041", "The ledger entry is not one that paid for this release.", findings=findings)


def _unfit(package: Path) -> InputError:
    message = f"{package}: the measurements do not fit the specification. Take those of this release and version."
    return InputError("NDL-V087", message)


def _differences(public: Path, made: Package, manifest: dict[str, str]) -> Iterator[Finding]:
    for path in sorted(set(manifest) | set(made.files)):
        here, there = public / path, made.folder / PUBLIC / path
        if not (here.is_file() and there.is_file() and filecmp.cmp(here, there, shallow=False)):
            yield Finding("NDL-D041", "error", path, "differs from what the measurements give.")
