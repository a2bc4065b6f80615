"""What a facility bills for a service: the revenue centre, and the code where it is another one."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from healthsim.billing.datafiles import rows
from healthsim.billing.facility.opps import OUTPATIENT_CLASSES, status

_NOT_ON_AN_837I = frozenset({"B", "M", "E1"})


@dataclass(frozen=True, slots=True)
class FacilityService:
    """One service as a facility bills it.

    Attributes:
        code: HCPCS code of its line.
        revenue: revenue code of its line.
    """

    code: str
    revenue: str


@dataclass(frozen=True, slots=True)
class Companion:
    """A line that comes with an operation: `code` is None where it is billed by revenue alone.

    Attributes:
        cents: base price of one unit.
    """

    revenue: str
    code: str | None
    units: int
    cents: int


@cache
def facility_service(
    code: str, encounter_class: str, *, as_stated: bool = False
) -> FacilityService | None:
    """Return what a facility bills for a service; None where it is no line of an 837I.

    Args:
        code: HCPCS or CPT-shaped code that a journey states.
        encounter_class: of the visit in which it was done.
        as_stated: bill the stated code itself, never another one for it.

    The narrowest range of `data/facility_services.csv` decides, one of the encounter's class
    before one of all. What OPPS does not pay on an 837I has no line of an outpatient visit.

    >>> facility_service("99213", "outpatient_hospital")
    FacilityService(code='G0463', revenue='0510')
    >>> facility_service("99223", "observation") is None
    True
    >>> facility_service("99213", "outpatient_hospital", as_stated=True) is None
    True
    """
    row = _narrowest("facility_services.csv", code, encounter_class, "place")
    if row is None or row["bills"] == "none":
        return None
    billed = code if as_stated else row["bills"] or code
    if encounter_class in OUTPATIENT_CLASSES and status(billed) in _NOT_ON_AN_837I:
        return None
    return FacilityService(billed, "0490" if encounter_class == "asc" else row["revenue"])


@cache
def is_facility_only(code: str) -> bool:
    """Return whether a code is never on an 837P: 90999, a nurse's visit at home, a clinic visit.

    >>> is_facility_only("G0463"), is_facility_only("J3301")
    (True, False)
    """
    row = _narrowest("facility_services.csv", code, "", "place")
    return row is not None and row["only"] == "facility"


@cache
def facility_only_codes() -> tuple[str, ...]:
    """Return the ends of the ranges of codes that only facilities bill, each once."""
    own = [row for row in rows("facility_services.csv") if row["only"] == "facility"]
    return tuple(dict.fromkeys(code for row in own for code in (row["first"], row["last"])))


@cache
def companions(code: str, encounter_class: str) -> tuple[Companion, ...]:
    """Return the lines that come with a service: implants, anaesthesia supplies, recovery."""
    return tuple(
        Companion(row["revenue"], row["bills"] or None, int(row["units"]), _cents(row["base_usd"]))
        for row in rows("facility_companions.csv")
        if _is_inside(code, row["first"], row["last"]) and row["encounter_class"] == encounter_class
    )


@dataclass(frozen=True, slots=True)
class Room:
    """What a facility bills for itself.

    Attributes:
        when: ``always``, ``none done`` (nothing else is billed), or the kind of room of a stay.
        code: HCPCS code; None where it is billed by revenue centre alone.
        counts: what one unit is: ``night`` in a room, ``day`` of what is used in a stay, ``hour``,
            ``quarter`` (of an hour) or ``stay``.
        cents: base price of one unit; 0 where its code has one.
    """

    when: str
    revenue: str
    code: str | None
    counts: str
    cents: int


@cache
def rooms(encounter_class: str) -> tuple[Room, ...]:
    """Return what a facility bills for itself in a class of encounters, in the order of lines."""
    return tuple(
        Room(row["when"], row["revenue"], row["bills"] or None, row["counts"],
             _cents(row["base_usd"] or "0"))
        for row in rows("facility_rooms.csv")
        if row["encounter_class"] == encounter_class
    )  # fmt: skip


@cache
def room_of_stay(specialty: str, procedures: tuple[str, ...]) -> str:
    """Return the kind of room of a stay: that of its visit codes, or of its specialty.

    >>> room_of_stay("hospitalist", ("99223",)), room_of_stay("pediatrics", ("99468",))
    ('room', 'neonatology')
    """
    for row in rows("stay_rooms.csv"):
        named = any(row["first"] <= code <= row["last"] for code in procedures)
        if named if row["first"] else row["specialty"] == specialty:
            return row["room"]
    return "room"


UNITS = ("intensive", "coronary", "step-down")
"""Kinds of room in which a stay begins, in this order, before its ward."""


@cache
def days_in_units(procedures: tuple[str, ...], diagnoses: tuple[str, ...]) -> tuple[int, ...]:
    """Return the days that a stay begins with in each of `UNITS`: the most that a rule asks for.

    Args:
        procedures: ICD-10-PCS codes.
        diagnoses: ICD-10-CM codes.

    >>> days_in_units((), ("A41.9", "R65.21", "J96.01")), days_in_units((), ("I10",))
    ((3, 0, 2), (0, 0, 0))
    """
    days = dict.fromkeys(UNITS, 0)
    for row in rows("stay_units.csv"):
        codes, pattern = (
            (procedures, row["pattern"]) if row["kind"] == "procedure"
            else (diagnoses, f"{row['pattern']}*")
        )  # fmt: skip
        if any(fnmatchcase(code, pattern) for code in codes):
            days[row["unit"]] = max(days[row["unit"]], int(row["days"]))
    return tuple(days.values())


@cache
def stay_revenues(procedures: tuple[str, ...]) -> tuple[str, ...]:
    """Return the revenue centres that the ICD-10-PCS codes of a stay name, each once, ascending.

    >>> stay_revenues(("0SRC0J9",)), stay_revenues(("10E0XZZ",))
    (('0278', '0360'), ('0722',))
    """
    return tuple(sorted({found for code in procedures for found in _revenues_of(code)}))


@cache
def stay_charge_cents(revenue: str) -> int:
    """Return the base charge of a service of a stay by its revenue centre, cents."""
    by_revenue = {row["revenue"]: row["base_usd"] for row in rows("facility_stay_charges.csv")}
    return _cents(by_revenue.get(revenue, by_revenue[""]))


@cache
def emergency_points(code: str) -> int:
    """Return how many resources a service of an emergency visit counts for its level.

    Level 1 is a visit without any; each resource is a level more, up to level 5.
    """
    row = _narrowest("emergency_levels.csv", code, "", "")
    return 0 if row is None else int(row["points"])


def _revenues_of(code: str) -> tuple[str, ...]:
    """Return the centres of one ICD-10-PCS code: that of the last pattern, and its implant."""
    found = [row["revenue"] for row in rows("stay_procedures.csv")
             if fnmatchcase(code, row["pattern"])]  # fmt: skip
    rooms = [revenue for revenue in found if revenue != _IMPLANT]
    chosen = (rooms[-1:] if rooms else []) + [_IMPLANT] * (_IMPLANT in found)
    return tuple(revenue for revenue in chosen if revenue)


_IMPLANT = "0278"
_ALL = ("00000", "ZZZZZ")


def _narrowest(name: str, code: str, encounter_class: str, place: str) -> dict[str, str] | None:
    inside = [row for row in rows(name) if _is_inside(code, row["first"], row["last"])]
    if place:
        own = [row for row in inside if encounter_class and row[place] == encounter_class]
        inside = own or [row for row in inside if not row[place]]
    return min(inside, key=_width, default=None)


def _is_inside(code: str, first: str, last: str) -> bool:
    """Return whether a code is of a range: 99406 is not between 0001T and 9999T."""
    alike = (code[:1].isdigit(), code[-1:].isdigit()) == (first[0].isdigit(), first[-1].isdigit())
    return first <= code <= last and (alike or (first, last) == _ALL)


def _width(row: dict[str, str]) -> int:
    """Return how wide a range of codes is, in a number system that has digits and letters."""
    return int(row["last"], 36) - int(row["first"], 36)


def _cents(usd: str) -> int:
    return round(float(usd) * 100)
