"""The boxes of a journey's diagram: what is shown, what is folded, and that it fits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from healthsim.pictures.journey import _ACROSS, _lines
from healthsim.pictures.steps import MOST, boxes_of, steps_of_children
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec
from template_runs import JOURNEYS, load


def _journey(*steps: dict[str, Any]) -> JourneySpec:
    document = {"kind": "journey", "format": 2, "name": "steps", "duration_days": 900,
                "phases": [{"name": "all", "steps": list(steps)}]}  # fmt: skip
    return read(JourneySpec, json.dumps(document), "journey")


def _referral(name: str) -> dict[str, Any]:
    return {"do": "event", "id": name, "type": "referral", "details": {"specialty": "urology"}}


def test_a_journey_with_many_steps_is_cut_and_says_how_many_are_missing() -> None:
    whole = boxes_of(_journey(*(_referral(f"step_{number}") for number in range(MOST - 1))))
    cut = boxes_of(_journey(*(_referral(f"step_{number}") for number in range(MOST))))

    assert [box.kind for box in whole].count("event") == MOST - 1 == len(whole) - 1
    assert len(cut) == MOST
    assert cut[-1].folded == sum(box.folded for box in cut) == 2


def test_steps_deep_inside_others_are_folded_into_the_box_that_holds_them() -> None:
    inner = _referral("deepest")
    for depth in range(12):
        option = {"name": f"way {depth}", "weight": 1, "steps": [inner]}
        inner = {"do": "branch", "id": f"branch_{depth}", "options": [option]}

    boxes = boxes_of(_journey(inner))

    assert max(box.depth for box in boxes) <= 7
    assert sum(box.folded for box in boxes) + len(boxes) == 1 + 12 * 2 + 1


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_journey_of_the_library_has_a_diagram(name: str) -> None:
    spec = read(JourneySpec, json.dumps(load(name)), "journey")

    boxes = boxes_of(spec)
    assert 1 < len(boxes) <= MOST
    assert [box.name for box in boxes if box.depth == 0 and box.kind == "phase"] == [
        phase.name for phase in spec.phases
    ]


def test_what_happens_to_children_is_not_counted_among_the_steps_of_mothers() -> None:
    spec = read(JourneySpec, json.dumps(load("pregnancy")), "journey")

    children = set(steps_of_children(spec))
    assert children
    assert not any(children & set(box.inside) for box in boxes_of(spec) if not box.of_child)


def test_no_line_goes_from_a_step_to_one_beside_it() -> None:
    boxes = boxes_of(_journey(_referral("first"), _referral("second")))

    lines = _lines(boxes)

    assert [box.depth for box in boxes] == [0, 1, 1]
    assert len(lines) == 4  # down and across, for each of the two inside the phase
    assert {line["x"] for line in lines} == {_ACROSS}
    assert all(line["y2"] >= line["y"] for line in lines)
