"""Lend arrays to compiled code without counting references to them.

Numba counts a reference to every array of a tuple at every call that the tuple is passed to, with an atomic operation
each. Here that took two thirds of all time, and threads that shared the look-ups waited for each other. Whoever lends
must hold the arrays until the borrower is done: the compiled functions that Python calls do, for their arguments.
"""

# ruff: noqa: ANN401 - numba gives and takes its own types.

from typing import Any

from numba.core import types
from numba.core.cgutils import get_null_value, unpack_tuple
from numba.extending import intrinsic


def _borrowed(_context: Any, lent: Any) -> Any:
    """Return a tuple with the same arrays, of which compiled code keeps no count."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        tuple_type = signature.return_type
        parts = []
        lent_parts = unpack_tuple(builder, arguments[0])  # type: ignore[no-untyped-call]
        for kind, part in zip(tuple_type, lent_parts, strict=True):
            if isinstance(kind, types.Array):
                array = context.make_array(kind)(context, builder, part)
                array.meminfo = get_null_value(array.meminfo.type)  # type: ignore[no-untyped-call]
                parts.append(array._getvalue())  # noqa: SLF001 - numba's own way to read a structure
            else:
                parts.append(part)
        return context.make_tuple(builder, tuple_type, parts)

    return lent(lent), code


borrowed: Any = intrinsic(_borrowed)
"""``borrowed(tuple)``: for compiled code only."""
