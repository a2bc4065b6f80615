"""A picture inside a page: shapes and text only, ids of its own, colours by name."""

from __future__ import annotations

import pytest

from healthsim.errors import Refused
from healthsim.report.inline_svg import inlined
from report.hostile import CANARIES, SVG, elements, texts

_OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


@pytest.mark.parametrize(
    "dropped",
    [
        "<script>canary</script>",
        "<foreignObject><b xmlns='http://www.w3.org/1999/xhtml'>canary</b></foreignObject>",
        "<style>canary</style>",
        "<image href='https://canary.example/x.png'/>",
        "<use href='#canary'/>",
        "<animate attributeName='canary'/>",
        "<b:script xmlns:b='http://www.w3.org/1999/xhtml'>canary</b:script>",
        "<script xmlns='urn:other'>canary</script>",
        "<rect onclick='canary'/>",
        "<rect style='background:url(https://canary.example)'/>",
        "<rect fill='url(https://canary.example)'/>",
        "<rect fill='red;canary'/>",
        "<rect clip-path='url(javascript:canary)'/>",
        "<text xml:base='canary'>a</text>",
        "<text xlink:href='javascript:canary'>a</text>",
        "<text class='canary' tabindex='0'>a</text>",
    ],
)
def test_what_can_run_load_link_or_style_is_dropped(dropped: str) -> None:
    assert "canary" not in inlined(f"{_OPEN}{dropped}</svg>", "p", {})


def test_a_link_is_dropped_with_what_is_in_it() -> None:
    svg = (
        f"{_OPEN}<a xlink:href='javascript:canary'><text>inside</text></a><text>beside</text></svg>"
    )

    assert texts(inlined(svg, "p", {})) == "beside"


@pytest.mark.parametrize("canary", CANARIES)
def test_text_of_a_picture_stays_text(canary: str) -> None:
    from xml.sax.saxutils import escape

    kept = canary.replace("\x00", "").replace("\x07", "")
    markup = inlined(SVG.replace("TEXT", escape(kept)), "p", {})

    assert [tag for tag, _ in elements(markup)] == [tag for tag, _ in elements(SVG)]
    assert texts(markup) == kept


def test_ids_and_what_refers_to_them_get_the_prefix_of_the_picture() -> None:
    one, other = inlined(SVG, "one", {}), inlined(SVG, "other", {})

    assert 'id="one-clip0"' in one
    assert 'clip-path="url(#one-clip0)"' in one
    assert "one-clip0" not in other


def test_known_colours_become_names_and_others_stay() -> None:
    markup = inlined(
        SVG.replace("</svg>", '<path stroke="#123456" fill="none"/></svg>'), "p",
        {"#ffffff": "ground", "#0072b2": "mark-1", "#1a1a1a": "ink"},
    )  # fmt: skip

    colours = [(attributes.get("fill"), attributes.get("stroke"))
               for _, attributes in elements(markup)]  # fmt: skip
    assert ("var(--ground)", None) in colours
    assert (None, "var(--mark-1)") in colours
    assert ("var(--ink)", None) in colours
    assert ("none", "#123456") in colours


def test_coordinates_are_kept_to_a_hundredth_of_a_pixel() -> None:
    svg = SVG.replace("M0,0L9,9", "M0.123456,-0.5L12.999999,1.50")

    assert 'd="M0.12,-0.5L12.99,1.50"' in inlined(svg, "p", {})


def test_a_picture_with_a_label_is_an_image_with_that_name_and_without_one_is_decoration() -> None:
    _, labelled = elements(inlined(SVG, "p", {}, "p-says"))[0]
    _, bare = elements(inlined(SVG, "p", {}))[0]

    assert (labelled["role"], labelled["aria-labelledby"]) == ("img", "p-says")
    assert bare["aria-hidden"] == "true"


def test_a_picture_without_a_view_box_gets_one_of_its_size() -> None:
    svg = _OPEN.replace("<svg", "<svg width='30px' height='20'") + "</svg>"
    _, attributes = elements(inlined(svg, "p", {}))[0]

    assert attributes["viewbox"] == "0 0 30 20"


@pytest.mark.parametrize(
    "text",
    ["", "no svg", "<svg", "<html></html>", "<svg/>",
     "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>",
     f"{_OPEN}{'<g/>' * 600_000}</svg>"],
    ids=["empty", "text", "cut", "html", "no namespace", "entities", "huge"],
)  # fmt: skip
def test_what_is_no_picture_for_a_page_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="picture: is no SVG"):
        inlined(text, "p", {})
