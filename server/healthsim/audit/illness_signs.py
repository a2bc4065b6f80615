# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of illness and its signs: what is over shows no more, and nobody is left or sent home ill.

Vital signs that a journey states are its own matter: they have the event that measured them.
"""

from __future__ import annotations

from healthsim.audit.notes import EXAMINATION, NOTE
from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.growth import figure
from healthsim.medicine.leaving_signs import SETTLED, LeavingSign, leaving_signs
from healthsim.medicine.problems import usual_courses

_COURSES = usual_courses().values()
_TREATED = "|".join(one.prefix.replace(".", "[.]") for one in _COURSES if one.treated_days)
_WITH_STAY = "|".join(one.prefix.replace(".", "[.]") for one in _COURSES if one.with_stay)
_IN_HOSPITAL = "('inpatient', 'observation', 'emergency')"
_OTHER_HOSPITALS = "('02', '05', '09', '20', '43', '63', '65', '66')"
_LIVES = "(SELECT lives FROM temp.problem_list)"
_LOW = f"v.loinc = '59408-5' AND v.value < {figure('oxygen_given'):g}"
_USUAL = "v.event_id IS NULL"
_SOON = "INTERVAL 1 HOUR"  # before the end of an encounter, too late to do anything: assumption
_DYING = 3  # days before a death in which signs leave their limits
_MONTH = 30.4375
_SIGNS = (
    ("tender over the bladder", "N30|N39[.]0|O23", 3),
    ("bronchial breath sounds", "J1[2-8]|J69[.]0|J85", 10),
    (": crackles at both bases", "I50[.][234][13]|J81[.]0|E87[.]70", 5),
)
"""What is said of an examination, the illnesses of which it is a sign, and for how many days."""


def _gone(words: str, codes: str, days: int) -> str:
    """Return SQL: an illness of which a note tells a sign began too long ago, and not again."""
    began = (
        "EXISTS (FROM conditions AS c WHERE c.person_id = n.person_id "
        f"AND regexp_matches(c.code, '^({codes})') AND c.onset_date"
    )
    day = "e.start_at::DATE"
    return (
        f"(contains({EXAMINATION}, '{words}') AND {began} < {day} - {days}) "
        f"AND NOT {began} BETWEEN {day} - {days} AND {day}))"
    )


def _unlike(words: str) -> str:
    """Return SQL: a stay's first note tells a sign that its emergency visit did not find."""
    of_stay = EXAMINATION.replace("n.text", "s.text")
    return f"(contains({of_stay}, '{words}') AND NOT contains({EXAMINATION}, '{words}'))"


def _outside(one: LeavingSign) -> str:
    """Return SQL: a sign is outside of what it may be on leaving."""
    words = ", ".join(f"'{name}'" for name in one.classes)
    ends = ", ".join(f"'{status}'" for status in one.statuses)
    return (
        f"(v.loinc = '{one.loinc}' AND e.encounter_class IN ({words}) "
        f"AND e.disposition IN ({ends}) "
        f"AND date_diff('day', p.birth_date, e.end_at::DATE) >= {(one.from_months + 1) * _MONTH} "
        f"AND (v.value < '{one.low}'::DOUBLE OR v.value > '{one.high}'::DOUBLE))"
    )


_GIVEN = (
    "EXISTS (FROM medication_administrations AS m WHERE m.ingredient = 'oxygen' "
    "AND m.encounter_id IN (e.encounter_id, e.parent_encounter_id))"
)
_STAY = "e.encounter_class IN ('inpatient', 'observation')"

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a visit after treatment is of no illness that lasts", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters", "conditions"),
        "SELECT concat('encounter_id ', z.encounter_id) FROM encounter_diagnoses AS z "
        "JOIN encounters AS e USING (encounter_id) WHERE starts_with(z.code, 'Z09') "
        "AND (EXISTS (FROM encounter_diagnoses AS d WHERE d.encounter_id = z.encounter_id "
        f"AND regexp_matches(d.code, '^({_TREATED})')) OR EXISTS (FROM conditions AS c "
        f"WHERE c.person_id = z.person_id AND regexp_matches(c.code, '^({_TREATED})') "
        "AND c.onset_date < e.start_at::DATE AND c.recorded_date <= e.start_at::DATE "
        "AND coalesce(c.abatement_date, DATE '9999-12-31') > e.start_at::DATE))",
    ),
    AuditRule(
        "what a stay ends is over once the person has gone home", "conditions.abatement_date",
        ("conditions", "encounters"),
        "SELECT DISTINCT concat('condition_id ', c.condition_id) FROM conditions AS c "
        "JOIN encounters AS e ON e.person_id = c.person_id "
        f"WHERE {_LIVES} AND {_STAY} AND regexp_matches(c.code, '^({_WITH_STAY})') "
        f"AND e.disposition NOT IN {_OTHER_HOSPITALS} AND c.onset_date >= e.start_at::DATE "
        "AND c.onset_date < e.end_at::DATE "
        "AND e.end_at::DATE < (SELECT through FROM temp.data_days) "
        "AND coalesce(c.abatement_date, DATE '9999-12-31') > e.end_at::DATE + 1",
    ),
    AuditRule(
        "nobody is sent home ill", "vital_signs.value",
        ("vital_signs", "encounters", "patients"),
        "SELECT concat('vital_sign_id ', v.vital_sign_id) FROM vital_signs AS v "
        "JOIN encounters AS e USING (encounter_id) JOIN patients AS p ON p.person_id = e.person_id "
        f"WHERE {_USUAL} AND v.measured_at > e.end_at - INTERVAL {SETTLED} HOUR "
        f"AND (p.death_date IS NULL OR p.death_date > e.end_at::DATE + {_DYING}) "
        f"AND ({' OR '.join(map(_outside, leaving_signs()))})",
    ),
    AuditRule(
        "oxygen is given to who is short of it in hospital",
        "medication_administrations.ingredient",
        ("vital_signs", "encounters", "medication_administrations"),
        "SELECT concat('vital_sign_id ', v.vital_sign_id) FROM vital_signs AS v "
        f"JOIN encounters AS e USING (encounter_id) WHERE {_LOW} "
        f"AND e.encounter_class IN {_IN_HOSPITAL} AND v.measured_at < e.end_at - {_SOON} "
        f"AND NOT {_GIVEN}",
    ),
    AuditRule(
        "the first low saturation of an encounter is measured again", "vital_signs.measured_at",
        ("vital_signs", "encounters", "patients"),
        "SELECT concat('vital_sign_id ', v.vital_sign_id) FROM vital_signs AS v "
        "JOIN encounters AS e USING (encounter_id) JOIN patients AS p ON p.person_id = e.person_id "
        f"WHERE {_LOW} AND e.encounter_class IN {_IN_HOSPITAL} "
        "AND EXISTS (FROM temp.usual_signs) "
        f"AND v.measured_at < e.end_at - {_SOON} "
        f"AND (p.death_date IS NULL OR p.death_date > v.measured_at::DATE + {_DYING}) "
        "AND NOT EXISTS (FROM vital_signs AS w WHERE w.encounter_id = v.encounter_id "
        "AND w.loinc = v.loinc AND ((w.measured_at > v.measured_at "
        "AND w.measured_at <= v.measured_at + INTERVAL 4 HOUR) "
        f"OR (w.measured_at < v.measured_at AND w.value < {figure('oxygen_given'):g})))",
    ),
    AuditRule(
        "nobody is left short of oxygen outside of hospitals", "vital_signs.value",
        ("vital_signs", "encounters", "patients"),
        "SELECT concat('vital_sign_id ', v.vital_sign_id) FROM vital_signs AS v "
        "JOIN encounters AS e USING (encounter_id) JOIN patients AS p ON p.person_id = e.person_id "
        f"WHERE {_LOW} AND {_USUAL} AND e.encounter_class NOT IN {_IN_HOSPITAL} "
        f"AND (p.death_date IS NULL OR p.death_date > v.measured_at::DATE + {_DYING})",
    ),
    AuditRule(
        "signs of an illness go with it", "clinical_notes.text",
        ("clinical_notes", "encounters", "conditions"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        f"WHERE e.encounter_class NOT IN {_IN_HOSPITAL} AND e.encounter_class <> 'urgent_care' "
        f"AND ({' OR '.join(_gone(*one) for one in _SIGNS)})",
    ),
    AuditRule(
        "an emergency visit finds what its stay finds", "clinical_notes.text",
        ("clinical_notes", "encounters"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "JOIN clinical_notes AS s ON s.encounter_id = e.parent_encounter_id "
        "AND s.type = '34117-2' WHERE e.encounter_class = 'emergency' "
        f"AND {EXAMINATION} <> '' AND ({' OR '.join(_unlike(words) for words, _, _ in _SIGNS)})",
    ),
)  # fmt: skip
"""Rules of signs; `temp.usual_signs` is empty where a profile wants no usual vital signs."""
