"""Units of a hospital, and which ones a stay passes: `ward_units.csv` and `ward_paths.csv`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from healthsim.medicine.datafiles import rows

ADULT = 18
"""Age in completed years from which nobody is on a children's unit."""
CLASSES = ("emergency", "observation", "inpatient", "snf")
"""Classes of encounters in which people have a bed."""
_STEP = re.compile(r"([a-z ]+?)(?:@(-?[\d.]+))?(?::([\d.]+)-([\d.]+))?")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit.

    Attributes:
        name: what it is called.
        role_code: HL7 v3 RoleCode.
        floor: where its rooms are.
        rooms: how many.
        beds: names of the beds of a room.
        child_unit: where children are instead; itself where they are here too.
        ages: "adult", "child", "infant", "mother", or empty: all.
        moved: why somebody comes here, in words.
    """

    name: str
    role_code: str
    floor: int
    rooms: int
    beds: str
    child_unit: str
    ages: str
    moved: str


@dataclass(frozen=True, slots=True)
class Step:
    """One unit of a path.

    Attributes:
        unit: its name.
        after_event: hours after the operation or birth until which it lasts; None: not by it.
        least, most: hours that it lasts otherwise; None: until the end.
    """

    unit: str
    after_event: float | None
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class Path:
    """The units of a stay; of several paths that fit, the first counts.

    Attributes:
        classes: of encounters.
        principal: regular expression for the beginning of the first diagnosis; empty: all.
        any: alternatives, each of regular expressions of diagnoses that must all be there.
        procedures: regular expression of a procedure during it; empty: none is needed.
        steps: the last is the rest of the stay.
    """

    name: str
    classes: tuple[str, ...]
    principal: str
    any: tuple[tuple[str, ...], ...]
    procedures: str
    steps: tuple[Step, ...]


@cache
def units() -> Mapping[str, Unit]:
    """Return every unit by its name, in the table's order."""
    return {
        row["unit"]: Unit(
            name=row["unit"], role_code=row["role_code"], floor=int(row["floor"]),
            rooms=int(row["rooms"]), beds=row["beds"],
            child_unit=row["child_unit"] or row["unit"], ages=row["ages"], moved=row["moved"],
        )
        for row in rows("ward_units.csv")
    }  # fmt: skip


@cache
def paths() -> tuple[Path, ...]:
    """Return every path, in the table's order.

    Raises:
        ValueError: a step is not written as ``unit``, ``unit:1-2``, ``unit@0:1-2``.
    """
    return tuple(
        Path(
            name=row["path"], classes=tuple(row["classes"].split("|")),
            principal=row["principal"],
            any=tuple(tuple(one.split("&")) for one in row["any"].split("|") if one),
            procedures=row["procedures"],
            steps=tuple(_step(text) for text in row["steps"].split("|")),
        )
        for row in rows("ward_paths.csv")
    )  # fmt: skip


def _step(text: str) -> Step:
    """Return a step.

    >>> _step("recovery:1-3")
    Step(unit='recovery', after_event=None, least=1.0, most=3.0)
    """
    found = _STEP.fullmatch(text)
    if found is None or found[1] not in units():
        raise ValueError(f"ward_paths.csv: {text!r} is no step; write a unit, then :hours-hours")
    return Step(found[1], *(None if one is None else float(one) for one in found.groups()[1:]))
