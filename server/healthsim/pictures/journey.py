"""A journey as a diagram: its steps, and how many people got each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthsim.errors import NotFound, near
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source
from healthsim.pictures.steps import Box, boxes_of, steps_of_children
from healthsim.pictures.strips import pixels
from healthsim.pictures.words import people, percent, short
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec

KIND = "journey"

_ROW, _BOX, _INDENT = 34, 26, 20  # pixels: of a row, of its box, to the right for each depth
_ACROSS = 10  # pixels from a box's left side to the line of those inside
_ORDER = ("phase", "event", "branch", "option", "repeat", "stage", "end")
_KIND = {"stages": "stage", "wait": "repeat", "more": "phase"}  # kinds that share a colour


def journey(source: Source, what: str = "") -> Picture:
    """Draw a journey as boxes in boxes, with the share of its people who got each step.

    Args:
        source: the scenario.
        what: name of the journey; the first one if there are several and none is given.

    Raises:
        NothingToDraw: the scenario has no journey, or nothing happened.
        NotFound: no journey is called so.
        SpecError: this version cannot read the journey.
    """
    spec = _chosen(source, what)
    boxes = boxes_of(spec)
    counts = _Counts(source, spec, boxes)
    if not counts.walked:
        raise NothingToDraw(source.name, f"has no event of {short(spec.name)}: nobody was in it",
                            "draw another kind, or run it for people who are eligible")  # fmt: skip
    rows = [counts.row(place, box) for place, box in enumerate(boxes)]
    title, says = _told(spec, boxes, rows, counts.walked)
    subtitle = (f"Share and number of the {people(counts.walked)} of the journey who got each step"
                "; lines join a step with what it holds; days decide the order")  # fmt: skip
    if counts.born:
        subtitle += f"; of steps of the newborn: of {counts.born:,} born"
    hidden = sum(box.folded for box in boxes)
    subtitle += f"; {hidden} steps inside others are not shown" if hidden else ""
    view = _view(boxes, rows)
    columns = ["step", "kind", "people", "share", "events", "median_day", "depth"]
    return Picture(KIND, title, says, whole_spec(title, subtitle, says, view), columns, rows)


def _chosen(source: Source, what: str) -> JourneySpec:
    texts = source.manifest.journeys
    if not texts or not source.has("events", "step", "option", "journey"):
        raise NothingToDraw(source.name, "has no journey", "draw another kind, such as conditions")
    names = [str(one.get("name")) for one in source.journeys]
    wanted = what.strip() or names[0]
    if wanted not in names:
        raise NotFound("what", f"{source.name} has no journey {short(wanted, 40)!r}",
                       near(short(wanted, 40), names))  # fmt: skip
    return read(JourneySpec, texts[names.index(wanted)], f"journey {short(wanted)}")


class _Counts:
    """How many people and events each box has.

    Attributes:
        walked: people with any event of the journey, but for those born in it; `born` are these.
    """

    def __init__(self, source: Source, spec: JourneySpec, boxes: Sequence[Box]) -> None:
        name = spec.name
        held = [(place, step, box.option) for place, box in enumerate(boxes)
                for step in box.inside]  # fmt: skip
        sql = (
            "WITH b AS (SELECT unnest(?::INT[]) AS box, unnest(?::VARCHAR[]) AS step, "
            "unnest(?::VARCHAR[]) AS way), first AS (SELECT person_id, min(event_date) AS day "
            "FROM events WHERE journey = ? GROUP BY person_id) SELECT box, "
            "count(DISTINCT person_id), count(*), median(event_date - first.day) FROM events "
            "JOIN b USING (step) JOIN first USING (person_id) WHERE journey = ? AND "
            "(way = '' OR way = option) AND "
            "NOT (type = 'visit' AND coalesce(option = 'missed', false)) GROUP BY box"
        )
        columns = [list(column) for column in zip(*held, strict=True)] if held else [[], [], []]
        self._of: Mapping[int, tuple[Any, ...]] = {
            row[0]: row[1:] for row in source.select(sql, *columns, name, name)
        }
        ((everybody, born),) = source.select(
            "SELECT count(DISTINCT person_id), count(DISTINCT person_id) FILTER "
            "(list_contains(?::VARCHAR[], step)) FROM events WHERE journey = ?",
            steps_of_children(spec), name,
        )  # fmt: skip
        self.born = int(born)
        self.walked = int(everybody) - self.born

    def row(self, place: int, box: Box) -> list[Any]:
        """Return the row of the table: step, kind, people, share, events, median day, depth."""
        number, events, day = self._of.get(place, (0, 0, None))
        whole = self.born if box.of_child else self.walked
        share = round(min(1.0, number / whole), 4) if whole else 0.0
        name = short(f"{box.step}: {box.option}" if box.option else box.step or box.name)
        return [name, box.kind, number, share, events, None if day is None else round(day),
                box.depth]  # fmt: skip


def _told(
    spec: JourneySpec, boxes: Sequence[Box], rows: Sequence[Sequence[Any]], walked: int
) -> tuple[str, str]:
    """Return the title, and the sentence in place of the picture."""
    name = short(spec.title or spec.name, 100)
    found = [(row[3], box) for box, row in zip(boxes, rows, strict=True) if 0 < row[3] < 1]
    ways = [one for one in found if one[1].kind == "option"]
    ways = ways or [one for one in found if one[1].kind in ("event", "stage")]
    ways.sort(key=lambda one: abs(one[0] - 0.5))  # the most even first: they tell people apart
    title, says = f"{name}: {people(walked)}", f"{people(walked)} were in {short(spec.name)}"
    if not ways:
        return title, f"{says}; all of them got every step that anyone got."
    figures = [f"{percent(share, 1)} {_got(box)}" for share, box in ways[:5]]
    return (f"{name}: of {people(walked)}, {figures[0]}",
            f"{says}; of them, {', '.join(figures)}.")  # fmt: skip


def _got(box: Box) -> str:
    """Say what people got, after their share."""
    step = short(box.step.replace("_", " "), 40)
    if box.option:
        return f"had “{short(box.option, 40)}” at “{step}”"
    return f"got “{short(box.name, 40)}”"


def _view(boxes: Sequence[Box], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    height = _ROW * len(boxes) + 4
    values = [
        {"x": _INDENT * box.depth, "y": _ROW * place, "y2": _ROW * place + _BOX,
         "text": _ROW * place + _BOX / 2, "kind": _KIND.get(box.kind, box.kind),
         "name": _label(box), "share": row[3],
         "note": "" if box.kind == "more" else f"{percent(row[3], 1)} · {row[2]:,}"}
        for place, (box, row) in enumerate(zip(boxes, rows, strict=True))
    ]  # fmt: skip
    x, y = pixels("x", 4_000), pixels("y", height)
    bar = {"expr": "width - 96 + 90 * datum.share"}
    order = [kind for kind in _ORDER if any(value["kind"] == kind for value in values)]
    color = {"color": {"field": "kind", "type": "nominal", "sort": order,
                       "scale": {"domain": order}}}  # fmt: skip
    right = {"x2": {"value": "width"}, "y2": {"field": "y2"}}
    middle = {**pixels("text", height)}
    return {
        "height": height,
        "layer": [
            {"data": {"values": _lines(boxes)}, "mark": {"type": "rule", "strokeWidth": 1.5},
             "encoding": {"x": x, "y": y, "x2": {"field": "x2"}, "y2": {"field": "y2"}}},
            {"data": {"values": values}, "layer": [
                {"mark": {"type": "rect", "opacity": 0.13, "cornerRadius": 3},
                 "encoding": {"x": x, "y": y, **right, **color}},
                {"mark": {"type": "rect", "width": 4},
                 "encoding": {"x": x, "y": y, "y2": {"field": "y2"}, **color}},
                {"mark": {"type": "rect", "height": 3},
                 "encoding": {"x": {"value": {"expr": "width - 96"}}, "x2": {"value": bar},
                              "y": pixels("y2", height), **color}},
                {"mark": {"type": "text", "align": "left", "dx": 10,
                          "limit": {"expr": "width - 112 - datum.x"}},
                 "encoding": {"x": x, "y": middle, "text": {"field": "name"}}},
                {"mark": {"type": "text", "align": "right", "dx": -6},
                 "encoding": {"x": {"value": "width"}, "y": middle, "text": {"field": "note"}}},
            ]},
        ],
    }  # fmt: skip


def _label(box: Box) -> str:
    folded = f" · {box.folded} more inside" if box.folded and box.kind != "more" else ""
    detail = f" · {box.detail}" if box.detail else ""
    return f"{short(box.name, 60)}{detail}{folded}"


def _lines(boxes: Sequence[Box]) -> list[dict[str, float]]:
    """Return the lines from a box to those inside it: no arrows, for days decide the order."""
    lines: list[dict[str, float]] = []
    last: dict[int, int] = {}  # by depth: the latest box
    for place, box in enumerate(boxes):
        holder = last.get(box.depth - 1)
        if holder is not None:
            at, middle = _INDENT * (box.depth - 1) + _ACROSS, _ROW * place + _BOX / 2
            lines.append({"x": at, "y": _ROW * holder + _BOX, "x2": at, "y2": middle})
            lines.append({"x": at, "y": middle, "x2": _INDENT * box.depth, "y2": middle})
        last = {depth: one for depth, one in last.items() if depth < box.depth} | {box.depth: place}
    return lines
