"""The page of a report: text stays text, it asks for nothing, and its structure can be read."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from healthsim.operations import inlining
from healthsim.report.facts import MANY_ROWS, MOST_ROWS, Document, Grid, Part, Report
from healthsim.report.page import render, stylesheet
from report.hostile import CANARIES, elements, report, texts

COLOURS = inlining.colours()


def _page(found: Report | None = None) -> str:
    return render(found or report(), COLOURS)


@pytest.mark.parametrize("canary", CANARIES)
def test_no_text_of_a_scenario_becomes_markup(canary: str) -> None:
    shape = [(tag, sorted(attributes)) for tag, attributes in elements(_page())]

    assert [
        (tag, sorted(attributes)) for tag, attributes in elements(_page(report(canary)))
    ] == shape


@pytest.mark.parametrize("canary", CANARIES)
def test_text_of_a_scenario_is_shown_as_it_is_but_for_control_characters(canary: str) -> None:
    shown = canary.replace("\x00", "�").replace("\x07", "�")

    assert texts(_page(report(canary))).count(shown) >= 20


def test_no_attribute_handles_an_event_and_no_link_leads_out_of_the_page() -> None:
    for canary in CANARIES:
        for _, attributes in elements(_page(report(canary))):
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            for link in (attributes.get("href", "#"), attributes.get("src", "#")):
                assert link.startswith(
                    ("#", "data:application/json;base64,", "data:image/svg+xml,")
                )


def test_the_policy_of_the_page_allows_its_own_style_and_nothing_else() -> None:
    page = _page()
    policy = next(attributes["content"] for tag, attributes in elements(page)
                  if attributes.get("http-equiv") == "Content-Security-Policy")  # fmt: skip
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
                      "base-uri 'none'; form-action 'none'")  # fmt: skip
    assert "script" not in {tag for tag, _ in elements(page)}


def test_the_style_sheet_asks_for_nothing() -> None:
    assert not re.search(r"url\(|@import|https?:", stylesheet(COLOURS))


def test_every_id_is_there_once_and_every_reference_to_one_leads_somewhere() -> None:
    found = elements(_page())
    ids = Counter(attributes["id"] for _, attributes in found if "id" in attributes)
    named = {name for _, attributes in found
             for name in attributes.get("aria-labelledby", "").split()}  # fmt: skip
    linked = {attributes["href"][1:] for _, attributes in found
              if attributes.get("href", "").startswith("#")}  # fmt: skip

    assert [name for name, times in ids.items() if times > 1] == []
    assert named | linked <= set(ids)


def test_headings_go_down_one_level_at_a_time_under_one_title() -> None:
    levels = [int(tag[1]) for tag, _ in elements(_page()) if re.fullmatch("h[1-6]", tag)]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_heads_with_a_scope() -> None:
    page = _page()

    assert page.count("<table>") == page.count("<caption ") == 7
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in elements(page)
               if tag == "th")  # fmt: skip


def test_a_picture_is_an_image_named_by_its_sentence_with_a_table_behind_it() -> None:
    found = elements(_page())
    images = [attributes for tag, attributes in found if attributes.get("role") == "img"]

    assert [one["aria-labelledby"] for one in images] == ["pyramid-says"] * 2
    assert "pyramid-table" in {attributes.get("id") for _, attributes in found}


def test_a_picture_that_nothing_renders_is_its_open_table() -> None:
    page = _page()
    series = page[page.index('id="series-title"') : page.index('id="asked"')]

    assert "<svg" not in series
    assert "<details open>" in series


def test_an_empty_scenario_has_a_page_without_the_sections_that_would_be_empty() -> None:
    empty = Report(name="nobody", description="", people=0, rows=0, seed=0, digest="",
                   engine_version="0.1.0", notes=["There is nobody in this scenario."])  # fmt: skip
    found = {attributes.get("id") for _, attributes in elements(_page(empty))}

    assert {"summary", "contents", "again"} <= found
    assert not found & {"request", "pictures", "asked", "checks"}
    assert "There is nobody in this scenario." in texts(_page(empty))


def test_a_table_is_folded_above_a_screen_and_cut_above_what_a_page_can_hold() -> None:
    def asked(rows: int) -> str:
        grid = Grid("many", ("a",), [[number] for number in range(rows)])
        page = _page(replace(report(), asked=Part("", [grid])))
        return page[page.index('id="asked"') : page.index('id="checks"')]

    assert "<details>" not in asked(MANY_ROWS)
    assert "<details>" in asked(MANY_ROWS + 1)
    assert "are shown" not in asked(MOST_ROWS)
    assert f"The first {MOST_ROWS} of {MOST_ROWS + 1} rows are shown" in asked(MOST_ROWS + 1)
    assert asked(MOST_ROWS + 1).count("<tr>") == MOST_ROWS + 1  # with the one of the heads


def test_a_specification_that_is_saved_from_the_page_is_the_one_that_is_read_on_it() -> None:
    text = '{\n  "title": "é </a> \\" & 𝕏"\n}\n'
    page = _page(replace(report(), documents=[Document("profile.json", "profile", "t", "", text)]))
    link = next(attributes for tag, attributes in elements(page) if "download" in attributes)

    assert link["download"] == "profile.json"
    assert base64.b64decode(link["href"].partition(",")[2]).decode() == text
    assert text in texts(page)


def test_the_page_without_what_a_scenario_says_is_under_40_kilobytes() -> None:
    empty = Report(name="", description="", people=0, rows=0, seed=0, digest="", engine_version="")

    assert len(_page(empty).encode()) < 40_000


def test_the_same_report_is_the_same_text() -> None:
    assert _page() == _page()


def test_the_page_says_that_nobody_is_real_and_where_providers_are_that_no_patient_is() -> None:
    invented, imported = (
        texts(_page(replace(report(), real_providers=real))) for real in (False, True)
    )

    assert invented.count("obody in it is real") == 2
    assert "obody in it is real" not in imported
    assert imported.count("o patient in it is real") == 2
    assert "hospitals and pharmacies may be those of public directories" in imported


def test_navigation_and_headings_use_the_same_words() -> None:
    page = _page()
    linked = re.findall(r'<li><a href="#[a-z]+">(.*?)</a>', page)
    headings = [re.sub("<.*?>", "", text) for text in re.findall(r"<h2[^>]*>(.*?)</h2>", page)]

    assert linked == headings
    assert linked[0] == "Summary"


def test_the_title_says_what_the_scenario_is() -> None:
    (title,) = re.findall("<title>(.*?)</title>", _page(replace(report(), people=200)))

    assert title.startswith(f"{report().name}: 200 synthetic people; ")
    assert '<p class="what"><bdi>200 synthetic people; ' in _page(replace(report(), people=200))


def test_a_verdict_that_a_wide_tolerance_gives_has_no_look_of_its_own() -> None:
    said = ["met within ±9 points", "met within ±9 points: even half of it would be", "off"]
    grid = Grid("figures", ("figure", "verdict"), [["a", text] for text in said], verdict=1)
    page = _page(replace(report(), checks=Part("", [grid])))
    page = page[page.index('id="checks"') : page.index('id="contents"')]

    assert [re.findall(rf'<td( class="\w+")?><bdi>{text}</bdi>', page) for text in said] == [
        [' class="good"'], [""], [' class="bad"'],
    ]  # fmt: skip
