"""The secret key that noise and keyed digests come from.

The key is 256 bits in a text file of 64 hexadecimal digits, mode 0600. It never enters a
package, a log or a message; only its fingerprint does, so that a changed key is visible in the
ledger. Whoever holds the key and a publication can subtract the noise: keep it like the records.

Refused: a key derived from a pass phrase (guessable) and a key kept in the rules file (published).
"""

import hmac
import os
import secrets
import stat
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from ndl_publish.errors import RuleError

KEY_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretKey:
    """A 256-bit secret; comparable, never printable, never picklable."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        if len(value) != KEY_BYTES:
            raise RuleError("NDL-R042", f"The secret key must hold {KEY_BYTES} bytes. Create a new one.")
        self._value = value

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that name the key and give nothing of it away."""
        return self.keyed_digest("fingerprint", b"ndl-publish")[:16]

    def keyed_digest(self, label: str, data: bytes | Iterable[bytes]) -> str:
        """Return the HMAC-SHA256 of ``data`` in hexadecimal digits.

        Args:
            label: What the digest is for; digests with different labels are unrelated.
            data: One piece, or the pieces in order. Every piece enters with its length, so
                ``[b"ab", b"c"]`` and ``[b"a", b"bc"]`` differ; ``b"x"`` equals ``[b"x"]``.

        Returns:
            64 hexadecimal digits. Safe to publish: nobody without the key can test a guess.
        """
        digest = hmac.new(self._subkey("digest"), digestmod="sha256")
        pieces = (data,) if isinstance(data, bytes) else data
        for piece in chain((label.encode(),), pieces):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
        return digest.hexdigest()

    def noise_key(self) -> bytes:
        """Return the 32 bytes that the noise stream is keyed with; not the key itself."""
        return self._subkey("noise")

    def _subkey(self, purpose: str) -> bytes:
        return hmac.digest(self._value, f"ndl-publish/{purpose}/1".encode(), "sha256")

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        return isinstance(other, SecretKey) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        """Agree with ``==``."""
        return hash(self.fingerprint())

    def __repr__(self) -> str:
        """Return the fingerprint, never the key."""
        return f"SecretKey(fingerprint={self.fingerprint()!r})"

    def __reduce__(self) -> str:
        """Refuse: a pickle would be a second copy of the key."""
        raise TypeError("a secret key cannot be pickled")


def parse_key(text: str, *, where: str) -> SecretKey:
    """Read a key from its 64 hexadecimal digits, for instance an environment variable.

    Args:
        text: The digits; white space around them is ignored.
        where: What to call the place in a message, such as a path. Never the text itself.

    Raises:
        RuleError: ``NDL-R042`` when the text is anything but 64 hexadecimal digits.
    """
    digits = text.strip()
    if len(digits) != 2 * KEY_BYTES or not set(digits) <= set("0123456789abcdefABCDEF"):
        raise RuleError(
            "NDL-R042",
            f"{where} does not hold a secret key: expected {2 * KEY_BYTES} hexadecimal digits and nothing "
            "else. Restore the file from its backup, or create a new key (releases then draw fresh noise).",
        )
    return SecretKey(bytes.fromhex(digits))


def load_key(path: Path) -> SecretKey:
    """Read the key file that ``create_key`` wrote.

    Raises:
        RuleError: ``NDL-R040`` when the file is missing or unreadable, ``NDL-R041`` when group or
            others may read or write it, ``NDL-R042`` when it does not hold 64 hexadecimal digits.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(4 * KEY_BYTES)
    except OSError as error:
        raise RuleError(
            "NDL-R040",
            f"There is no readable secret key at {path} ({error.strerror}). Name the right file, or create a key.",
        ) from None
    if mode & _OTHERS:
        raise RuleError("NDL-R041", f"Other users may read or change the secret key {path}. Run: chmod 600 {path}")
    return parse_key(content.decode("ascii", errors="replace"), where=str(path))


def create_key(path: Path) -> SecretKey:
    """Write a fresh key from the operating system's generator, mode 0600, and return it.

    A missing parent directory is made with mode 0700. The file is on disk before the call returns.

    Raises:
        RuleError: ``NDL-R043`` when something already stands at ``path`` (a key is never
            overwritten), ``NDL-R040`` when the place cannot be written.
    """
    value = secrets.token_bytes(KEY_BYTES)
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(value.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise RuleError(
            "NDL-R043",
            f"{path} already exists and a secret key is never overwritten. Use it, or choose another path.",
        ) from None
    except OSError as error:
        raise RuleError("NDL-R040", f"Cannot write a secret key to {path} ({error.strerror}).") from None
    return SecretKey(value)
