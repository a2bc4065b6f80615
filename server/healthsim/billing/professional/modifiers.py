"""Modifiers that follow from where, for whom and beside what a service was done."""

from __future__ import annotations

from functools import cache

from healthsim.billing.datafiles import rows
from healthsim.billing.professional.fee_schedule import laboratory_fees, physician_fees
from healthsim.billing.professional.operations import SIDES, is_minor_procedure
from healthsim.billing.professional.vaccine_services import is_giving
from healthsim.billing.professional.visit_codes import is_visit, is_wellness
from healthsim.codes.diagnoses import icd10cm

_SCOPES = ("45378", "45398")
_SCREENED = ("Z12.1", "Z80.0", "Z83.71", "Z86.01")
_GIVEN = ("9636", "9637", "9640", "9641", "9464")
_THERAPY = "7"
_DISCIPLINES = {"occupational therapy": "GO", "audiology": "GN"}


@cache
def side_of(codes: tuple[str, ...]) -> str | None:
    """Return RT or LT: the side that the first sided diagnosis of a list has; None where none.

    >>> side_of(("I10", "H25.12")), side_of(("H25.13",)), side_of(("I10",))
    ('LT', None, None)
    """
    for code in codes:
        if code not in icd10cm():
            continue
        words = f" {icd10cm().row(code).display.lower()} "
        if " bilateral " in words or ", bilateral" in words:
            return None
        for side, word in zip(SIDES, ("right", "left"), strict=True):
            if f" {word} " in words.replace(",", " "):
                return side
    return None


def screening_modifier(code: str, diagnoses: tuple[str, ...], *, medicare: bool) -> str | None:
    """Return PT or 33 of a scope that began as a screening of the bowel; None where it did not.

    Medicare has codes of its own for a screening that finds nothing; PT is for one that became a
    treatment.

    >>> screening_modifier("45385", ("Z12.11", "D12.6"), medicare=True)
    'PT'
    >>> screening_modifier("45378", ("Z12.11",), medicare=False)
    '33'
    """
    scope = _SCOPES[0] <= code <= _SCOPES[1] or code == "00811"
    if not scope or not any(one.startswith(_SCREENED) for one in diagnoses):
        return None
    if medicare:
        return None if code == _SCOPES[0] else "PT"
    return "33"


@cache
def waived_tests() -> frozenset[str]:
    """Return the tests that a practice with a certificate of waiver may do, marked QW."""
    return frozenset(row["hcpcs"] for row in rows("waived_tests.csv"))


@cache
def office_tests() -> frozenset[str]:
    """Return the tests that practices usually do themselves."""
    return frozenset(row["hcpcs"] for row in rows("waived_tests.csv") if row["in_office"] == "yes")


def therapy_modifier(code: str, specialty: str) -> str | None:
    """Return the modifier of the plan of care of a therapy: GP, GO or GN; None for others.

    >>> therapy_modifier("97110", "physical therapy"), therapy_modifier("99213", "oncology")
    ('GP', None)
    """
    fee = physician_fees().get((code, ""))
    if fee is None or fee.pctc != _THERAPY or not code.startswith("97"):
        return None
    return _DISCIPLINES.get(specialty, "GP")


def is_apart_from_visits(code: str) -> bool:
    """Tell whether a visit on the same day by the same clinician needs 25 beside a service.

    >>> [is_apart_from_visits(code) for code in ("20610", "90471", "90460", "93000", "G0439")]
    [True, True, True, False, True]
    """
    given = code.startswith(_GIVEN) or (is_giving(code) and code.isdigit())
    return given or is_minor_procedure(code) or is_wellness(code)


def needs_25(code: str) -> bool:
    """Tell whether a code is a visit that 25 sets apart from what else is done on the day."""
    return is_visit(code) and not is_wellness(code)


def is_laboratory_test(code: str) -> bool:
    """Tell whether a code is on the clinical laboratory fee schedule.

    >>> is_laboratory_test("80053"), is_laboratory_test("36415")
    (True, True)
    """
    return code in laboratory_fees()
