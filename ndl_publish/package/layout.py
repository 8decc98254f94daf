"""Where everything stands in a package: all file names in one place, and the modes of files and folders."""

import re
from typing import Final

from ndl_publish.spec.release import Release

PUBLIC: Final = "public"
INTERNAL: Final = "internal"

DESCRIPTOR: Final = "datapackage.json"
GEOGRAPHY: Final = "geography.csv"
DATA_DICTIONARY: Final = "data_dictionary.csv"
STATUS_CODES: Final = "status_codes.csv"
PRIVACY: Final = "privacy.json"
SPECIFICATION: Final = "specification.json"
README: Final = "README.md"
METHODOLOGY: Final = "methodology.md"
MANIFEST: Final = "manifest-sha256.txt"

NOISY_MEASUREMENTS: Final = "noisy_measurements"
"""Name of the measurements, under ``data/`` where the rules publish them and under ``internal/`` in any case."""

RESULTS: Final = "results.json"
INTERNAL_README: Final = "README.txt"

PUBLIC_FOLDER_MODE: Final = 0o755
PUBLIC_FILE_MODE: Final = 0o644
INTERNAL_FOLDER_MODE: Final = 0o700
INTERNAL_FILE_MODE: Final = 0o600

GEOGRAPHY_RESOURCE: Final = "geography-lookup"
DATA_DICTIONARY_RESOURCE: Final = "data-dictionary"
STATUS_CODES_RESOURCE: Final = "status-codes"
NOISY_MEASUREMENTS_RESOURCE: Final = "noisy-measurements"
"""Names of resources that are not tables hold a hyphen, which the name of a table cannot hold."""


def package_name(release: Release) -> str:
    """Return the name of a release's package folder: ``<release_id>-<version>``."""
    return f"{release.release_id}-{release.version}"


def csv_path(table: str) -> str:
    """Return where a table's CSV stands, relative to ``public/``."""
    return f"data/{table}.csv"


def parquet_path(table: str) -> str:
    """Return where a table's Parquet copy stands, relative to ``public/``."""
    return f"data/{table}.parquet"


def parquet_resource(table: str) -> str:
    """Return the name of a table's Parquet copy in the descriptor."""
    return f"{table}-parquet"


def partial_name(name: str, token: str) -> str:
    """Return the name of the folder in which a package is built before it is moved into place."""
    return f".{name}.partial-{token}"


def partial_pattern(name: str) -> re.Pattern[str]:
    """Return the pattern that the partial folders of one package, and nothing else, match."""
    return re.compile(rf"\.{re.escape(name)}\.partial-[0-9a-f]{{16}}")
