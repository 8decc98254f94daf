"""What can go wrong, and how it is told.

Findings are about data and are returned, all of them. Errors are about being unable to go on and are raised, once::

    PublishError
      RuleError        NDL-Rnnn  exit 2  a metadata, rule or release file is wrong
      InputError       NDL-Vnnn  exit 3  the records break the contract
      DisclosureError  NDL-Dnnn  exit 4  the audit recovered something
      BudgetError      NDL-Bnnn  exit 5  the ledger cannot pay for this release
      TargetError      NDL-Tnnn  exit 6  the destination refused

``cli.py`` catches ``PublishError`` in one place. A message says what is wrong, where, and what to do; it never holds a
value from a record, an identifier or the count of a cell. The long help for each code stands in ``error_codes.yaml``.
"""

from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import ClassVar, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing, about data or about a file somebody wrote.

    Attributes:
        code: ``NDL-Xnnn``; ``ndl-publish explain CODE`` has the long help.
        severity: ``error`` stops the run, ``warning`` and ``note`` do not.
        where: File, key path or column, and line where there is one.
        message: What is wrong and what to do; never a value of a record.
    """

    code: str
    severity: Severity
    where: str
    message: str

    def __str__(self) -> str:
        """Return the finding on one line."""
        return f"{self.code} {self.severity}: {self.where}: {self.message}"


class PublishError(Exception):
    """The run cannot go on. Carries a code, one message and, where there are several causes, all findings."""

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, *, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.findings = findings

    def __str__(self) -> str:
        """Return code, message and the findings, one a line."""
        return "\n".join([f"{self.code}: {self.message}", *(f"  {finding}" for finding in self.findings)])


class RuleError(PublishError):
    """A metadata, rule or release file is wrong."""

    exit_code = 2


class InputError(PublishError):
    """The records break the contract."""

    exit_code = 3


class DisclosureError(PublishError):
    """The audit recovered something that must not be known."""

    exit_code = 4


class BudgetError(PublishError):
    """The ledger cannot pay for this release."""

    exit_code = 5


class TargetError(PublishError):
    """The destination refused."""

    exit_code = 6


def unforeseen(error: Exception) -> str:
    """Return where an unforeseen error arose, without its message, which may hold data."""
    places = [
        f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in extract_tb(error.__traceback__)
    ]
    head = f"An unforeseen {type(error).__name__} stopped the command. Its text is not shown, for it may quote data."
    return "\n".join([head, "Please report these lines; they name program code only:", *places[-6:]])
