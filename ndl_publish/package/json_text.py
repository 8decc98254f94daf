"""One way to write JSON: two spaces, UTF-8, a newline at the end; nothing that JSON does not have."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import numpy as np


def json_bytes(content: Any, *, sort_keys: bool = False) -> bytes:  # noqa: ANN401 - JSON
    r"""Return content as JSON.

    Raises:
        ValueError: For numbers that are not finite.
        TypeError: For a type that has no place in JSON; names the type only.

    Example:
        >>> json_bytes({"rho": Decimal("0.1")})
        b'{\n  "rho": "0.1"\n}\n'
    """
    text = json.dumps(content, indent=2, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False, default=_plain)
    return f"{text}\n".encode()


def _plain(content: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(content, date):
        return content.isoformat()
    if isinstance(content, Decimal | Fraction | PurePath):
        return str(content)
    if isinstance(content, np.generic | np.ndarray):
        return content.tolist()
    if isinstance(content, set | frozenset):
        return sorted(content)
    raise TypeError(f"{type(content).__name__} has no place in JSON")
