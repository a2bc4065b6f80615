"""What was given in an emergency visit or a stay, by the rows of administrations."""

from __future__ import annotations

import numpy as np

from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, glued, said
from healthsim.execution.sync.chart.notes.scene import Groups, Scene, alphabetical
from healthsim.execution.sync.chart.notes.texts import (
    dates,
    listed,
    nothing,
    numbers,
    only,
    runs,
    taken,
)
from healthsim.execution.sync.visits.visits import DAY

_TABLE = "medication_administrations"


def medications_given(scene: Scene, notes: Notes) -> Strings:
    """List each drug that was given, by which route, how often, and from when to when."""
    if not scene.has(_TABLE):
        return nothing(len(notes))
    groups = scene.once(_by_drug)
    place, row = groups.each(notes.encounter)
    given = scene.whole(_TABLE, "given_at")[row]
    there = (given <= notes.authored[place]) & scene.coded(_TABLE, "status").equals("completed")[
        row
    ]
    place, row, given = place[there], row[there], given[there]
    drug, route = (scene.coded(_TABLE, name).codes[row] for name in ("drug", "route"))
    _, heads = runs([place, drug, route])
    last = np.append(heads[1:], len(row)) - 1 if len(heads) else heads
    count = last - heads + 1
    first_day, last_day = given[heads] // DAY, given[last] // DAY
    lines = said(
        "given",
        drug=taken(scene.text(_TABLE, "drug"), row[heads]),
        route=taken(scene.text(_TABLE, "route"), row[heads]),
        times=only(glued(numbers(count), " times"), count > 1),
        date=dates(first_day),
        until=only(dates(last_day), last_day > first_day),
    )
    return listed(place[heads], len(notes), lines)


def _by_drug(scene: Scene) -> Groups:
    drug, route = (alphabetical(scene.coded(_TABLE, name)) for name in ("drug", "route"))
    return Groups.of(
        scene.encounter(_TABLE), scene.visits, drug, route, scene.whole(_TABLE, "given_at")
    )
