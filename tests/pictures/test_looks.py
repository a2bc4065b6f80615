"""How pictures come out: both themes, all widths, bounded, with texts that are only texts."""

from __future__ import annotations

import json
import re
import struct
from typing import Any
from xml.etree import ElementTree

import pytest

from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures import render, theme
from healthsim.pictures.picture import Picture, whole_spec
from healthsim.pictures.population import population_pyramid
from healthsim.pictures.theme import Theme
from pictures.conftest import RUNS

pytestmark = pytest.mark.slow

EACH = [("kidneys", kind) for kind in drawing.KINDS] + [("trial", "journey"), ("trial", "series")]
LARGEST = {("kidneys", "person_timeline"), ("trial", "journey")}
"""The pictures with the most marks and the most lines; `make proofs` looks at all PNGs."""
MOST_MARKS = 2_500
PROOF = [pytest.mark.proof]


@pytest.fixture(scope="module")
def drawn(home: Home) -> dict[tuple[str, str], Picture]:
    return {pair: drawing.draw(home, *pair) for pair in EACH}


def _values(node: Any) -> int:
    if isinstance(node, dict):
        own = len(node["values"]) if isinstance(node.get("values"), list) else 0
        return own + sum(_values(part) for part in node.values())
    return sum(map(_values, node)) if isinstance(node, list) else 0


@pytest.mark.parametrize(
    ("pair", "ground", "width"),
    [
        pytest.param(pair, *look, marks=[] if place % 2 == turn or pair in LARGEST else PROOF)
        for place, pair in enumerate(EACH)
        for turn, look in enumerate((("light", 360), ("dark", 1200)))
    ],
)
def test_a_picture_is_whole_in_both_themes_narrow_and_wide(
    drawn: dict[tuple[str, str], Picture], pair: tuple[str, str], ground: Theme, width: int
) -> None:
    """Each kind has its turn in one of the looks, the largest pictures in both."""
    picture = drawn[pair]
    text = render.svg(picture, ground, width)
    root = ElementTree.fromstring(text)
    assert abs(float(root.attrib["width"]) - width) <= 25
    spelled = " ".join("".join(root.itertext()).split())
    assert picture.title.split(":")[0].split()[0] in spelled
    assert "NaN" not in text
    assert "undefined" not in text
    assert "null" not in spelled
    assert picture.rows
    assert all(len(row) == len(picture.columns) for row in picture.rows)
    assert picture.says.endswith(".")
    assert _values(picture.spec) <= MOST_MARKS
    json.dumps([picture.spec, picture.rows])


@pytest.mark.parametrize(
    "pair",
    [pair if pair in LARGEST else pytest.param(pair, marks=pytest.mark.proof) for pair in EACH],
    ids="-".join,
)
def test_a_png_stays_below_its_bound(
    drawn: dict[tuple[str, str], Picture], pair: tuple[str, str]
) -> None:
    image = render.png(drawn[pair])

    wide, tall = struct.unpack_from(">II", image, 16)
    assert len(image) <= render.MOST_BYTES
    assert 380 <= wide <= 2_000
    assert tall <= 2_400


ALL, OF_A_PAYER = set(drawing.KINDS), {"population_pyramid", "asked_against_got", "person_timeline"}


@pytest.mark.parametrize(
    "names",
    [("kidneys", "payer"), pytest.param(tuple(RUNS), marks=pytest.mark.proof)],
    ids=["most and least", "all"],
)
def test_every_scenario_gets_the_kinds_for_which_it_has_rows(
    home: Home, drawn: dict[tuple[str, str], Picture], names: tuple[str, ...]
) -> None:
    fits = {name: set(drawing.pictures_for(home, name)) for name in names}

    assert fits.get("kidneys", ALL) == ALL
    assert fits.get("payer", OF_A_PAYER) == OF_A_PAYER
    for name, kinds in fits.items():
        for kind in kinds - {"asked_against_got"}:
            picture = drawn.get((name, kind)) or drawing.draw(home, name, kind)
            assert picture.rows, (name, kind)


def _picture_of(name: str) -> Picture:
    bar = {"type": "quantitative", "field": "b"}
    view = {"data": {"values": [{"a": name, "b": 1}]}, "mark": "bar",
            "encoding": {"y": {"field": "a", "type": "nominal"}, "x": bar}}  # fmt: skip
    return Picture("x", name, name, whole_spec(name, name, name, view), ["a"], [[name]])


@pytest.mark.parametrize(
    "evil",
    ["</text><script>alert(1)</script>", "&{\"signal\":\"x\"}'", "a\nb", "bell \a", "nul \0",
     "esc \x1b[0m",
     "\ufffe\uffff", "\u202eabc", "z" * 100_000, "🤖" * 50, "e" + "\u0301" * 500],
    ids=lambda evil: ascii(evil)[:12],
)  # fmt: skip
def test_whatever_a_file_holds_stands_in_a_picture_as_text_alone(evil: str) -> None:
    text = render.svg(_picture_of(evil))

    assert "<script" not in text
    assert len(text) < 60_000
    ElementTree.fromstring(text)


def test_a_fault_of_the_renderer_ends_neither_the_server_nor_the_next_picture() -> None:
    broken = _picture_of("x")
    spec = dict(broken.spec) | {"mark": {"type": "no such mark"}}

    with render.session():
        with pytest.raises(render.NoRenderer, match="use the table"):
            render.svg(Picture("x", "x", "x", spec, ["a"], [["x"]]))
        with pytest.raises(render.NoRenderer, match="use the table"):
            _ask_what_aborts()
        assert "<svg" in render.svg(_picture_of("y"))


def _ask_what_aborts() -> None:
    """Send a control character past the door that makes texts printable."""
    spec = {"mark": "text", "data": {"values": [{"a": "\a"}]}, "encoding": {"text": {"field": "a"}}}
    render._rendered({"form": "svg", "spec": spec})


def _contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                  for part in parts]  # fmt: skip
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_marks_stand_out_from_their_ground_and_text_is_easily_read() -> None:
    for place, colours in enumerate((theme.LIGHT, theme.DARK)):
        uses = {use: pair[place] for use, pair in theme.by_use().items()}
        assert all(_contrast(colour, uses["ground"]) >= 3 for colour in colours)
        assert _contrast(uses["ink"], uses["ground"]) >= 7
        assert _contrast(uses["soft"], uses["ground"]) >= 4.5


def test_a_specification_names_no_colour_of_its_own(
    drawn: dict[tuple[str, str], Picture],
) -> None:
    for picture in drawn.values():
        assert not re.search(r"#[0-9a-fA-F]{6}\b", json.dumps(picture.spec)), picture.kind


def test_every_kind_has_a_docstring_that_says_what_it_takes() -> None:
    assert "by:" in (population_pyramid.__doc__ or "")
