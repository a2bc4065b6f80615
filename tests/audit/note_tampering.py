"""One small change for each arm of the rules of notes: of a note, and of what it repeats."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one

_WHERE = ("a note is written in its encounter, by who treats",)
_CODES = ("a note names the diagnoses of its encounter, in order",)
_NUMBER = ("a result in a note is a result of the person",)
_THERE = ("a note holds the results of its visit that were there",)
_DRUG = ("a drug in a note is one that the person has",)
_PRESSURE = ("a pressure in a note was measured in its encounter",)
_AGE = ("an age in a note is that of the day",)

_PEPTIDE = r"\n- NT-proBNP ([0-9.]+) pg/mL"


def _note(change: str, where: str = "true") -> str:
    return one("clinical_notes", change, where)


def _text(pattern: str, by: str) -> str:
    """Return a change of the first note in which a pattern is."""
    return _note(f"text = regexp_replace(text, '{pattern}', '{by}')",
                 f"regexp_matches(text, '{pattern}')")  # fmt: skip


OF_NOTES = tuple(Tampering(rules, change) for rules, *change in (
    (_WHERE, _note("authored_at = authored_at - INTERVAL 2 DAY", "type = '11506-3'")),
    (_WHERE, _note("author_npi = (SELECT max(npi) FROM providers WHERE npi <> author_npi)")),
    (_CODES, _text(r"\n1\. ([^\n]*) \([A-Z0-9.]+\)", "\n1. \\1 (J20.9)")),
    (_CODES, _text(r"\n2\. [^\n]*", "")),
    (_NUMBER, _text(_PEPTIDE, "\n- NT-proBNP 7.7 pg/mL")),
    (_THERE, _text(_PEPTIDE, "\n- NT-proBNP not yet known")),
    (_DRUG, _text(r"\n- furosemide ", "\n- warfarin ")),
    (_PRESSURE, _text("Blood pressure ([0-9]+)/", "Blood pressure 300/")),
    (_PRESSURE, _text("Blood pressure ([0-9]+)/([0-9]+)", r"Blood pressure \1/20")),
    (_AGE, _text(r", (\d+)-year-old", ", 101-year-old")),
))  # fmt: skip
"""Changes of notes."""

OF_SOURCES = tuple(Tampering(rules, change) for rules, *change in (
    (_CODES, one("encounter_diagnoses", "code = 'J20.9'")),
    (_AGE, one("patients", "birth_date = birth_date - 400")),
    (_DRUG, "UPDATE prescriptions SET drug = 'water' WHERE drug LIKE 'furosemide%'"),
    (_PRESSURE, "UPDATE vital_signs SET value = value + 1 WHERE loinc = '8480-6'"),
    (_NUMBER, "UPDATE lab_results SET value = value + 0.017"),
))  # fmt: skip
"""Changes of the rows that notes repeat."""
