"""Where the secret key and the ledger live: a private folder, ``NDL_PUBLISH_HOME`` or the user's data folder.

Both are made on first use, with modes that keep others out, and whoever runs the command is told.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ndl_publish.errors import BudgetError, RuleError
from ndl_publish.ledger.book import Ledger
from ndl_publish.privacy.secret_key import SecretKey, create_key, load_key

VARIABLE = "NDL_PUBLISH_HOME"
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
        ledger_file: The privacy ledger.
        is_key_named: The user named the key: then it must be there.
        notify: Told when a file is made.
    """

    key_file: Path
    ledger_file: Path
    is_key_named: bool
    notify: Notify = field(repr=False)

    @classmethod
    def locate(
        cls,
        *,
        key_file: Path | None,
        ledger_file: Path | None,
        notify: Notify,
        environ: Mapping[str, str] = os.environ,
    ) -> "Home":
        """Return where key and ledger are: as named, else in the home folder. Makes nothing."""
        if environ.get(VARIABLE):
            folder = Path(environ[VARIABLE])
        else:
            import platformdirs  # noqa: PLC0415 - only needed when nothing is named

            folder = Path(platformdirs.user_data_dir("ndl-publish", appauthor=False))
        is_named = key_file is not None
        return cls(key_file or folder / "key", ledger_file or folder / "ledger.sqlite", is_named, notify)

    def open_key(self) -> SecretKey:
        """Return the key, made now if this is the first use.

        Raises:
            RuleError: ``NDL-R040`` when the key is missing though named or used before, ``NDL-R041`` when it is open to
                others, ``NDL-R042`` when it is not a key, ``NDL-R048`` when the folder cannot be made.
        """
        if self.is_key_named or self.key_file.exists():
            return load_key(self.key_file)
        if self.ledger_file.exists():
            raise RuleError(
                "NDL-R040",
                f"{self.key_file}: the key is missing though there is a ledger. Put the key back from its safe copy: "
                "with another key, an identical build would draw fresh noise and be charged again.",
            )
        self._make_folder(self.key_file.parent)
        key = create_key(self.key_file)
        self.notify(f"A new secret key was made: {self.key_file}. Keep a safe copy; never share it.")
        return key

    def open_ledger(self, *, must_exist: bool = False) -> Ledger:
        """Return the ledger, begun now if this is the first use.

        Raises:
            BudgetError: When the ledger cannot be opened; ``NDL-B019`` when it has forgotten entries.
        """
        remembered = self._remembered()
        is_new = not self.ledger_file.exists()
        if is_new and not must_exist:
            if remembered[0]:
                raise BudgetError("NDL-B019", f"{self.ledger_file}: {FORGOTTEN}")
            self._make_folder(self.ledger_file.parent)
        ledger = Ledger.open(self.ledger_file, must_exist=must_exist)
        lineage = self._remembered(ledger)
        if any(ledger.hash_of(number) != last for number, last in (remembered, lineage)):
            ledger.close()
            raise BudgetError("NDL-B019", f"{self.ledger_file}: {FORGOTTEN}")
        if is_new:
            self.notify(f"A new privacy ledger was begun: {self.ledger_file}. Back it up.")
        return ledger

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
        mark = hashlib.sha256(str(self.ledger_file.resolve()).encode()).hexdigest()
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
