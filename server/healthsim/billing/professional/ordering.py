"""Who besides the clinician a claim names: who ordered, referred, supervised, operated."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.billing.professional.fee_schedule import laboratory_fees, physician_fees
from healthsim.billing.professional.vaccine_services import is_giving

_COLLECTING = frozenset({"36415", "36416", "G0471", "P9612", "P9615"})
_TESTS = ("80047", "87999")
_IMAGES = ("70010", "79999")
_OPERATIONS = ("10004", "69990")
_NOT_OPERATIONS = ("36400", "36425")  # drawing blood
_SCREENING_SCOPES = frozenset({"G0104", "G0105", "G0121"})
_DIAGNOSTIC = frozenset({"1", "2", "3", "4"})  # indicators of components
_INCIDENT = "5"
_NURSE_VISIT = "99211"
_EQUIPMENT = ("E", "K", "L")


def is_specimen_test(code: str) -> bool:
    """Tell whether a service is a laboratory's test of a specimen, which needs a CLIA number.

    >>> is_specimen_test("80053"), is_specimen_test("36415"), is_specimen_test("71046")
    (True, False, False)
    """
    return code not in _COLLECTING and (code in laboratory_fees() or _is_within(code, _TESTS))


@cache
def specimen_tests() -> tuple[str, ...]:
    """Return the tests that are outside of the numbers 80047 to 87999, ascending."""
    return tuple(sorted(code for code in laboratory_fees()
                        if is_specimen_test(code) and not _is_within(code, _TESTS)))  # fmt: skip


@cache
def is_ordered(code: str) -> bool:
    """Tell whether a claim names who ordered a service: tests, images, equipment.

    Source: 42 CFR 410.32 (tests), 410.38 (equipment); X12 837P loop 2420E.

    >>> [is_ordered(code) for code in ("80053", "71046", "93000", "E0601", "99213")]
    [True, True, True, True, False]
    """
    fee = physician_fees().get((code, ""))
    diagnostic = fee is not None and fee.pctc in _DIAGNOSTIC
    return (diagnostic or is_specimen_test(code) or _is_within(code, _IMAGES)
            or code.startswith(_EQUIPMENT))  # fmt: skip


def is_operation(code: str) -> bool:
    """Tell whether a HCPCS code is an operation, for which an 837I names who operated.

    >>> is_operation("27447"), is_operation("36415"), is_operation("G0105")
    (True, False, True)
    """
    inside = _is_within(code, _OPERATIONS) and not _is_within(code, _NOT_OPERATIONS)
    return inside or code in _SCREENING_SCOPES


def is_operation_of_a_stay(code: str) -> bool:
    """Tell whether an ICD-10-PCS code is medical and surgical, or obstetrical.

    >>> is_operation_of_a_stay("0SRC0J9"), is_operation_of_a_stay("3E0G76Z")
    (True, False)
    """
    return code[:1] in {"0", "1"}


@cache
def is_staff_service(code: str) -> bool:
    """Tell whether a practice's staff gives a service incident to a clinician's.

    >>> is_staff_service("99211"), is_staff_service("90471"), is_staff_service("99213")
    (True, True, False)
    """
    fee = physician_fees().get((code, ""))
    incident = fee is not None and fee.pctc == _INCIDENT
    return incident or code == _NURSE_VISIT or is_giving(code)


def referred_share(specialty: str, *, gatekeeper: bool) -> float:
    """Return the share of a specialty's people whom somebody referred.

    Args:
        specialty: of the clinician.
        gatekeeper: whether the plan asks for a referral.

    >>> referred_share("cardiology", gatekeeper=True), referred_share("pediatrics", gatekeeper=True)
    (1.0, 0.0)
    """
    found = _shares().get(specialty) or _shares()[""]
    return found[gatekeeper]


def referred_shares(specialties: tuple[str, ...], *, gatekeeper: bool) -> NDArray[np.float64]:
    """Return `referred_share` of each specialty, float64, shape (len(specialties),)."""
    return np.array([referred_share(one, gatekeeper=gatekeeper) for one in specialties])


@cache
def _shares() -> dict[str, tuple[float, float]]:
    return {row["specialty"]: (float(row["share"]), float(row["gatekeeper_share"]))
            for row in rows("referrals.csv")}  # fmt: skip


def _is_within(code: str, ends: tuple[str, str]) -> bool:
    return len(code) == 5 and code.isdigit() and ends[0] <= code <= ends[1]
