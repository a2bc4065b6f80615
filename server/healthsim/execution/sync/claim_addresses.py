"""Addresses of claims that no journey states: of operations' staff, long stays, laboratories."""

from __future__ import annotations

from collections.abc import Iterator

PROFESSIONAL, INSTITUTIONAL = "837P", "837I"
CLAIM_FORMS = (PROFESSIONAL, INSTITUTIONAL)
ANESTHESIA, ASSISTANT = "anesthesia", "assistant"
STAFFED = ("inpatient", "outpatient_hospital", "asc")
"""Classes of encounters in which there are operations with others at them."""

SENDING = ("office", "telehealth", "urgent_care")
"""Classes of encounters whose tests may go to a reference laboratory."""

LATER_CLAIMS = 13
"""Claims of a stay's clinician after the first: a year's, of thirty days each."""


def staff_address(visit: str, role: str) -> str:
    """Return the address of the claim of who else is at an operation of a visit."""
    return f"{visit}/{role}/{PROFESSIONAL}"


def later_address(visit: str, month: int) -> str:
    """Return the address of the clinician's claim for a later month of a stay, from 1."""
    return f"{visit}/month-{month}/{PROFESSIONAL}"


def laboratory_address(visit: str) -> str:
    """Return the address of the claim of the laboratory that does a visit's tests."""
    return f"{visit}/laboratory/{PROFESSIONAL}"


def claim_addresses(visit: str, encounter_class: str) -> Iterator[str]:
    """Yield the addresses of every claim that a visit may have of its own."""
    yield from (f"{visit}/{form}" for form in CLAIM_FORMS)
    if encounter_class in STAFFED:
        yield from (staff_address(visit, role) for role in (ANESTHESIA, ASSISTANT))
    if encounter_class in SENDING:
        yield laboratory_address(visit)
    if encounter_class == "inpatient":
        yield from (later_address(visit, month) for month in range(1, LATER_CLAIMS + 1))
