"""Where the secret key and the ledger live: a private folder, ``NDL_PUBLISH_HOME`` or the user's data folder.

Both are made on first use, with modes that keep others out, and whoever runs the command is told. The ledger may be
elsewhere, also in a database: ``NDL_PUBLISH_LEDGER`` or ``--ledger`` hold its path or URL.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ndl_publish.errors import BudgetError, RuleError
from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.places import Place, exists, identity, place_of
from ndl_publish.privacy.secret_key import SecretKey, create_key, load_key

VARIABLE = "NDL_PUBLISH_HOME"
LEDGER_VARIABLE = "NDL_PUBLISH_LEDGER"
PRIVATE = 0o700

Notify = Callable[[str], None]
FORGOTTEN = (
    "is older than the last release it paid for, or gone: spending would be forgotten. Put the newest copy back. "
    "Nothing was charged or drawn."
)


@dataclass(frozen=True, slots=True)
class Home:
    """The files that make noise repeatable and spending countable.

    Attributes:
        key_file: The secret key.
        ledger: Where the privacy ledger is.
        is_key_named: The user named the key: then it must be there.
        notify: Told when a file is made.
    """

    key_file: Path
    ledger: Place
    is_key_named: bool
    notify: Notify = field(repr=False)

    @classmethod
    def locate(
        cls,
        *,
        key_file: Path | None,
        ledger: str | None,
        notify: Notify,
        environ: Mapping[str, str] = os.environ,
    ) -> "Home":
        """Return where key and ledger are: as named, else in the home folder. Makes nothing.

        Raises:
            BudgetError: ``NDL-B031`` when the ledger's URL cannot be understood.
        """
        if environ.get(VARIABLE):
            folder = Path(environ[VARIABLE])
        else:
            import platformdirs  # noqa: PLC0415 - only needed when nothing is named

            folder = Path(platformdirs.user_data_dir("ndl-publish", appauthor=False))
        is_named = key_file is not None
        named = ledger or environ.get(LEDGER_VARIABLE)
        place = place_of(named) if named else folder / "ledger.sqlite"
        return cls(key_file or folder / "key", place, is_named, notify)

    def open_key(self) -> SecretKey:
        """Return the key, made now if this is the first use.

        Raises:
            RuleError: ``NDL-R040`` when the key is missing though named or used before, ``NDL-R041`` when it is open to
                others, ``NDL-R042`` when it is not a key, ``NDL-R048`` when the folder cannot be made.
        """
        if self.is_key_named or self.key_file.exists():
            return load_key(self.key_file)
        if self.has_ledger():
            raise RuleError(
                "NDL-R040",
                f"{self.key_file}: the key is missing though there is a ledger. Put the key back from its safe copy: "
                "with another key, an identical build would draw fresh noise and be charged again.",
            )
        self._make_folder(self.key_file.parent)
        key = create_key(self.key_file)
        self.notify(f"A new secret key was made: {self.key_file}. Keep a safe copy; never share it.")
        return key

    def has_ledger(self) -> bool:
        """Say whether the ledger has been begun.

        Raises:
            BudgetError: When a database cannot be asked.
        """
        return exists(self.ledger)

    def open_ledger(self, *, must_exist: bool = False) -> Ledger:
        """Return the ledger, begun now if this is the first use.

        Raises:
            BudgetError: When the ledger cannot be opened; ``NDL-B019`` when it has forgotten entries.
        """
        remembered = self._remembered()
        is_new = not self.has_ledger()
        if is_new and not must_exist:
            if remembered[0]:
                raise BudgetError("NDL-B019", f"{self.ledger}: {FORGOTTEN}")
            if isinstance(self.ledger, Path):
                self._make_folder(self.ledger.parent)
        ledger = Ledger.open(self.ledger, must_exist=must_exist)
        lineage = self._remembered(ledger)
        if any(ledger.hash_of(number) != last for number, last in (remembered, lineage)):
            ledger.close()
            raise BudgetError("NDL-B019", f"{self.ledger}: {FORGOTTEN}")
        if is_new:
            self.notify(f"A new privacy ledger was begun: {self.ledger}. Back it up.{self._other_ledgers()}")
        return ledger

    def _other_ledgers(self) -> str:
        """Return a warning where this key has paid into another ledger before."""
        if not any(self.key_file.parent.glob("ledger.*.head")):
            return ""
        return (
            " This key has paid into another ledger before: what was spent there does not count in the new one. If they"
            " are about the same children, stop and use that one."
        )

    def remember(self, ledger: Ledger) -> None:
        """Note beside the key how long the ledger is, so that a missing or rolled-back one is noticed.

        Where that place cannot be written (a key on a read-only disk) the person is told and the work goes on.
        """
        n_entries, last = ledger.head()
        for note in (self._note(), self._note(ledger)):
            beside = note.with_name(f"{note.name}.{os.getpid()}")
            try:
                note.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
                beside.write_text(f"{n_entries} {last}\n", encoding="ascii")
                beside.chmod(0o600)
                beside.replace(note)
            except OSError as error:
                reason = f"({type(error).__name__}): an older ledger put back would not be noticed. Keep copies of it."
                self.notify(f"{note}: cannot be written {reason}")

    def _note(self, ledger: Ledger | None = None) -> Path:
        """Return where the note of a ledger stands: beside the key, by the ledger's place, or by its first entry.

        The first notices a ledger that is gone, the second an older copy of it under another name.
        """
        mark = hashlib.sha256(identity(self.ledger).encode()).hexdigest()
        if ledger is not None:
            mark = ledger.hash_of(1) or "empty"
        return self.key_file.with_name(f"ledger.{mark[:12]}.head")

    def _remembered(self, ledger: Ledger | None = None) -> tuple[int, str]:
        """Return the length and last hash that were noted; 0 and "" when none were."""
        note = self._note(ledger)
        try:
            number, last = note.read_text(encoding="ascii").split()
            return int(number), last
        except (FileNotFoundError, NotADirectoryError):
            return 0, ""
        except (OSError, ValueError):
            message = f"{note}: cannot be read. It says how long the ledger was; put it back."
            raise BudgetError("NDL-B019", message) from None

    @staticmethod
    def _make_folder(folder: Path) -> None:
        try:
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            message = f"{folder}: cannot be made ({type(error).__name__}). Set {VARIABLE} to a folder you can write to."
            raise RuleError("NDL-R048", message) from None
