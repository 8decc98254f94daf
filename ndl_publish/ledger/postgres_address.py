"""The URL of a ledger in a PostgreSQL database, taken apart; its password is never shown.

``postgresql://user@host:5432/database?schema=ndl_publish``. The password stands best in a password file or in
``PGPASSWORD``: other users of the machine can read the words of a command.
"""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from ndl_publish.errors import BudgetError

SCHEMES = ("postgresql", "postgres")
DEFAULT_PORT = 5432
DEFAULT_SCHEMA = "ndl_publish"
SETTINGS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "connect_timeout")
"""Settings of the connection that may stand after the question mark, beside ``schema``, ``host`` and ``port``."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SCHEMA_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where the database is and who connects to it.

    Attributes:
        host: Name of the server, or the folder of its socket.
        port: Its port.
        database: Name of the database.
        schema: The schema that holds the ledger's tables.
        user: Who connects; empty for PostgreSQL's default.
        password: Empty when it is found elsewhere.
        settings: Further settings of the connection, by name.
    """

    host: str
    port: int
    database: str
    schema: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    settings: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take a URL apart.

        Raises:
            BudgetError: ``NDL-B031`` naming the part that is wrong, never its content.

        Example:
            >>> print(PostgresAddress.parse("postgresql://me:secret@db.example.org/council"))
            postgresql://db.example.org:5432/council (schema ndl_publish)
        """
        try:
            parts = urlsplit(url)
            query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
            port = int(query.pop("port", None) or parts.port or DEFAULT_PORT)
        except ValueError:
            raise _wrong("it cannot be read, or its port is no number") from None
        host, schema = query.pop("host", "") or unquote(parts.hostname or ""), query.pop("schema", DEFAULT_SCHEMA)
        database = unquote(parts.path.removeprefix("/"))
        if parts.scheme not in SCHEMES or not host or not database:
            raise _wrong("server and database must be named")
        if "," in host or "/" in database or not _SCHEMA_NAME.fullmatch(schema):
            raise _wrong("it must name one server, one database and a schema of a-z, 0-9 and _")
        if not set(query) <= set(SETTINGS) or parts.fragment:
            raise _wrong(f"after the question mark may stand schema, host, port, {', '.join(SETTINGS)}")
        if query.get("sslmode", "prefer") not in SSL_MODES or not query.get("connect_timeout", "10").isdecimal():
            raise _wrong(f"sslmode is one of {', '.join(SSL_MODES)}; connect_timeout is a number of seconds")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(host, port, database, schema, user, password, tuple(sorted(query.items())))

    @property
    def identity(self) -> str:
        """The place alone: the same for every user, password and setting."""
        return f"postgresql {self.host.lower()} {self.port} {self.database} {self.schema}"

    def __str__(self) -> str:
        """Return what messages call the place."""
        return f"postgresql://{self.host}:{self.port}/{self.database} (schema {self.schema})"

    def parameters(self) -> dict[str, str]:
        """Return what the driver connects with; holds the password, so it is never printed."""
        named = {"user": self.user, "password": self.password}
        return {
            "host": self.host,
            "port": str(self.port),
            "dbname": self.database,
            **{name: value for name, value in named.items() if value},
            **dict(self.settings),
        }


def is_address(text: str) -> bool:
    """Say whether a text is meant as a URL and not as a path: also a mistyped one, so that no file is made of it.

    Example:
        >>> is_address("postgresql://host/db"), is_address("ledger.sqlite")
        (True, False)
    """
    return "://" in text or text.lower().startswith(tuple(f"{scheme}:" for scheme in SCHEMES))


def _wrong(why: str) -> BudgetError:
    return BudgetError(
        "NDL-B031", f"The ledger's URL is not right: {why}. Write postgresql://user@host:5432/database?schema=name."
    )
