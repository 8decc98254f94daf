"""What every writer gets beside the audited cube: the release, the areas, the rows, and the files written so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ndl_publish.audit.model import AuditedCube
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.measures import PublicMeasure, public_measures
from ndl_publish.package.protection_words import ProtectionWords, protection_words
from ndl_publish.package.rows import PublicRows, public_rows
from ndl_publish.spec.load import ReleaseSpec


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file that was written: its size in bytes, its SHA-256 in hex, and its rows where it is a table."""

    bytes: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class PackageContext:
    """Everything a writer may use.

    Attributes:
        spec: The release with its metadata and rules.
        geography: Areas of the release's boundary year.
        tables: The rows of every table.
        protection: How people are protected, as the templates use it. The one place that reads the privacy statement.
        files: Path relative to ``public/`` -> facts, for the files written before this writer.
    """

    spec: ReleaseSpec
    geography: Geography
    tables: tuple[PublicRows, ...]
    protection: ProtectionWords
    files: Mapping[str, FileFacts] = field(default_factory=dict)

    @property
    def measures(self) -> tuple[PublicMeasure, ...]:
        """Public measures that occur in any table, in the order of the metadata."""
        present = {measure.name for table in self.tables for measure in table.measures}
        return tuple(measure for name, measure in public_measures(self.spec).items() if name in present)

    @property
    def breakdowns(self) -> tuple[str, ...]:
        """Breakdowns that occur in any table, in the order of the metadata."""
        present = {name for table in self.tables for name in table.breakdowns}
        return tuple(name for name in self.spec.dataset.breakdowns if name in present)

    @property
    def units(self) -> dict[str, str]:
        """Public measure -> unit over all tables."""
        return {name: unit for table in self.tables for name, unit in table.units.items()}

    def with_files(self, files: Mapping[str, FileFacts]) -> "PackageContext":
        """Return the same context with the files written so far."""
        return replace(self, files=dict(files))


def make_context(audited: AuditedCube, *, spec: ReleaseSpec, geography: Geography) -> PackageContext:
    """Return the context of a package.

    Raises:
        RuleError: ``NDL-R051`` or ``NDL-R052`` when a table cannot be written as it stands.
    """
    tables = tuple(public_rows(table, spec=spec, geography=geography) for table in audited.protected.tables)
    return PackageContext(spec, geography, tables, protection_words(audited, rules=spec.rules))
