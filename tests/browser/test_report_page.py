"""The report in a real browser: it fits, its colours, its keys, its policy, its paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from browser.visiting import Visit, shot, sideways, violations

SIZES = [("light", 1280), ("light", 360), ("dark", 1280), ("dark", 360), ("light", 800)]


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_the_page_fits_its_window_and_axe_finds_nothing_wrong(
    visit: Visit, report: Path, theme: str, width: int
) -> None:
    page = visit.open(report, theme, width)
    shot(page, f"report-{theme}-{width}")

    assert sideways(page) == 0
    assert violations(page) == []
    page.evaluate(
        "() => { for (const one of document.querySelectorAll('details')) one.open = true }"
    )
    assert sideways(page) == 0
    assert violations(page) == []


@pytest.mark.parametrize(("theme", "width"), SIZES[:4])
def test_a_hostile_scenario_runs_nothing_and_breaks_nothing(
    visit: Visit, hostile_report: Path, theme: str, width: int
) -> None:
    page = visit.open(hostile_report, theme, width)
    shot(page, f"hostile-{theme}-{width}")
    for place in page.locator("summary").all():
        place.click()
    for place in page.locator("main").all():
        place.hover()

    shown = "wide" if width == 1280 else "narrow"
    assert page.locator(f".{shown} text", has_text="<img src=x").count() >= 1
    assert page.evaluate("window.canary") is None
    assert sideways(page) == 0
    assert violations(page) == []


def test_the_policy_would_stop_a_script_that_got_in(visit: Visit, report: Path) -> None:
    spoiled = report.with_name("spoiled.html")
    spoils = (
        "<script>window.canary=1</script><style>main{display:none}</style>"
        "<img src='https://x.example/a.png' onerror='window.canary=2'></main>"
    )
    text = report.read_text(encoding="utf-8").replace("</main>", spoils, 1)
    spoiled.write_text(text, encoding="utf-8")
    page = visit.open(spoiled)
    page.wait_for_load_state()

    assert page.evaluate("window.canary") is None
    assert page.locator("main").is_visible()
    assert sum("Content Security Policy" in one for one in visit.complaints) >= 3
    visit.complaints.clear()


def test_colours_follow_the_system_until_the_person_chooses(visit: Visit, report: Path) -> None:
    dark = visit.open(report, "dark")
    assert _ground(dark) == "rgb(22, 24, 29)"
    dark.get_by_label("Light").check()
    assert _ground(dark) == "rgb(255, 255, 255)"
    dark.get_by_label("System").check()
    assert _ground(dark) == "rgb(22, 24, 29)"

    light = visit.open(report, "light")
    assert _ground(light) == "rgb(255, 255, 255)"
    light.get_by_label("Dark").check()
    assert _ground(light) == "rgb(22, 24, 29)"
    assert _drawn(light) == _drawn(dark)


def _ground(page: Any) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def _drawn(page: Any) -> list[str]:
    """Return the colours of the shapes of all pictures, as they are shown."""
    shapes = "[...document.querySelectorAll('.wide svg *')]"
    return list(page.evaluate(f"[...new Set({shapes}.map(one => getComputedStyle(one).fill))]"))


def test_every_control_and_table_is_reached_by_the_keyboard_in_the_order_of_the_page(
    visit: Visit, report: Path
) -> None:
    page = visit.open(report)
    for summary in page.locator("summary").all():
        summary.press("Enter")
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href], input:checked, summary, [tabindex=\"0\"]')]"
        ".filter(one => one.checkVisibility())"
        ".map((one, place) => one.dataset.place = String(place))"
    )
    page.locator(".skip").focus()
    reached = []
    for _ in wanted:
        reached.append(page.evaluate("document.activeElement.dataset.place"))
        page.keyboard.press("Tab")

    assert len(wanted) > 20
    assert page.locator("table").count() == page.locator("[tabindex='0'] > table").count()
    assert reached == wanted


def test_the_first_key_offers_to_skip_to_the_content(visit: Visit, report: Path) -> None:
    page = visit.open(report)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0

    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "content"


def test_arrow_keys_change_the_colours_of_the_page(visit: Visit, report: Path) -> None:
    page = visit.open(report)
    page.get_by_label("System").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")

    assert page.get_by_label("Dark").is_checked()
    assert _ground(page) == "rgb(22, 24, 29)"


def test_one_of_two_drawings_is_shown_by_the_width_of_the_window(
    visit: Visit, report: Path
) -> None:
    for width, shown, hidden in ((1280, ".wide", ".narrow"), (360, ".narrow", ".wide")):
        page = visit.open(report, width=width)
        pictures = page.locator(".picture")
        for place in range(pictures.count()):
            assert pictures.nth(place).locator(shown).is_visible()
            assert not pictures.nth(place).locator(hidden).is_visible()
            size = pictures.nth(place).locator(f"{shown} svg").bounding_box()
            assert size["width"] > 200
            assert size["height"] > 60


def test_on_paper_every_table_is_open_and_everything_is_light(visit: Visit, report: Path) -> None:
    page = visit.open(report, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    shot(page, "report-print")

    assert _ground(page) == "rgb(255, 255, 255)"
    tables = page.locator("table")
    assert all(tables.nth(place).is_visible() for place in range(tables.count()))
    assert not page.locator("nav").is_visible()
    assert not page.locator(".theme").is_visible()


def test_a_specification_is_saved_as_a_file_by_its_link(visit: Visit, report: Path) -> None:
    page = visit.open(report)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save profile.json").click()
    saved = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))

    assert waiting.value.suggested_filename == "profile.json"
    assert (saved["kind"], saved["count"]) == ("profile", 200)


def test_a_picture_is_read_out_as_its_sentence(visit: Visit, report: Path) -> None:
    page = visit.open(report)
    for figure in page.locator("figure.picture").all():
        said = figure.locator("figcaption").inner_text()
        assert page.get_by_role("img", name=said, exact=True).count() >= 1
