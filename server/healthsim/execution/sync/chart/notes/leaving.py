"""What a person takes on leaving a stay."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from healthsim.execution.sync.chart.notes.drugs import Courses, died
from healthsim.execution.sync.chart.notes.given import is_held
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import listed, nothing, taken
from healthsim.execution.sync.visits.visits import DAY

_ACTS = ("Continue", "Changed:", "New:", "Resume")


def discharge_medications(scene: Scene, notes: Notes) -> Strings:
    """List what the person takes on leaving: new, changed or continued; null for the dead.

    What the stay held is resumed: its prescription goes on.
    """
    place, row = scene.by_person("prescriptions", "written_date").each(notes.person)
    last = notes.end[place] // DAY
    courses = scene.once(Courses.of)
    takes = (courses.written[row] <= last) & (courses.ends[row] > last)
    takes &= ~died(scene, notes)[place]
    place, row = place[takes], row[takes]
    goes_on = (courses.written[row] < notes.first_day[place]) | courses.renews[row]
    act = np.where(goes_on, 0, np.where(courses.changes[row], 1, 2))
    act[goes_on & is_held(scene, notes.encounter[place], row)] = 3
    lines = said(
        "plan_drug",
        act=taken(pa.array(_ACTS), act),
        drug=taken(scene.text("prescriptions", "drug"), row),
        sig=taken(scene.text("prescriptions", "sig"), row),
        indication=nothing(len(row)),
    )
    return listed(place, len(notes), lines)
