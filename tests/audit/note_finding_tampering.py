"""One small change for each arm of the rules of what notes and reports find."""

from __future__ import annotations

from audit.note_tampering import _ADMISSION, _WHERE, _note, _text
from audit.tampering import Tampering
from audit.tampering import _one as one

_LOOKS = ("an examination looks as the vital signs of its day let it",)
_CONTRARY = ("an examination does not contradict itself",)
_PENDING = ("what a note reports is not pending in it",)
_ASKED = ("a screening is answered while its encounter lasts",)
_FOLLOWS = ("a total that calls for something has a line in the plan",)
_PLAN = ("a history and physical has a plan",)
_BORN = ("a birth is no history of a later visit",)
_NURSE = ("a note of a nurse is signed by a nurse",)
_WHOLE = ("a note of an operation names all that was done in it",)
_WIRES = ("a chest film after bypasses shows the wires",)

_AT_EASE = (
    "encounter_id IN (SELECT encounter_id FROM clinical_notes "
    "WHERE regexp_matches(text, 'General: (well-looking, at ease|alert, in no distress)'))"
)
_TWICE = (
    "encounter_id IS NOT NULL AND person_id = (SELECT min(person_id) FROM (SELECT person_id "
    "FROM procedures WHERE encounter_id IS NOT NULL GROUP BY person_id HAVING count(*) > 1))"
)
_FIRST_DONE = "(SELECT {} FROM procedures WHERE code = '02100Z9')"
_EASY_BREATHS = (
    "encounter_id IN (SELECT encounter_id FROM vital_signs GROUP BY encounter_id "
    "HAVING min(value) FILTER (loinc = '59408-5') >= 95 "
    "AND max(value) FILTER (loinc = '9279-1') < 20)"
)
_SOUND = "speech, strength and gait without finding"


def _look(words: str, where: str) -> str:
    return _text(r"General: [^\n]*", f"General: {words}.", where)


def _sign(loinc: str, value: float) -> str:
    """Return a change of a vital sign of somebody who is at ease."""
    return one("vital_signs", f"value = {value}", f"loinc = '{loinc}' AND {_AT_EASE}")


def _nerves(words: str) -> str:
    return _text(f"Nerves: {_SOUND}", words)


def _past(line: str) -> str:
    return _text("\nPAST HISTORY\n", f"\nPAST HISTORY\n- {line}\n")


OF_NOTE_FINDINGS = tuple(Tampering(rules, tuple(change)) for rules, *change in (
    (_LOOKS, _look("thin, looks tired", "regexp_matches(text, 'BMI (2[5-9]|[3-9])')")),
    (_LOOKS, _look("thin, looks tired", "NOT contains(text, 'BMI')")),
    (_LOOKS, _look("looks uncomfortable", "regexp_matches(text, 'pain [0-2] of 10')")),
    (_LOOKS, _look("looks uncomfortable", "NOT contains(text, ' of 10')")),
    (_LOOKS, _sign("59408-5", 89)),
    (_LOOKS, _sign("8310-5", 38.5)),
    (_LOOKS, _sign("9279-1", 24)),
    (_LOOKS, _sign("72514-3", 5)),
    (_LOOKS, _look("looks unwell and short of breath", f"{_EASY_BREATHS} AND NOT "
                   "regexp_matches(text, 'General: [^\n]*uncomfortable')")),
    (_CONTRARY, _text("General: [^\n]*", "General: looks ill.",
                      f"contains(text, '{_SOUND}') AND NOT contains(text, 'looks ill')")),
    (_CONTRARY, _text("Lungs: ", "Lungs: breathing fast, ",
                      "regexp_matches(text, 'General: (well-looking|alert, in no distress)')")),
    (_CONTRARY, _nerves(f"Mental state: drowsy and confused.\nNerves: {_SOUND}")),
    (_CONTRARY, _nerves(f"Joints: left ankle: swollen.\nNerves: {_SOUND}")),
    (_CONTRARY, _nerves("Nerves: weakness of one side, speech and strength without finding")),
    (_CONTRARY, _text("General: [^\n]*", "General: in respiratory distress.",
                      f"contains(text, '{_SOUND}')")),
    (_PENDING, _text("\nSigned by", "\n- Pending: AHC HRSN.\n\nSigned by",
                     "contains(text, '- AHC HRSN: ')")),
    (_ASKED, one("screenings", "taken_at = taken_at + INTERVAL 2 HOUR")),
    (_ASKED, one("screenings", "taken_at = taken_at - INTERVAL 1 HOUR")),
    (_FOLLOWS, one("screenings", "instrument = 'PHQ-9', score = 10")),
    (_FOLLOWS, one("screenings", "instrument = 'GAD-7', score = 10")),
    (_FOLLOWS, one("screenings", "instrument = 'PHQ-2', score = 3")),
    (_FOLLOWS, one("screenings", "instrument = 'AUDIT-C', score = 4")),
    (_PLAN, _text("\nPLAN\n", "\nNEXT\n", _ADMISSION)),
    (_BORN, _past("Single live birth (Z37.0)")),
    (_BORN, _past("Liveborn infant (Z38.00)")),
    (_BORN, _past("Exceptionally large newborn (P08.0)")),
    (_NURSE, one("providers", "specialty = 'family medicine'", "npi IN (SELECT attending_npi "
                 "FROM encounters WHERE encounter_class = 'home_health')")),
    ((*_NURSE, *_WHERE), _note(
        "author_npi = (SELECT min(npi) FROM providers WHERE specialty = 'family medicine')",
        "encounter_id IN (SELECT encounter_id FROM encounters "
        "WHERE encounter_class = 'home_health')")),
    (_WHOLE,
     one("procedures", "code = '02100Z9'", _TWICE),
     one("procedures", f"code = '021109W', encounter_id = {_FIRST_DONE.format('encounter_id')}, "
         f"performed_date = {_FIRST_DONE.format('performed_date')}",
         f"{_TWICE} AND code <> '02100Z9'"),
     _note("type = '11504-8', text = text || chr(10) || chr(10) || 'OPERATION' || chr(10) "
           "|| 'Bypass (02100Z9)' || chr(10)",
           f"encounter_id = {_FIRST_DONE.format('encounter_id')}")),
    (_WIRES, one("procedures", "code = '33533', performed_date = DATE '2020-01-01'",
                 "person_id IN (SELECT person_id FROM diagnostic_reports "
                 "WHERE display LIKE 'XR Chest%')")),
    (_WIRES, one("procedures", "code = '02100Z9', performed_date = DATE '2020-01-01'",
                 "person_id IN (SELECT person_id FROM diagnostic_reports "
                 "WHERE display LIKE 'XR Chest%')")),
))  # fmt: skip
"""Changes of notes and reports, and of the rows that they must agree with."""
