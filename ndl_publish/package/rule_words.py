"""The primary rules of mode ``classic`` in sentences for readers, from the public privacy statement."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

Rule = Mapping[str, Any]


def rule_sentences(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield a sentence for each rule that withholds figures for what they are; zeros have words of their own.

    Args:
        rules: The entries under ``rules`` of the statement.

    Example:
        >>> next(rule_sentences([{"method": "threshold", "minimum_count": 5}]))
        'Counts of at least one but fewer than 5 are withheld.'
    """
    for rule in rules:
        words = _WORDS.get(str(rule.get("method")))
        if words is not None:
            yield words(rule) + "."


def interval_sentences(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield, for each rule that withholds figures, what must remain possible of them.

    Args:
        rules: The entries under ``rules`` of the statement.

    Example:
        >>> next(interval_sentences([{"method": "threshold", "minimum_count": 5}]))
        'A count withheld because it is fewer than 5: it is 0 in one such table, and 5 or more in another.'
    """
    for rule in rules:
        withheld, possible = _withheld_because(rule), interval_words(rule)
        if possible is not None:
            yield f"{withheld}: it is {possible}."


def interval_words(rule: Rule) -> str | None:
    """Return what a figure that a rule withholds must be able to be, as far as others can tell.

    Args:
        rule: An entry under ``rules`` of the statement.

    Returns:
        Words that go on from "it is"; none for a rule that withholds nothing.
    """
    method = str(rule.get("method"))
    if method == "threshold":
        return f"0 in one such table, and {rule['minimum_count']} or more in another"
    if method == "zero":
        is_withheld = rule.get("policy") == "protect"
        return "0 in one such table, and no longer small in another" if is_withheld else None
    if method == "group_disclosure":
        return f"off by {rule['uncertainty']} or more in some such table, or by all where there are fewer"
    also = "" if method == "minimum_contributors" else ", further where the rule needs it"
    return (
        "higher in one such table, and lower in another, by the smallest count that may be shown or more (or as low "
        f"as 0){also}"
    )


def _withheld_because(rule: Rule) -> str:
    names = _measures(rule)
    about = f" ({names})" if names else ""
    if rule["method"] == "threshold":
        return f"A count withheld because it is fewer than {rule['minimum_count']}{about}"
    if rule["method"] == "zero":
        return "A zero withheld like a small count"
    if rule["method"] == "group_disclosure":
        return f"The count of those who reached a measure, withheld for a percentage of 0 or 100{about}"
    return f"A count withheld for its contributors ({rule['contributor']}, {str(rule['method']).replace('_', ' ')})"


def hides_shares_at_the_ends(rules: Iterable[Rule]) -> bool:
    """Say whether some share is withheld for being 0% or 100%."""
    return any(rule.get("method") == "group_disclosure" for rule in rules)


def _threshold(rule: Rule) -> str:
    small = f"ounts of at least one but fewer than {rule['minimum_count']} are withheld"
    names = _measures(rule)
    return f"For {names}, c{small}, of those who reached it and of those who did not" if names else f"C{small}"


def _group_disclosure(rule: Rule) -> str:
    names = _measures(rule)
    about = f" ({names})" if names else ""
    return (
        f"Where a percentage would be 0 or 100{about}, it is withheld with the counts of those who reached the measure "
        "and of those who did not"
    )


def _minimum_contributors(rule: Rule) -> str:
    n, contributor = rule["minimum_count"], rule["contributor"]
    return f"{_what(rule)} at least one but fewer than {n} contributors are withheld (contributor: {contributor})"


def _dominance(rule: Rule) -> str:
    n, percent, contributor = rule["largest"], rule["percent"], rule["contributor"]
    largest = "one contributor" if n == 1 else f"the {n} largest contributors together"
    return f"{_what(rule)} {largest} to more than {percent}% are withheld (contributor: {contributor})"


def _p_percent(rule: Rule) -> str:
    percent, contributor = rule["percent"], rule["contributor"]
    return (
        f"{_what(rule)} one contributor and little else are withheld: from a figure shown, no other contributor can "
        f"estimate what the largest brings to within {percent}% (contributor: {contributor})"
    )


def _what(rule: Rule) -> str:
    return f"Means `{rule['of']}`, with their counts, that come from" if rule.get("of") else "Counts that come from"


def _measures(rule: Rule) -> str:
    return ", ".join(f"`{name}`" for name in rule.get("measures", ()))


_WORDS: Final[dict[str, Callable[[Rule], str]]] = {
    "threshold": _threshold,
    "group_disclosure": _group_disclosure,
    "minimum_contributors": _minimum_contributors,
    "dominance": _dominance,
    "p_percent": _p_percent,
}
