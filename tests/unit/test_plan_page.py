"""The page of a plan: complete, valid, self-contained, and never over another file."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from ndl_publish.errors import TargetError
from ndl_publish.pipeline import prepare
from ndl_publish.plan_page import plan_page, refuse_page, write_page
from ndl_publish.release_plan import ReleasePlan, release_plan
from tests.command import PILOT
from tests.plans import TARGETS, home_in, prepared_with

VOID = {"meta", "rect"}


class Page(HTMLParser):
    """Reads a page: its tags with their attributes, its headings, and whether all that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ReleasePlan:
    folder = tmp_path_factory.mktemp("page")
    return release_plan(prepared_with(folder, *TARGETS)[0], home_in(folder))


@pytest.fixture(scope="module")
def text(plan: ReleasePlan) -> str:
    return plan_page(plan).decode()


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_all_that_opens_closes(text: str, page: Page) -> None:
    assert page.open == []
    assert text.startswith("<!DOCTYPE html>\n")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_it_needs_nothing_else(text: str, page: Page) -> None:
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "base", "form", "a"}
    attributes = {name for _, found in page.tags for name in found}
    assert not attributes & {"src", "href", "srcset", "action", "xlink:href"}
    assert not any(name.startswith("on") for name in attributes)
    assert not re.search(r"@import|url\(", text)


def test_it_can_be_read_by_everybody(text: str, page: Page) -> None:
    assert page.all("html") == [{"lang": "en-GB"}]
    assert re.search(r"<title>Plan: .+</title>", text)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= before + 1 for before, later in pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(cell.get("scope") in {"col", "row", "rowgroup"} for cell in page.all("th"))


def test_each_chart_has_words_and_a_table(text: str, page: Page) -> None:
    drawn = page.all("svg")
    assert len(drawn) == 4
    assert all(chart["role"] == "img" for chart in drawn)
    for chart in drawn:
        for name in (chart["aria-labelledby"] or "").split():
            assert f'id="{name}"' in text
    assert text.count("</svg>\n<table>") == len(drawn)
    assert all(0 <= float(bar["width"] or -1) <= 265 for bar in page.all("rect"))


def test_it_says_what_the_terminal_says(text: str) -> None:
    for words in (
        "Cost: rho 0.1 of cohort synthetic-2019-20",
        "at most about 58.8 times out of 100",
        "5 releases at this cost fit",
        "What half and double the rho would buy",
        "publish wards instead",
        "LA rates within 2 points for groups of 200",
        "<pre>weights:",
        "Synthetic records.",
        "no record was read",
    ):
        assert words in text


def test_words_of_the_release_are_no_markup(plan: ReleasePlan, tmp_path: Path) -> None:
    release = (PILOT / "release.yaml").read_text(encoding="utf-8")
    (tmp_path / "release.yaml").write_text(release.replace("title: Early", 'title: <script src="x"> & Early', 1))
    found = plan_page(release_plan(prepare(tmp_path / "release.yaml"), home_in(tmp_path))).decode()
    assert "<script" not in found
    assert "&lt;script" in found
    assert plan_page(plan) == plan_page(plan), "same input, same bytes"


def test_a_classic_page_has_tables_and_no_charts(tmp_path: Path) -> None:
    text = plan_page(release_plan(prepare(PILOT / "release_classic.yaml"), home_in(tmp_path))).decode()
    page = Page(text)
    assert page.open == []
    assert page.all("svg") == []
    assert "no privacy loss is charged" in text
    assert "±" not in text


def test_it_is_written_once(plan: ReleasePlan, tmp_path: Path) -> None:
    place = tmp_path / "plan.html"
    refuse_page(place)
    write_page(plan, place)
    assert place.read_bytes() == plan_page(plan)
    for wrong, code in (
        (place, "NDL-T001"),
        (tmp_path / "none/plan.html", "NDL-T003"),
        (tmp_path / "plan.txt", "NDL-T004"),
    ):
        with pytest.raises(TargetError) as caught:
            refuse_page(wrong)
        assert caught.value.code == code
    with pytest.raises(TargetError) as caught:
        write_page(plan, place)
    assert caught.value.code == "NDL-T003", "something came to stand there in the meantime"
