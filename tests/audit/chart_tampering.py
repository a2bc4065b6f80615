"""One small change for every rule of what charts hold of people, and which rules then tell."""

from __future__ import annotations

from audit.tampering import _one, _row

_NEVER = "value_text = 'Never smoked tobacco', value_code = '266919005'"
_STATUS = "kind = 'smoking_status' AND person_id IN (SELECT person_id FROM conditions WHERE {})"
_SMOKES = _STATUS.format("code = 'F17.210'")

OF_CHARTS = (
    _row("who has smoked by a code is none who never smoked",
         _one("observations", _NEVER, _SMOKES)),
    _row("who has given up smoking by a code is none who never smoked",
         _one("observations", _NEVER, _STATUS.format("code = 'Z87.891'"))),
    _row("who smokes by a code has not given it up",
         _one("observations", "value_text = 'Ex-smoker'",
              f"{_SMOKES} AND encounter_id IS NOT NULL")),
    _row("who is pregnant by a code is told so",
         _one("observations", "value_text = 'Not pregnant'", "value_text = 'Pregnant'")),
    _row("no fact at an age or of a sex that it is not about",
         _one("observations", "kind = 'treatment_preference'", "kind = 'care_preference'")),
)  # fmt: skip

_IN_DATA = "related_to_person_id IS NOT NULL"
OF_RELATIVES = (
    _row("a relative in the data is that person of the household",
         _one("related_persons", "given_name = 'Nobody'", _IN_DATA)),
    _row("a minor has a guardian, and nobody else",
         "UPDATE related_persons SET guardian = false WHERE person_id = (SELECT min(person_id) "
         "FROM related_persons WHERE guardian)"),
    _row("a relative of the data is of an age to be one",
         _one("related_persons", "birth_date = DATE '2024-01-01'",
              "related_to_person_id IS NULL AND relationship IN ('MTH', 'FTH')")),
    _row("who is called in an emergency is alive",
         _one("family_history", "deceased = true, died_age = 99", "NOT deceased AND "
              "(person_id, relationship) IN (SELECT (person_id, relationship) FROM "
              "related_persons WHERE related_to_person_id IS NULL)")),
    _row("a condition of a relative began in the relative's life",
         _one("family_history", "onset_age = 120", "deceased")),
    _row("a telephone of fiction related_persons.phone",
         _one("related_persons", "phone = '212-555-1234'", "related_to_person_id IS NULL")),
)  # fmt: skip

OF_SCREENINGS = (
    _row("answers add up to the score",
         _one("screening_answers", "value = value + 1", "value IS NOT NULL")),
    _row("a score is that of its result",
         "UPDATE screenings SET taken_at = taken_at + INTERVAL 1 MINUTE WHERE screening_id = "
         "(SELECT min(lab_result_id) FROM lab_results WHERE loinc = '44261-6')"),
)  # fmt: skip
