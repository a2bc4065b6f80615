"""One change for each rule of orders and reports."""

from __future__ import annotations

from audit.tampering import Tampering, _one, _row

_DONE = "an order is completed on the day it was done"
_FOLLOWS = "a report follows its order"
_TAKEN = "a specimen is taken after its order"
_LUNG = "Mass of the left lung, in keeping with the known malignancy."

_ONE_TREATED = "(SELECT min(report_id) FROM diagnostic_reports JOIN procedures USING (person_id))"
_STENTED = (
    "INSERT INTO procedures SELECT p.* REPLACE (p.procedure_id + 1 AS procedure_id, "
    "'92928' AS code, 'CPT' AS system, r.effective_at::DATE AS performed_date, "
    "NULL AS encounter_id, NULL AS event_id) FROM procedures AS p JOIN diagnostic_reports AS r "
    f"USING (person_id) WHERE r.report_id = {_ONE_TREATED} ORDER BY p.procedure_id LIMIT 1"
)
_ENDED = (
    "(SELECT max(e.end_at) FROM encounters AS e WHERE e.person_id = appointments.person_id "
    "AND e.encounter_class IN ('inpatient', 'observation', 'snf', 'emergency') "
    "AND e.end_at < appointments.start_at - INTERVAL 30 MINUTE)"
)

_AFTER = "(SELECT a.booked_at::DATE + 1 FROM appointments AS a WHERE a.reason_code = 'C34.90')"

OF_ORDERS: tuple[Tampering, ...] = (
    _row("a result is in one report, of its visit",
         "DELETE FROM diagnostic_report_results WHERE rowid = "
         "(SELECT max(rowid) FROM diagnostic_report_results)"),
    _row(_FOLLOWS, _one("diagnostic_reports", "issued_at = effective_at"),
         also=("a report comes out with its last result",)),
    _row("a report comes out with its last result",
         _one("diagnostic_reports", "issued_at = issued_at + INTERVAL 1 MINUTE")),
    _row(_TAKEN, _one("specimens", "received_at = collected_at")),
    _row("a result comes from a specimen that the laboratory had",
         _one("specimens", "received_at = received_at + INTERVAL 9 DAY")),
    _row(_DONE, _one("service_requests", "occurrence_date = NULL", "kind = 'procedure'")),
    _row("a procedure that is billed is in the chart",
         _one("procedures", "code = '90937'", "code = '90999'"), also=()),
    _row("a completed referral led to a visit",
         _one("service_requests", "performer_npi = requester_npi",
              "kind = 'referral' AND status = 'completed' AND performer_npi <> requester_npi")),
    _row("a conclusion's code is of a condition that the person has",
         _one("diagnostic_reports", "conclusion_code = 'C34.12'")),
    _row("a conclusion names only what the person has",
         _one("diagnostic_reports", f"conclusion = '{_LUNG}'")),
    _row("an angiogram counts its narrow vessels",
         _one("diagnostic_reports", "conclusion = 'Circumflex artery occluded.'")),
    _row("an angiogram shows what is treated then",
         _one("diagnostic_reports", "conclusion = 'Circumflex artery without significant "
              "stenosis.'", f"report_id = {_ONE_TREATED}"), _STENTED),
    _row("a kept appointment is a visit with its clinician on its day",
         _one("appointments", "practitioner_npi = (SELECT max(npi) FROM providers)",
              "status = 'fulfilled'")),
    _row("a planned visit has an appointment",
         _one("appointments", "status = 'noshow', encounter_id = NULL", "status = 'fulfilled'"),
         also=("nobody misses an appointment on a day of a visit",)),
    _row("an appointment is booked before it begins, and begins before it ends",
         _one("appointments", "end_at = start_at")),
    _row("who comes because of a stay or emergency visit has booked since it",
         _one("appointments", f"reason_code = 'Z09', booked_at = {_ENDED} - INTERVAL 1 MINUTE",
              f"status = 'fulfilled' AND {_ENDED} IS NOT NULL")),
    _row("who comes because of a cancer has booked since its onset",
         _one("appointments", "reason_code = 'C34.90'",
              "status = 'fulfilled' AND booked_at < start_at - INTERVAL 3 DAY"),
         _one("conditions", f"code = 'C34.90', onset_date = {_AFTER}, recorded_date = {_AFTER}",
              "person_id = (SELECT a.person_id FROM appointments AS a "
              "WHERE a.reason_code = 'C34.90') AND abatement_date IS NULL"),
         also=("problem list: what a visit states, the person has",)),
    _row("a cancelled appointment has a reason",
         _one("appointments", "cancel_reason = 'pat'", "status = 'fulfilled'")),
    _row("what is booked lies after the data, and what was missed within",
         _one("appointments", "start_at = (SELECT as_of - 1 FROM data_days), "
              "booked_at = (SELECT as_of - 2 FROM data_days)", "status = 'noshow'")),
    _row("an appointment is of the living",
         _one("appointments", "booked_at = TIMESTAMP '1800-01-01 09:00:00'")),
    _row("nobody misses an appointment on a day of a visit",
         _one("appointments", "start_at = (SELECT e.start_at FROM encounters AS e WHERE "
              "e.person_id = appointments.person_id LIMIT 1), end_at = "
              "start_at + INTERVAL 9000 DAY", "status = 'noshow'")),
    _row("an ejection fraction in a conclusion is its result",
         _one("diagnostic_reports",
              "conclusion = 'Left ventricular ejection fraction 35 %, reduced.'")),
)  # fmt: skip
