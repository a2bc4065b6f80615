"""Arms of the rules of results and adverse events: each grade at its limits, each reason."""

from __future__ import annotations

from audit.arms import Arm, breaks, keeps, one

_GRADE = "a result has the grade of the CTCAE"
_EVERY = "every result of a trial that the CTCAE grades has its grade"
_LABS = "results of an adverse event have its grade"
_WHY = "a serious adverse event says why"
_STAY = "a stay for an adverse event begins with it"
_A_RESULT = "lab_result_id = (SELECT min(lab_result_id) FROM result_grades)"
_OF_A_TRIAL = "loinc = '2160-0'"


def _value(loinc: str, value: float, term: str, grade: int, rows: int) -> Arm:
    result = (
        f"UPDATE lab_results SET loinc = '{loinc}', value = {value}, ref_low = 10, ref_high = 20 "
        f"WHERE {_A_RESULT}"
    )
    return Arm(_GRADE, (result, one("result_grades", f"term = '{term}', grade = {grade}",
                                    _A_RESULT)), rows)  # fmt: skip


_NEUTROPHILS, _LIVER = "Neutrophil count decreased", "Alanine aminotransferase increased"
_SERIOUS = "serious AND grade = 3 AND stay_encounter_id IS NOT NULL"
_LOW = "lower(term) = 'hypoglycemia' AND grade = 3 AND end_date = start_date + 2"
_DAY = f"(SELECT start_date + {{day}} FROM adverse_events WHERE {_LOW} ORDER BY 1 LIMIT 1)"
_WHO = f"(SELECT person_id FROM adverse_events WHERE {_LOW} ORDER BY start_date LIMIT 1)"


def _during(day: int, value: float, rows: int) -> Arm:
    """Give a person with hypoglycemia of grade 3 a glucose on a day of it."""
    alone = (
        "UPDATE lab_results SET loinc = '2345-7', ref_low = 70, ref_high = 99, "
        f"value = {value}, collected_at = {_DAY.format(day=day)} WHERE lab_result_id = (SELECT "
        f"min(lab_result_id) FROM lab_results WHERE person_id = {_WHO})"
    )
    return Arm(_LABS, (alone,), rows)


OF_TOXICITY = (
    *(_value("751-8", value, _NEUTROPHILS, grade, rows) for value, grade, rows in (
        (0.4, 4, 0), (0.5, 4, 1), (0.5, 3, 0), (0.9, 3, 0), (1.0, 3, 1), (1.0, 2, 0), (1.4, 2, 0),
        (1.5, 1, 0), (9.9, 1, 0), (10.0, 1, 1))),
    *(_value("1742-6", value, _LIVER, grade, rows) for value, grade, rows in (
        (20, 1, 1), (21, 1, 0), (60, 1, 0), (61, 2, 0), (100, 2, 0), (101, 3, 0), (400, 3, 0),
        (401, 4, 0), (401, 3, 1))),
    breaks(_GRADE, one("result_grades", "term = 'Fatigue'")),
    keeps(_EVERY, one("lab_results", "value = 1.0, ref_high = 1.3",
                      f"{_OF_A_TRIAL} AND lab_result_id NOT IN "
                      "(SELECT lab_result_id FROM result_grades)")),
    breaks(_EVERY, one("lab_results", "value = 1.31, ref_high = 1.3",
                       f"{_OF_A_TRIAL} AND lab_result_id NOT IN "
                       "(SELECT lab_result_id FROM result_grades)")),
    *(_during(day, value, rows) for day, value, rows in (
        (1, 35, 0), (1, 40, 1), (1, 29, 1), (2, 80, 0), (0, 80, 0))),
    *(Arm(_WHY, (one("adverse_events", change, where),), rows) for change, where, rows in (
        ("serious_reason = NULL", _SERIOUS, 1), ("serious_reason = 'death'", _SERIOUS, 1),
        ("serious_reason = 'life-threatening'", _SERIOUS, 1),
        ("serious_reason = 'other medically important'", _SERIOUS, 1),
        ("serious_reason = 'other medically important', stay_encounter_id = NULL", _SERIOUS, 0),
        ("stay_encounter_id = NULL", _SERIOUS, 1),
        ("serious_reason = 'hospitalization'", "NOT serious", 1),
        ("stay_encounter_id = (SELECT min(encounter_id) FROM encounters)", "NOT serious", 1),
        ("serious_reason = 'hospitalization'", "grade = 4", 1),
        ("serious_reason = 'life-threatening'", "grade = 5", 1))),
    *(Arm(_STAY, (one("adverse_events", change, _SERIOUS),), rows) for change, rows in (
        ("start_date = start_date - 1", 0), ("start_date = start_date + 1", 1),
        ("person_id = person_id + 100", 1),
        ("stay_encounter_id = (SELECT min(e.encounter_id) FROM encounters AS e WHERE "
         "e.person_id = adverse_events.person_id AND e.encounter_class = 'office'), "
         "start_date = DATE '2020-01-01'", 1))),
)  # fmt: skip
