"""The chain shows every later change."""

import dataclasses
from typing import Any

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.chain import Entry, broken_links, next_entry, require_whole


def chain(length: int) -> tuple[Entry, ...]:
    entries: tuple[Entry, ...] = ()
    for number in range(length):
        body: dict[str, Any] = {"cohort": "2019/20", "cap": f"{number}/1", "reason": "test"}
        entries += (next_entry(entries, kind="set_cap", body=body, recorded_at=f"t{number}", actor="a"),)
    return entries


def test_an_untouched_chain_is_whole() -> None:
    for length in range(5):
        assert broken_links(chain(length)) == ()
        require_whole(chain(length))


@pytest.mark.parametrize("name", ["kind", "body", "content_hash", "recorded_at", "actor", "previous_hash", "hash"])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_every_changed_field_is_seen(name: str, place: int) -> None:
    entries = list(chain(4))
    entries[place] = dataclasses.replace(entries[place], **{name: getattr(entries[place], name) + "0"})
    assert broken_links(entries)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_dropped_entry_is_seen(place: int) -> None:
    entries = list(chain(4))
    del entries[place]
    assert any("missing" in problem for problem in broken_links(entries))


def test_swapped_entries_are_seen() -> None:
    entries = list(chain(4))
    entries[1], entries[2] = entries[2], entries[1]
    assert broken_links(entries)


def test_a_resealed_entry_breaks_the_one_after_it() -> None:
    entries = chain(3)
    body: dict[str, Any] = {"cohort": "2019/20", "cap": "9/1", "reason": "forged"}
    forged = next_entry(entries[:1], kind="set_cap", body=body, recorded_at="t1", actor="a")
    assert broken_links((entries[0], forged, entries[2])) == ("entry 3 does not continue the entry before it",)


def test_content_hash_ignores_time_and_actor() -> None:
    body: dict[str, Any] = {"cohort": "2019/20"}
    one = next_entry((), kind="set_cap", body=body, recorded_at="t1", actor="a")
    two = next_entry((), kind="set_cap", body=body, recorded_at="t2", actor="b")
    assert one.content_hash == two.content_hash
    assert one.hash != two.hash


def test_a_broken_chain_stops_everything() -> None:
    with pytest.raises(BudgetError, match=r"entry 1 is missing.*restore") as caught:
        require_whole(chain(3)[1:])
    assert caught.value.code == "NDL-B006"
