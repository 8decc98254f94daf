from ndl_publish import columns
from ndl_publish.columns import LEADING, STATUS_SYMBOLS, TRAILING, Mask
from ndl_publish.package.status_words import STATUS_MEANINGS


def test_the_columns_of_a_published_table() -> None:
    assert LEADING == ("time_period", "time_identifier", "geographic_level", "area_code", "area_name")
    assert TRAILING == ("measure", "unit", "value", "lower", "upper", "status")
    assert not set(LEADING) & set(TRAILING)


def test_the_closed_list_of_statuses_and_its_symbols() -> None:
    assert STATUS_SYMBOLS == {
        "published": "",
        "suppressed": "c",
        "low_reliability": "u",
        "not_applicable": "z",
        "not_available": "x",
    }


def test_every_status_has_a_meaning() -> None:
    assert list(STATUS_MEANINGS) == list(STATUS_SYMBOLS)
    assert all(text.endswith(".") for text in STATUS_MEANINGS.values())


def test_two_kinds_of_suppression_are_one_in_public() -> None:
    assert [mask.name for mask in Mask] == ["SHOWN", "PRIMARY_SUPPRESSED", "SECONDARY_SUPPRESSED"]
    assert list(map(int, Mask)) == [0, 1, 2]
    assert not any("primary" in status or "secondary" in status for status in STATUS_SYMBOLS)


def test_only_what_is_shown_is_falsy() -> None:
    assert [bool(mask) for mask in Mask] == [False, True, True]


def test_internal_columns_cannot_be_mistaken_for_public_ones() -> None:
    assert not {columns.PLACE, columns.CHILDREN} & {*LEADING, *TRAILING}
    assert columns.TOTAL == "Total"
