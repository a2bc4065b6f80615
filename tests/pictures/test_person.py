"""A person's timeline: whole names and labels, money and drugs in words."""

from __future__ import annotations

import inspect
import re
from datetime import date, timedelta
from itertools import pairwise
from typing import get_args, get_type_hints

import pytest

from healthsim import cli_draw
from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures import render
from healthsim.pictures.person import _ticks
from healthsim.tools import pictures
from pictures.reading import rows

pytestmark = pytest.mark.slow


def test_fills_and_claims_are_said_with_drugs_and_dollars(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "person_timeline", what="101")

    paid = [row[4] for row in picture.rows if row[2] == "payments"]
    assert paid
    assert not any(re.search(r"\d{9,}|837[PI]", what) for what in paid)
    sums = rows(home, "diabetes", "SELECT plan_paid_usd + deductible_usd + copay_usd FROM fills "
                                  "WHERE person_id = 101 AND status = 'paid'")  # fmt: skip
    sums += rows(home, "diabetes", "SELECT allowed_usd FROM claims WHERE person_id = 101")
    said = [re.findall(r"\$([\d.]+)", what) for what in paid]
    assert sorted(float(one) for found in said for one in found) == sorted(
        float(one) for (one,) in sums
    )


def test_every_lane_has_its_whole_name_and_what_lasts_is_drawn(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "person_timeline", what="101")

    text = render.svg(picture, "light", 380)
    names = {row[3] for row in picture.rows if row[2] == "drugs"}
    assert names
    assert all(f">{name}</text>" in text for name in names)
    lasting = [row for row in picture.rows if row[1]]
    assert len(re.findall(r'aria-roledescription="rule mark"', text)) >= len(lasting) > 0


@pytest.mark.parametrize("days", [0, 3, 40, 382, 900, 3_700, 30_000])
@pytest.mark.parametrize("start", [date(2025, 1, 1), date(2024, 2, 29)])
def test_labels_of_time_are_few_even_and_not_at_the_end(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    ticks = [date.fromisoformat(one) for one in _ticks(start, end)]

    assert 1 <= len(ticks) <= 5
    assert all(start <= one <= start + 0.9 * (end - start) for one in ticks)
    months = [12 * one.year + one.month for one in ticks]
    assert len({after - before for before, after in pairwise(months)}) <= 1


def test_the_command_and_the_tool_name_the_same_groups() -> None:
    hints = (get_type_hints(draw, vars(inspect.getmodule(draw)), include_extras=True)["by"]
             for draw in (cli_draw.draw,))  # fmt: skip
    command = get_args(next(hints))[1].help
    tool = inspect.signature(pictures.draw, eval_str=False).parameters["by"].annotation

    assert command in tool.replace('" "', "").replace("\n", "")
