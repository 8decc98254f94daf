"""One way to write a CSV: UTF-8 without byte order mark, comma, LF, quotes only where needed, nothing for a null."""

import io

import polars as pl


def csv_bytes(frame: pl.DataFrame) -> bytes:
    r"""Return a frame of text as CSV.

    An empty text becomes a null first, because polars would write it as two quotes.

    Example:
        >>> csv_bytes(pl.DataFrame({"area_name": ["Bristol, City of", ""], "value": ["12", None]}))
        b'area_name,value\n"Bristol, City of",12\n,\n'
    """
    plain = frame.with_columns(pl.col(pl.String).replace("", None))
    buffer = io.BytesIO()
    plain.write_csv(buffer, include_bom=False, line_terminator="\n", separator=",", quote_style="necessary")
    return buffer.getvalue()
