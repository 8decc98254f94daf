"""No column may name or hold a direct identifier: names, full dates, postcodes, UPN, NHS number, e-mail, phone.

Headers are looked at first, then the content of every column, declared or not: a sample of rows from the top of the
files, and for a column that is empty there, its first values. The values stay in this module; findings name columns.

Source:
    UPN check letter: Department for Education, "Unique pupil numbers: guide", annex on structure. NHS number check
    digit: NHS Data Dictionary, attribute NHS NUMBER (modulus 11).
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

import narwhals as nw

from ndl_publish.engines.protocol import ROW, Engine
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.months import MONTH_PATTERN
from ndl_publish.records.model import Extract, Records
from ndl_publish.spec.columns import MonthColumn

_SAMPLE_ROWS: Final = 5000
_NAME_WORDS: Final = re.compile(
    r"(?:^|_)(?:(?:fore|sur|first|last|family|given|middle|preferred|birth|maiden)_?names?"
    r"|(?:full|child|childs|pupil|person|student|patient|parent|carer|mother|father)_?names?"
    r"|upn|former_?upn|uln|nino|nhs|nhs_?(?:no|num|nbr|number|id)|newnhsno"
    r"|dob|d_o_b|birth_?(?:date|day)|date_?of_?birth|day_?of_?birth|person_?birth_?date"
    r"|post_?codes?|pcds?|zip_?codes?|address(?:es)?|addr|address_?line|street|uprn"
    r"|e_?mails?|e_?mail_?address|(?:tele)?phones?|(?:tele)?phone_?(?:no|num|number)|mobile|mobile_?(?:no|number)"
    r"|tel|national_?insurance(?:_?(?:no|number))?)(?:_?\d+)?(?:_|$)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:18|19|20)\d{2}"
_TIME = r"(?:[ T]\d{1,2}:\d{2}\S*)?"
_FULL_DATE: Final = re.compile(
    rf"(?:{_YEAR}([-/.]){_MONTH}\1{_DAY}|{_DAY}([-/.]){_MONTH}\2(?:{_YEAR}|\d{{2}})|{_MONTH}/{_DAY}/{_YEAR}"
    rf"|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|{_DAY}[- ][A-Za-z]{{3,9}}[- ]{_YEAR}){_TIME}"
)
_POSTCODE: Final = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\s*\d[ABD-HJLNP-UW-Z]{2}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE: Final = re.compile(r"(?:\+44\s?\(?0?\)?|0)(?:[ -]?\d){10}")
_UPN: Final = re.compile(r"[A-HJ-NP-RT-Z]\d{11}[\dA-HJ-NP-RT-Z]")
_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_NHS: Final = re.compile(r"\d{3}[ -]?\d{3}[ -]?\d{4}")


def direct_identifiers(records: Records, geography: Geography, *, engine: Engine) -> tuple[Finding, ...]:
    """Return ``NDL-V010`` for each column named like an identifier, ``NDL-V011`` for each that holds identifiers.

    Full dates in a column declared as month are told by ``NDL-V015``, with the rows; here only where they stand in rows
    that check does not see, those of other periods.
    """
    del geography
    findings: list[Finding] = []
    for name, extract in records.extracts.items():
        named = {column for column in extract.header if is_identifier_name(column)}
        for column in extract.header:
            where = f"{name}, column {column}"
            if column in named:
                message = "is named like a direct identifier. Take the column out of the extract."
                findings.append(Finding("NDL-V010", "error", where, message))
        months = _month_columns(records, name)
        for column, kind in _held(extract, engine).items():
            is_month = kind == _DATES and column in months
            if column in named or (is_month and _told_as_month(records, name, months[column], engine)):
                continue
            advice = "Write the month only, YYYY-MM." if is_month else "Take the column out of the extract."
            message = f"most of its values look like {kind}. {advice}"
            findings.append(Finding("NDL-V011", "error", f"{name}, column {column}", message))
    return tuple(findings)


def _month_columns(records: Records, name: str) -> dict[str, str]:
    """Return the columns of a source declared as month: name in the files -> canonical name."""
    source = records.spec.dataset.sources.get(name)
    declared = source.columns if source else {}
    in_files = records.extracts[name].columns
    return {in_files[column]: column for column, kind in declared.items() if isinstance(kind, MonthColumn)}


def _told_as_month(records: Records, name: str, column: str, engine: Engine) -> bool:
    """Say whether ``NDL-V015`` tells this column."""
    wrong = records.sources[name].filter(~nw.col(column).str.contains(MONTH_PATTERN))
    return engine.collect(wrong.select(column).head(1)).height > 0


def is_identifier_name(header: str) -> bool:
    """Say whether a column is named like a direct identifier, however it is spelt.

    Example:
        >>> is_identifier_name("FSP_UPN"), is_identifier_name("DateOfBirth"), is_identifier_name("birth_month")
        (True, True, False)
    """
    words = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", header)
    words = re.sub(r"[^a-z\d]+", "_", words.lower()).strip("_")
    return bool(_NAME_WORDS.search(words) or _NAME_WORDS.search(words.replace("_", "")))


def is_upn(value: str) -> bool:
    """Say whether a value is a unique pupil number, permanent or temporary, with its check letter.

    Example:
        >>> is_upn("B801200005001"), is_upn("A801200005001")
        (True, False)
    """
    if not _UPN.fullmatch(value):
        return False
    digits = [int(c) if c.isdecimal() else _UPN_LETTERS.index(c) for c in value[1:]]
    return value[0] == _UPN_LETTERS[sum(weight * digit for weight, digit in enumerate(digits, start=2)) % 23]


def is_nhs_number(value: str) -> bool:
    """Say whether a value is an NHS number: ten digits, the last a modulus 11 check digit.

    Example:
        >>> is_nhs_number("943 476 5919"), is_nhs_number("9434765918")
        (True, False)
    """
    if not _NHS.fullmatch(value):
        return False
    digits = [int(c) for c in value if c.isdecimal()]
    check = -sum(weight * digit for weight, digit in zip(range(10, 1, -1), digits[:9], strict=True)) % 11
    return len(set(digits)) > 1 and check == digits[9]


_DATES: Final = "full dates"
_KINDS: Final[dict[str, Callable[[str], object]]] = {
    "unique pupil numbers": is_upn,
    "NHS numbers": is_nhs_number,
    _DATES: _FULL_DATE.fullmatch,
    "postcodes": _POSTCODE.fullmatch,
    "e-mail addresses": _EMAIL.fullmatch,
    "phone numbers": _PHONE.fullmatch,
}


def kind_held(values: Iterable[str]) -> str | None:
    """Return which kind of identifier more than half of the different values are; ``None`` for none."""
    different = {value.strip().upper() for value in values} - {""}
    for kind, test in _KINDS.items():
        if 2 * sum(bool(test(value)) for value in different) > len(different):
            return kind
    return None


def _held(extract: Extract, engine: Engine) -> dict[str, str]:
    """Return the columns of an extract that hold identifiers, with the kind."""
    header = tuple(dict.fromkeys(extract.header))
    frame = engine.scan(extract.files, columns=header)
    sample = engine.collect(frame.drop(ROW).head(_SAMPLE_ROWS))
    held = {}
    for column in header:
        values = sample[column].drop_nulls().unique()
        values = values.filter(values != "")
        if values.is_empty() and sample.height == _SAMPLE_ROWS:
            filled = frame.select(column).filter(~nw.col(column).is_null() & (nw.col(column) != ""))
            values = engine.collect(filled.head(_SAMPLE_ROWS))[column].unique()
        kind = kind_held(values.to_list())
        if kind is not None:
            held[column] = kind
    return held
