"""The red cells that a stay would give, and the counts on their day and the next.

Like other implied steps they are laid out as those of a document, and their ids have a tilde. Who
has them on a day is asked of the body (`execution/timeline/transfused.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from healthsim.codes.loinc import panel
from healthsim.medicine.transfusions import PANEL, transfusions
from healthsim.specification.journeys.events import Encounter, Lab, Procedure
from healthsim.specification.journeys.implied_tests import ImpliedTest
from healthsim.specification.journeys.step import EventHead
from healthsim.specification.language.expressions import LONGEST

RED_CELLS, COUNT = "~red_cells", "~count_for_red_cells"
_CLASS = "inpatient"


def implied_transfusions(visit: Encounter) -> Iterator[ImpliedTest]:
    """Yield, for each day on which a stay asks, the count of that day and the red cells.

    The count of the day after the last one shows what the last unit did.
    """
    if visit.details.encounter_class != _CLASS:
        return
    first = transfusions()[0]
    when = _not_counted(visit, first.loinc)
    for day in range(first.last_day + 2):
        yield _on(day, COUNT, Lab, {"type": "lab", "details": {"panel": PANEL}, **when})
        if day <= first.last_day:
            details = {"code": first.operation, "display": first.words}
            yield _on(day, RED_CELLS, Procedure, {"type": "procedure", "details": details})


def _not_counted(visit: Encounter, loinc: str) -> dict[str, str]:
    """Return the condition that the visit itself has not measured a code on the day, if it does."""
    when = ""
    for step in visit.with_:
        codes = panel(step.details.panel) if isinstance(step, Lab) and step.details.panel else ()
        if isinstance(step, Lab) and loinc in (*codes, step.details.loinc):
            more = f"not within({step.id!r}, 0)"
            joined = f"{when} and {more}" if when else more
            when = joined if len(joined) <= LONGEST else when
    return {"when": when} if when else {}


def _on(day: int, name: str, kind: type[EventHead], written: dict[str, Any]) -> ImpliedTest:
    head = {"do": "event", "id": "implied", "at": {"day": day}, **written}
    made = kind.model_validate(head).model_copy(update={"id": name})
    return ImpliedTest(f"day{day}", made)
