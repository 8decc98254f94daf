"""Fill the templates in ``package/templates/``; a name that a template uses and nobody gives is an error."""

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from ndl_publish.columns import STATUS_SYMBOLS
from ndl_publish.package.context import PackageContext
from ndl_publish.package.layout import package_name
from ndl_publish.package.status_words import STATUS_MEANINGS

_BLANK_LINES: Final = re.compile(r"\n{3,}")


def render(template: str, context: PackageContext) -> bytes:
    """Return a filled template as UTF-8 with one newline at its end."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415 - on use

    folder = Path(__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters |= {"period": period_label, "moment": moment_label, "cell": cell_text, "thousands": thousands}
    text = environment.get_template(template).render(
        release=context.spec.release,
        dataset=context.spec.dataset,
        rules=context.spec.rules,
        context=context,
        protection=context.protection,
        package_name=package_name(context.spec.release),
        symbols=STATUS_SYMBOLS,
        meanings=STATUS_MEANINGS,
    )
    return (_BLANK_LINES.sub("\n\n", text.strip()) + "\n").encode()


def period_label(time_period: str) -> str:
    """Return a period as people write it.

    Example:
        >>> period_label("202425"), period_label("2011")
        ('2024/25', '2011')
    """
    year, rest = time_period[:4], time_period[4:]
    return f"{year}/{rest}" if rest else year


def moment_label(moment: datetime) -> str:
    """Return a moment in words, in the time zone it was written in.

    Example:
        >>> moment_label(datetime.fromisoformat("2026-11-26T09:30:00+00:00"))
        '26 November 2026, 09:30 (UTC+00:00)'
    """
    zone = moment.isoformat()[-6:]
    return f"{moment.day} {moment:%B %Y, %H:%M} (UTC{zone})"


def cell_text(text: str) -> str:
    r"""Return text for a cell of a Markdown table.

    Example:
        >>> cell_text("a | b")
        'a \\| b'
    """
    return " ".join(text.split()).replace("|", "\\|")


def thousands(number: int) -> str:
    """Return a whole number with commas.

    Example:
        >>> thousands(1234567)
        '1,234,567'
    """
    return f"{number:,}"
