"""Fill the templates in ``package/templates/``; a name that a template uses and nobody gives is an error."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ndl_publish.columns import STATUS_SYMBOLS
from ndl_publish.geography.levels import level_label
from ndl_publish.package.context import PackageContext
from ndl_publish.package.layout import package_name
from ndl_publish.package.status_words import STATUS_MEANINGS
from ndl_publish.package.withheld_figures import withheld_figures
from ndl_publish.spec.dataset import Dataset, ShareMeasure
from ndl_publish.spec.primary_rules import PEOPLE

SYNTHETIC: Final = "**Synthetic records.** These figures are an example and describe nobody."
"""First line of every text about a release of synthetic records."""

_BLANK_LINES: Final = re.compile(r"\n{3,}")
_PEOPLE_QUANTITY: Final = "children"
"""Name of the query that counts people, in the privacy statement of every data set."""


def render(template: str, context: PackageContext) -> bytes:
    """Return a filled template of a package as UTF-8 with one newline at its end."""
    names = {
        "release": context.spec.release,
        "dataset": context.spec.dataset,
        "rules": context.spec.rules,
        "context": context,
        "protection": context.protection,
        "package_name": package_name(context.spec.release),
        "symbols": STATUS_SYMBOLS,
        "meanings": STATUS_MEANINGS,
        "synthetic": SYNTHETIC if context.spec.release.synthetic else "",
        "people": context.spec.dataset.privacy_unit.plural,
        "titles": key_titles(context.spec.dataset),
        "covered": covered_areas(context),
        "example_part": example_part(context),
        "withheld": [figures for table in context.tables for figures in withheld_figures(table)],
    }
    return fill(template, names)


def fill(template: str, names: Mapping[str, Any]) -> bytes:
    """Return a filled template as UTF-8 with one newline at its end.

    Args:
        template: Its file name in ``package/templates/``.
        names: What the template may use.
    """
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
    environment.filters |= {
        "period": period_label,
        "moment": moment_label,
        "cell": cell_text,
        "thousands": thousands,
        "level": level_words,
        "counted": counted,
        "in_words": in_words,
    }
    text = environment.get_template(template).render(names)
    return (_BLANK_LINES.sub("\n\n", text.strip()) + "\n").encode()


def key_titles(dataset: Dataset) -> dict[str, str]:
    """Return what keys of the metadata, of queries and of units are called in texts."""
    people = dataset.privacy_unit.plural
    return {
        **{name: f"{outcome.title} (outcome)" for name, outcome in dataset.outcomes.items()},
        **{name: measure.title for name, measure in dataset.measures.items()},
        **{name: breakdown.title for name, breakdown in dataset.breakdowns.items()},
        **dict.fromkeys((*PEOPLE, _PEOPLE_QUANTITY), people),
    }


def covered_areas(context: PackageContext) -> tuple[str, ...]:
    """Return the names of the areas that a release of a part of the country covers, in the order of the release."""
    areas = context.geography.areas
    names = dict(zip(areas["area_code"], areas["area_name"], strict=True))
    return tuple(names.get(code) or code for code in context.spec.release.geography.areas)


def example_part(context: PackageContext) -> str:
    """Return the title of the first share in the release, "" where it has none."""
    present = {measure.name for measure in context.measures}
    shares = (m for m in context.spec.dataset.measures.values() if isinstance(m, ShareMeasure))
    return next((share.title for share in shares if share.count_name in present), "")


def level_words(level: str) -> str:
    """Return the label of a level for use inside a sentence.

    Example:
        >>> level_words("local_authority")
        'local authority'
    """
    return level_label(level).lower()


def counted(number: float | str, one: str, many: str) -> str:
    """Return a number with the noun in its right form.

    Example:
        >>> counted(1, "area", "areas"), counted("10", "percentage point", "percentage points")
        ('1 area', '10 percentage points')
    """
    return f"{number} {one if float(number) == 1 else many}"


def in_words(key: str, titles: Mapping[str, str]) -> str:
    """Return the title of a key, or the key with spaces.

    Example:
        >>> in_words("fsm", {"fsm": "FSM status"}), in_words("percentage_points", {})
        ('FSM status', 'percentage points')
    """
    return titles.get(key, key.replace("_", " "))


def period_label(time_period: str) -> str:
    """Return a period as people write it.

    Example:
        >>> period_label("202425"), period_label("2011")
        ('2024/25', '2011')
        >>> period_label("202223-202425")
        '2022/23 to 2024/25'
        >>> period_label("202223+202425")
        '2022/23 and 2024/25'
    """
    joint = " and " if "+" in time_period else " to "
    periods = [f"{text[:4]}/{text[4:]}" if text[4:] else text for text in re.split(r"[-+]", time_period)]
    return joint.join(periods)


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
