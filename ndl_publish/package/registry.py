"""Every format of the public folder, in the order in which it is written.

A writer gives its files one after the other, and sees the facts of all files written before it. So what
describes other files comes after them: texts, then the descriptor, and the manifest last.
"""

from collections.abc import Callable, Iterator
from typing import Final

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.model import NewFile
from ndl_publish.package.writers.csv_tables import write_csv_tables
from ndl_publish.package.writers.data_dictionary import write_data_dictionary
from ndl_publish.package.writers.descriptor import write_descriptor
from ndl_publish.package.writers.geography_table import write_geography_table
from ndl_publish.package.writers.manifest import write_manifest
from ndl_publish.package.writers.methodology import write_methodology
from ndl_publish.package.writers.noisy_measurements import write_noisy_measurements
from ndl_publish.package.writers.parquet_tables import write_parquet_tables
from ndl_publish.package.writers.privacy_statement import write_privacy_statement
from ndl_publish.package.writers.readme import write_readme
from ndl_publish.package.writers.specification import write_specification
from ndl_publish.package.writers.status_codes import write_status_codes

Writer = Callable[[AuditedCube, PackageContext], Iterator[NewFile]]

WRITERS: Final[dict[str, Writer]] = {
    "csv_tables": write_csv_tables,
    "parquet_tables": write_parquet_tables,
    "noisy_measurements": write_noisy_measurements,
    "geography_table": write_geography_table,
    "data_dictionary": write_data_dictionary,
    "status_codes": write_status_codes,
    "privacy_statement": write_privacy_statement,
    "specification": write_specification,
    "methodology": write_methodology,
    "readme": write_readme,
    "descriptor": write_descriptor,
    "manifest": write_manifest,
}
"""Name of a format -> its writer."""
