"""Our own small model of a Data Package 2.0 descriptor; frictionless only checks what comes of it.

Keys that frictionless does not check (``categories``, ``unit``) are written for readers and for the formats derived
from the descriptor; a closed list of values therefore also stands in ``constraints.enum``.

Source:
    https://datapackage.org/standard/data-package/, version 2.0.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

PACKAGE_PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
SCHEMA_PROFILE: Final = "https://datapackage.org/profiles/2.0/tableschema.json"
DIALECT_PROFILE: Final = "https://datapackage.org/profiles/2.0/tabledialect.json"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Category:
    """One value of a closed list, with its label in words."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        name: Header of the column.
        title: In words.
        description: What stands in it.
        type: Type in the words of Table Schema.
        required: No cell may be empty.
        categories: Closed list of values; empty for none.
        is_ordered: The categories have an order.
        empty_means: Why a cell of a number column is empty; "" for text columns.
        minimum: Smallest value allowed.
        unit: Unit of a number column, or where it stands.
    """

    name: str
    title: str
    description: str
    type: Literal["string", "number", "integer", "year"] = "string"
    required: bool = True
    categories: tuple[Category, ...] = ()
    is_ordered: bool = False
    empty_means: str = ""
    minimum: int | None = None
    unit: str = ""

    def as_json(self) -> Json:
        """Return the field of a Table Schema."""
        constraints: Json = {"required": True} if self.required else {}
        if self.minimum is not None:
            constraints["minimum"] = self.minimum
        out: Json = {"name": self.name, "type": self.type, "title": self.title, "description": self.description}
        if self.categories:
            constraints["enum"] = [category.value for category in self.categories]
            out["categories"] = [{"value": category.value, "label": category.label} for category in self.categories]
            out["categoriesOrdered"] = self.is_ordered
        if self.unit:
            out["unit"] = self.unit
        if self.empty_means:
            out["missingValues"] = [{"value": "", "label": self.empty_means}]
        if constraints:
            out["constraints"] = constraints
        return out


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns whose values stand in the same columns of another resource."""

    fields: tuple[str, ...]
    resource: str

    def as_json(self) -> Json:
        """Return the foreign key of a Table Schema."""
        return {"fields": list(self.fields), "reference": {"resource": self.resource, "fields": list(self.fields)}}


@dataclass(frozen=True, slots=True)
class TableSchema:
    """Columns and keys of a table; the columns of the file are exactly these, in this order."""

    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()

    def as_json(self) -> Json:
        """Return the Table Schema."""
        out: Json = {"$schema": SCHEMA_PROFILE, "fieldsMatch": "exact", "missingValues": [""]}
        out["primaryKey"] = list(self.primary_key)
        if self.foreign_keys:
            out["foreignKeys"] = [key.as_json() for key in self.foreign_keys]
        out["fields"] = [column.as_json() for column in self.fields]
        return out


@dataclass(frozen=True, slots=True)
class Resource:
    """One file of the package. A file without a schema (a Parquet copy) names the resource whose rows it repeats."""

    name: str
    path: str
    title: str
    description: str
    bytes: int
    sha256: str
    rows: int | None
    schema: TableSchema | None = None
    same_rows_as: str = ""
    custom: Json = field(default_factory=dict)

    def as_json(self) -> Json:
        """Return the resource.

        A Parquet copy carries no ``type``: the standard knows only ``table``, and a reader without Parquet support
        would then fail on it. Its format is ``apache-parquet``, which frictionless takes as a plain file and checks
        by size and hash.
        """
        out: Json = {"name": self.name, "path": self.path, "title": self.title, "description": self.description}
        if self.schema is not None:
            out |= {"type": "table", "format": "csv", "mediatype": "text/csv", "encoding": "utf-8"}
        else:
            out |= {"format": "apache-parquet", "mediatype": "application/vnd.apache.parquet"}
            out["same_rows_as"] = self.same_rows_as
        out |= {"bytes": self.bytes, "hash": f"sha256:{self.sha256}"}
        if self.rows is not None and self.schema is not None:
            out["rows"] = self.rows  # checked by frictionless, which cannot count the rows of a Parquet file
        out |= self.custom
        if self.schema is not None:
            out["dialect"] = _CSV_DIALECT
            out["schema"] = self.schema.as_json()
        return out


_CSV_DIALECT: Final[Json] = {
    "$schema": DIALECT_PROFILE,
    "delimiter": ",",
    "lineTerminator": "\n",
    "quoteChar": '"',
    "doubleQuote": True,
    "header": True,
}
