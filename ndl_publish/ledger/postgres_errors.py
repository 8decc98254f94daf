"""What PostgreSQL's faults mean for the ledger: code, what happened, and whether something may have been charged.

Faults are told apart by SQLSTATE. While connecting there is none (the driver has the server's words only), so those are
looked into; a server that speaks another language gets the general explanation. No words of the server are ever shown:
they may name users.
"""

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.postgres_address import PostgresAddress

NOTHING = " Nothing more was charged."
"""True of a failed charge, and of a failed commit of what had been charged before."""
_LOGIN = (
    "NDL-B028",
    "refuses the user or the password. Check the user of the URL, and the password in PGPASSWORD or the password file.",
)
_ABSENT = ("NDL-B029", "does not exist. Name the right database, or have it made.")
_AWAY = (
    "NDL-B027",
    "cannot be reached, or closed the connection. Check server, port and network, then run the same command again.",
)
_BY_WORDS = (
    (("password", "pg_hba.conf", "authentication", "role ", "permission denied"), *_LOGIN),
    (('database "',), *_ABSENT),
)
_BY_STATE = (
    (("28",), *_LOGIN),
    (("3D000",), *_ABSENT),
    (
        ("42501",),
        "NDL-B028",
        (
            "lets this user not do that. The first use makes a schema, which needs CREATE on the database; later ones "
            "need SELECT, INSERT and UPDATE on the table entries (UPDATE for its lock only), and SELECT on about."
        ),
    ),
    (("55P03",), "NDL-B009", "is held by another process. Wait until it has finished, then try again."),
    (("25006",), "NDL-B002", "cannot be written: it is a standby or set to read only. Name the primary server."),
    (("42P01", "3F000"), "NDL-B007", "holds no ledger any more. Find out who removed it, and restore its backup."),
    (("53", "58"), "NDL-B013", "is on a server that is full, failing or out of connections. Have it looked after."),
    (("08", "57P"), *_AWAY),
)
_UNKNOWN = (
    "was lost in the moment in which an entry was being written, so the entry may be there or not. Run the same "
    "command again: it reads the ledger anew, and what was charged is not charged twice."
)


def explained(
    address: PostgresAddress, error: Exception, *, is_connecting: bool = False, is_ending: bool = False
) -> BudgetError:
    """Return the error that a person is shown for a fault of the driver or the server.

    Args:
        address: Where the ledger is.
        error: The fault, a ``psycopg.Error``.
        is_connecting: There was no connection yet.
        is_ending: A COMMIT had been sent, so that its fate decides what may be said.
    """
    state = getattr(error, "sqlstate", None)
    if is_ending and (state is None or state.startswith(("08", "57", "40003"))):
        return BudgetError("NDL-B030", f"The connection to the ledger {address} {_UNKNOWN}")
    if is_connecting and state is None:
        words = str(error)
        for parts, code, text in _BY_WORDS if "FATAL" in words or "fe_sendauth" in words else ():
            if any(part in words for part in parts):
                return BudgetError(code, f"The ledger {address} {text}{NOTHING}")
    for beginnings, code, text in _BY_STATE:
        if state is not None and state.startswith(beginnings):
            return BudgetError(code, f"The ledger {address} {text}{NOTHING}")
    if state is None:
        code, text = _AWAY
        return BudgetError(code, f"The ledger {address} {text}{NOTHING}")
    return BudgetError("NDL-B014", f"The ledger {address} refused ({state}).{NOTHING}")


def missing_driver() -> BudgetError:
    """Return the error for an installation without the driver."""
    return BudgetError(
        "NDL-B026",
        "A ledger in PostgreSQL needs the library psycopg, which is not installed. Run: pip install "
        "'ndl-publish[postgres]'",
    )
