"""One small change for each arm of the rules of notes: of a note, and of what it repeats."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one

_WHERE = ("a note is written in its encounter, by who treats",)
_BEFORE = ("an admission is written before the operating room",)
_CODES = ("a note names the diagnoses of its encounter, in order",)
_NUMBER = ("a result in a note is a result of the person",)
_THERE = ("a note holds the results of its visit that were there",)
_DRUG = ("a drug in a note is one that the person has",)
_PRESSURE = ("a pressure in a note was measured in its encounter",)
_KNOWN = ("a note of an admission names what was known then, in order",)
_LEFT = ("an admission does not know what begins in the stay",)
_CHANGE = ("a change in a note is between two measurements",)
_PULSE = ("an examination hears the pulse that was counted",)
_SHOWN = ("an examination finds what its diagnoses show",)
_LASTS = ("a problem in a note lasts as long as its condition",)
_FITS = ("an examination finds what fits the person",)
_RESUMED = ("a drug that a stay held is resumed, one that it did not hold goes on",)
_AGE = ("an age in a note is that of the day",)
_HAS = ("a problem list holds what the person has",)

_PEPTIDE = r"\n- NT-proBNP ([0-9.]+) pg/mL"


def _note(change: str, where: str = "true") -> str:
    return one("clinical_notes", change, where)


_ADMISSION, _NO_ADMISSION = "type = '34117-2'", "type <> '34117-2'"


def _text(pattern: str, by: str, where: str = "true") -> str:
    """Return a change of the first note in which a pattern is."""
    return _note(f"text = regexp_replace(text, '{pattern}', '{by}')",
                 f"regexp_matches(text, '{pattern}') AND {where}")  # fmt: skip


def said_otherwise(result: str) -> str:
    """Return a change of a result in a note to another, such as "sodium 140 mmol/L"."""
    return _text(_PEPTIDE, f"\n- {result}")


OF_NOTES = tuple(Tampering(rules, change) for rules, *change in (
    (_WHERE, _note("authored_at = authored_at - INTERVAL 2 DAY", "type = '11506-3'")),
    (_WHERE, _note("author_npi = (SELECT max(npi) FROM providers WHERE npi <> author_npi)")),
    (_CODES, _text(r"\n1\. ([^\n]*) \([A-Z0-9.]+\)", "\n1. \\1 (J20.9)", _NO_ADMISSION)),
    (_CODES, _text(r"\n2\. [^\n]*", "", _NO_ADMISSION)),
    (_KNOWN, _text(r"\n1\. ([^\n]*) \([A-Z0-9.]+\)", "\n1. \\1 (J20.9)", _ADMISSION)),
    (_KNOWN, _text(r"\n2\. [^\n]*", "", _ADMISSION)),
    (_CHANGE, _text("up from ([0-9.]+)", "down from \\1")),
    (_CHANGE, _text("(Weight [a-z]+) from ([0-9.]+)", "\\1 from 999")),
    (_CHANGE, _text("(up from [0-9./]+) to ([0-9.]+)", "\\1 to 999")),
    (_PULSE, _text("Heart: pulse regular", "Heart: pulse slow")),
    (_PULSE, _text("Heart: pulse regular", "Heart: pulse regular, fast")),
    (_SHOWN, _text("Lungs: crackles at both bases", "Lungs: clear")),
    (_SHOWN, _text("Lungs: clear[^\n]*", "Lungs: wheeze on both sides")),
    (_SHOWN, _text("Abdomen: soft", "Abdomen: gravid uterus")),
    (_FITS, _text("Abdomen: soft", "Abdomen: cord dry, soft")),
    (_FITS, _text("Abdomen: soft", "Eyes: no retinopathy seen.\nAbdomen: soft",
                  "person_id NOT IN (SELECT person_id FROM conditions WHERE code LIKE 'E1%')")),
    ((*_NUMBER, *_THERE), _text(_PEPTIDE, "\n- NT-proBNP 7.7 pg/mL")),
    (_THERE, _text(_PEPTIDE, "\n- NT-proBNP not yet known")),
    (_DRUG, _text(r"\n- furosemide ", "\n- warfarin ")),
    (_PRESSURE, _text("Blood pressure ([0-9]+)/", "Blood pressure 300/")),
    (_PRESSURE, _text("Blood pressure ([0-9]+)/([0-9]+)", r"Blood pressure \1/20")),
    (_LASTS, _text(r"\), for (\d+) years\n", "), for 77 years\n")),
    (_LASTS, _text(r"\), for (\d+) (month|year)s", r"), for \1 days")),
    (_AGE, _text(r", (\d+)-year-old", ", 101-year-old")),
    (_RESUMED, _text("\n- Resume ", "\n- Continue ")),
    (_RESUMED, _text("\n- Continue ", "\n- Resume ", "type = '18842-5'")),
    (_RESUMED, _text("\n- Continue ", "\n- Keep holding ", "type = '18842-5'")),
))  # fmt: skip
"""Changes of notes."""

OF_SOURCES = tuple(Tampering(rules, change) for rules, *change in (
    (_BEFORE, one("encounter_locations", "unit = 'operating room'", "sequence = 1 AND "
                  "encounter_id IN (SELECT encounter_id FROM clinical_notes "
                  "WHERE type = '34117-2')")),
    (_CODES, one("encounter_diagnoses", "code = 'J20.9'")),
    (_KNOWN, one("encounter_diagnoses", "poa = 'N'", "poa = 'Y'")),
    *(((*_LEFT, *_LASTS, *_HAS),
       f"UPDATE conditions SET code = '{code}', onset_date = (SELECT max(start_at)::DATE "
       "FROM encounters AS e WHERE e.person_id = conditions.person_id AND "
       "encounter_class = 'inpatient') WHERE code = 'I11.0'",
       _note(f"text = text || ' ({code})'", _ADMISSION)) for code in ("Z96.651", "J95.821")),
    (_PULSE, "UPDATE vital_signs SET value = 40 WHERE loinc = '8867-4'"),
    (_CHANGE, "UPDATE vital_signs SET value = value + 0.3 WHERE loinc = '29463-7'"),
    (_LASTS, "UPDATE conditions SET onset_date = onset_date - 900 WHERE code LIKE 'I50%'"),
    (_AGE, one("patients", "birth_date = birth_date - 400")),
    (_DRUG, "UPDATE prescriptions SET drug = 'water' WHERE drug LIKE 'furosemide%'"),
    ((*_PRESSURE, *_CHANGE), "UPDATE vital_signs SET value = value + 1 WHERE loinc = '8480-6'"),
    ((*_NUMBER, *_THERE), "UPDATE lab_results SET value = value + 0.017"),
))  # fmt: skip
"""Changes of the rows that notes repeat."""
