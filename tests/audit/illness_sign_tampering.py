"""One small change for each arm of the rules of illness and its signs."""

from __future__ import annotations

from audit.note_tampering import _text
from audit.tampering import Tampering
from audit.tampering import _one as one

_AFTER = ("a visit after treatment is of no illness that lasts",)
_OVER = ("what a stay ends is over once the person has gone home",)
_HOME = ("nobody is sent home ill",)
_GIVEN = ("oxygen is given to who is short of it in hospital",)
_AGAIN = ("the first low saturation of an encounter is measured again",)
_LEFT = ("nobody is left short of oxygen outside of hospitals",)
_GONE = ("signs of an illness go with it",)
_ALIKE = ("an emergency visit finds what its stay finds",)


def _in(*classes: str) -> str:
    named = ", ".join(f"'{one}'" for one in classes)
    return (
        f"encounter_id IN (SELECT encounter_id FROM encounters WHERE encounter_class IN ({named}))"
    )


_LEAVING = (
    "EXISTS (FROM encounters AS e WHERE e.encounter_id = vital_signs.encounter_id "
    "AND e.encounter_class = 'inpatient' AND measured_at > e.end_at - INTERVAL 30 MINUTE)"
)


def _leaves(loinc: str, value: float) -> Tampering:
    return Tampering(_HOME, (
        one("vital_signs", f"value = {value}", f"loinc = '{loinc}' AND {_LEAVING}"),))  # fmt: skip


def _shows(words: str, encounter_class: str) -> Tampering:
    return Tampering(_GONE, (
        _text("\nEXAMINATION\n", f"\nEXAMINATION\n{words}.\n", _in(encounter_class)),))  # fmt: skip


def _unlike(found: str) -> Tampering:
    return Tampering(_ALIKE, (_text(found, "without finding", "type = '34111-5'"),))


OF_SIGNS = (
    Tampering(_AFTER, (one("encounter_diagnoses", "code = 'Z09'",
                           f"code = 'J18.9' AND {_in('inpatient')}"),)),
    Tampering(_AFTER, (one("conditions", "abatement_date = NULL", "code = 'J18.9'"),)),
    Tampering(_OVER, (one("conditions", "abatement_date = abatement_date + 3",
                          "code = 'I50.33'"),)),
    Tampering(_OVER, (one("conditions", "abatement_date = NULL", "code = 'I50.33'"),)),
    *(_leaves(*sign) for sign in (("9279-1", 24), ("8310-5", 38.1), ("8867-4", 104),
                                  ("8480-6", 84), ("59408-5", 89))),
    Tampering(_GIVEN, ("UPDATE medication_administrations SET ingredient = 'albuterol' "
                       "WHERE ingredient = 'oxygen'",)),
    Tampering(_AGAIN, (f"DELETE FROM vital_signs WHERE loinc = '59408-5' AND value >= 90 "
                       f"AND {_in('inpatient', 'emergency')}",)),
    Tampering(_LEFT, (one("vital_signs", "value = 89",
                          f"loinc = '59408-5' AND {_in('home_health', 'office')}"),)),
    _shows("Abdomen: soft, tender over the bladder", "home_health"),
    _shows("Lungs: crackles at both bases", "home_health"),
    _shows("Lungs: crackles and bronchial breath sounds over one base", "office"),
    _unlike("crackles at both bases"),
    _unlike("tender over the bladder"),
)  # fmt: skip
"""Changes of a scenario of people with pneumonia, a failing heart and an infected bladder."""
