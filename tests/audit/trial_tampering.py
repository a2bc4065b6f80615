"""One small change for every rule of trials, and which rules then tell."""

from __future__ import annotations

from audit.tampering import Tampering, _one, _row

_ENDED = "SELECT subject_id FROM subjects WHERE status = 'withdrawn'"
_LATER = "(SELECT end_date + 1 FROM subjects AS s WHERE s.subject_id = {table}.subject_id)"


def _after_end(table: str, column: str, *also: str) -> Tampering:
    where = f"{column} IS NOT NULL AND subject_id IN ({_ENDED})"
    if table == "adverse_events":
        where += " AND NOT serious AND end_date IS NOT NULL"
    change = f"{column} = {_LATER.format(table=table)}"
    return _row(f"nothing of a trial after its end {table}.{column}",
                _one(table, change, where), also=also)  # fmt: skip


OF_TRIALS = (
    _after_end("eligibility_results", "asked_date",
               "on the day of its event eligibility_results.asked_date",
               "criteria are asked on the day of screening"),
    _after_end("trial_visits", "actual_date", "on the day of its event trial_visits.actual_date",
               "during its encounter trial_visits.actual_date",
               "a visit is of its encounter's day",
               "a visit lies in its window or is a deviation"),
    _after_end("adverse_events", "start_date",
               "on the day of its event adverse_events.start_date",
               "an adverse event ends after it begins"),
    _after_end("adverse_events", "end_date"),
    _after_end("tumor_measurements", "assessed_date",
               "on the day of its event tumor_measurements.assessed_date"),
    _after_end("tumor_responses", "assessed_date",
               "on the day of its event tumor_responses.assessed_date",
               "a tumour is compared with its first and its smallest sum"),
    _after_end("result_grades", "collected_date",
               "on the day of its event result_grades.collected_date"),
    _after_end("exposures", "start_date", "on the day of its event exposures.start_date",
               "during its encounter exposures.start_date", "dosing ends after it begins"),
    _after_end("exposures", "end_date"),
    _row("nothing of a trial without consent",
         _one("subjects", "consent_date = NULL, status = 'consent refused', "
              "end_date = asked_date, end_reason = 'consent refused', screen_date = NULL, "
              "screen_fail_reason = NULL", "status = 'screen failure'"),
         also=("criteria are asked on the day of screening",
               "the first criterion not satisfied is the reason")),
    _row("who refuses to take part has no consent, and the others have",
         _one("subjects", "asked_date = asked_date + 1", "status = 'withdrawn'")),
    _row("a subject's days follow each other",
         _one("subjects", "consent_date = screen_date + 1", "status = 'screen failure'"),
         also=("nothing of a trial after its end eligibility_results.asked_date",
               "nothing of a trial after its end trial_visits.actual_date")),
    _row("an end has its day and its reason", _one("subjects", "status = 'ongoing'",
         "status = 'completed'")),
    _row("a failure of screening has its reason",
         _one("subjects", "status = 'discontinued'", "status = 'screen failure'")),
    _row("the first criterion not satisfied is the reason",
         _one("subjects", "screen_fail_reason = 'Adult'",
              "screen_fail_reason = 'Chronic kidney disease'")),
    _row("criteria are asked on the day of screening",
         _one("eligibility_results", "asked_date = asked_date + 1",
              "subject_id IN (SELECT subject_id FROM subjects WHERE arm IS NOT NULL)"),
         also=("on the day of its event eligibility_results.asked_date",)),
    _row("who is randomised has an arm, a stratum and a block",
         _one("subjects", "stratum = NULL, block = NULL", "arm = 'placebo'")),
    _row("who is randomised was eligible",
         _one("subjects", "screen_date = NULL", "arm = 'placebo'"),
         also=("criteria are asked on the day of screening",)),
    _row("randomised are those who came to it",
         _one("subjects", "randomized_date = randomized_date - 1", "arm IS NOT NULL")),
    _row("an arm is one of the trial's",
         "UPDATE trial_arms SET arm = 'sham' WHERE arm = 'placebo'"),
    _row("arms are balanced within a block",
         _one("subjects", "arm = 'placebo'", "arm = 'treatment' AND block = 1"),
         also=("a dose is of the subject's arm",)),
    _row("a dose is of the subject's arm", _one("exposures", "arm = 'treatment'",
         "arm = 'placebo'")),
    _row("a visit lies in its window or is a deviation",
         _one("trial_visits", "deviation = false", "deviation")),
    _row("a window holds its planned day",
         _one("trial_visits", "planned_date = window_high_date + 1",
              "window_high_date IS NOT NULL")),
    _row("a visit that took place is an encounter",
         _one("trial_visits", "encounter_id = NULL", "status = 'completed' AND name LIKE 'C1%'"),
         also=("every visit of a trial in the chart is in the trial",)),
    _row("a visit is of its encounter's day",
         _one("trial_visits", "event_id = (SELECT min(e.event_id) FROM events AS e WHERE "
              "e.person_id = trial_visits.person_id AND e.event_date = trial_visits.actual_date "
              "AND e.type = 'lab')", "name = 'Screening'")),
    _row("every visit of a trial in the chart is in the trial",
         "DELETE FROM trial_visits WHERE trial_visit_id = "
         "(SELECT min(trial_visit_id) FROM trial_visits)"),
    _row("the sponsor's visits make no claim",
         _one("trial_visits", "routine_care = false",
              "routine_care AND encounter_id IN (SELECT encounter_id FROM claims)")),
    _row("routine care in a facility is billed",
         _one("trial_visits", "routine_care = true", "encounter_id IN (SELECT encounter_id "
              "FROM encounters WHERE encounter_class = 'outpatient_hospital') AND person_id IN "
              "(SELECT person_id FROM enrollments)")),
    _row("an adverse event ends after it begins",
         _one("adverse_events", "end_date = start_date - 1", "grade < 4 AND end_date IS NOT NULL")),
    _row("grades of adverse events say what they mean",
         _one("adverse_events", "serious = false", "grade = 4"),
         also=("a serious adverse event says why",)),
    _row("a fatal adverse event is a death",
         "UPDATE patients SET death_date = death_date + 1 WHERE person_id = "
         "(SELECT min(person_id) FROM adverse_events WHERE grade = 5)",
         also=("a discharge status of death is that of the dead",)),
    _row("a result has the grade of the CTCAE", _one("result_grades", "grade = 4", "grade = 1")),
    _row("every result of a trial that the CTCAE grades has its grade",
         "DELETE FROM result_grades WHERE lab_result_id = "
         "(SELECT min(lab_result_id) FROM result_grades)"),
    _row("results of an adverse event have its grade",
         _one("adverse_events", "term = 'Creatinine increased', grade = 3", "adverse_event_id IN "
              "(SELECT a.adverse_event_id FROM adverse_events AS a JOIN lab_results AS l USING "
              "(person_id) WHERE l.loinc = '2160-0' AND NOT a.serious AND l.collected_at::DATE > "
              "a.start_date AND date_diff('day', a.start_date, l.collected_at::DATE) < "
              "(date_diff('day', a.start_date, a.end_date) + 2) // 2)")),
    _row("a serious adverse event says why",
         _one("adverse_events", "serious_reason = 'hospitalization'", "grade = 4")),
    _row("a stay for an adverse event begins with it",
         "UPDATE encounters SET encounter_class = 'office', drg = NULL, drg_source = NULL, "
         "drg_derived = NULL WHERE encounter_id = (SELECT min(stay_encounter_id) "
         "FROM adverse_events WHERE stay_encounter_id IS NOT NULL)",
         also=("a planned visit has an appointment", "places cover a stay or emergency visit")),
    _row("a sum of diameters is that of the lesions",
         _one("tumor_measurements", "diameter_mm = diameter_mm + 1")),
    _row("a tumour is compared with its first and its smallest sum",
         _one("tumor_responses", "baseline_sum_mm = baseline_sum_mm + 1",
              "response = 'SD' AND sum_mm > 0.8 * baseline_sum_mm AND baseline_sum_mm > 50")),
    _row("a response is that of RECIST",
         _one("tumor_responses", "response = 'SD'",
              "response = 'PD' AND best_response <> 'PD'")),
    _row("the best response is the best so far",
         _one("tumor_responses", "best_response = 'CR'", "response = 'PD'")),
    _row("dosing ends after it begins",
         _one("exposures", "end_date = start_date - 1", "start_date > DATE '2025-03-01'")),
)  # fmt: skip
