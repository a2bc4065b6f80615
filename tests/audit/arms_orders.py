"""Arms of the rules of orders: each step a minute too early, and each thing that nobody has."""

from __future__ import annotations

from audit.arms import Arm, breaks, first, keeps, one

_IN_ONE = "a result is in one report, of its visit"
_FOLLOWS, _ISSUED = "a report follows its order", "a report comes out with its last result"
_TAKEN = "a specimen is taken after its order"
_HAD = "a result comes from a specimen that the laboratory had"
_COMPLETED = "an order is completed on the day it was done"
_VISIT = "a completed referral led to a visit"
_CODE = "a conclusion's code is of a condition that the person has"
_NAMES = "a conclusion names only what the person has"
_FRACTION = "an ejection fraction in a conclusion is its result"
_MINUTE = "INTERVAL 1 MINUTE"
_OF_REPORT = "request_id = (SELECT min(request_id) FROM diagnostic_reports)"
_EFFECTIVE = "(SELECT effective_at FROM diagnostic_reports ORDER BY request_id LIMIT 1)"
_OF_SPECIMEN = "request_id = (SELECT min(request_id) FROM specimens)"
_SPECIMEN = "specimen_id = (SELECT specimen_id FROM specimens ORDER BY request_id LIMIT 1)"
_COLLECTED = "(SELECT collected_at FROM specimens ORDER BY request_id LIMIT 1)"
_RESULTED = (
    "(SELECT min(l.resulted_at) FROM lab_results AS l JOIN diagnostic_report_results AS d "
    "USING (lab_result_id) WHERE d.specimen_id = specimens.specimen_id)"
)
_RESULTS = (
    "(SELECT count(*) FROM diagnostic_report_results AS d WHERE d.specimen_id = "
    "specimens.specimen_id)"
)
_REFERRAL = "kind = 'referral' AND status = 'completed'"
_NOBODY = "C34.12"
_LUNG = "'Mass of the left lung, in keeping with the known malignancy.'"
_PERSON = first("person_id", "diagnostic_reports")
_DAY = first("effective_at::DATE", "diagnostic_reports")
_A_CONDITION = f"person_id = {_PERSON}"


def _condition(code: str, onset: str, ended: str = "NULL") -> str:
    """Give the person of the first report a condition."""
    return one(
        "conditions", f"code = '{code}', onset_date = {_DAY} {onset}, abatement_date = {ended}",
        _A_CONDITION,
    )  # fmt: skip


def _says(rule: str, change: str, rows: int, *more: str) -> Arm:
    """Change the first report, and what its person has."""
    return Arm(rule, (one("diagnostic_reports", change), *more), rows)


_BILLED = "a procedure that is billed is in the chart"
_SESSION = "code = '90999'"
_COUNTS, _SHOWS = "an angiogram counts its narrow vessels", \
    "an angiogram shows what is treated then"  # fmt: skip
_LAD, _LCX, _NO_LCX = "Left anterior descending artery 70 % stenosis.", \
    "Circumflex artery occluded.", "Circumflex artery without significant stenosis."  # fmt: skip


def _angiogram(text: str) -> str:
    """Let the first report be an angiogram."""
    return one("diagnostic_reports", f"conclusion = '{text}'")


def _treated(system: str, code: str, day: str, text: str, rows: int) -> Arm:
    """Let the person of the first report have a treatment, days after it."""
    change = (f"person_id = {_PERSON}, system = '{system}', code = '{code}', "
              f"performed_date = {_DAY} {day}")  # fmt: skip
    return Arm(_SHOWS, (_angiogram(text), one("procedures", change)), rows)


_OF_ANGIOGRAMS = (
    *(Arm(_COUNTS, (_angiogram(text),), rows) for text, rows in (
        (_NO_LCX, 0), (f"One-vessel disease. {_LCX}", 0), (_LCX, 1),
        (f"Two-vessel disease. {_LCX}", 1), (f"Two-vessel disease. {_LAD} {_LCX}", 0),
        (f"One-vessel disease. {_NO_LCX}", 1), ("One-vessel disease.", 0))),
    *(_treated("CPT", code, day, f"{text} {_NO_LCX}", rows) for code, day, text, rows in (
        ("33510", "", _LAD, 0), ("33510", "", "", 1), ("33536", "", _LAD, 1),
        ("33536", "+ 180", _LAD, 1), ("33536", "+ 181", _LAD, 0), ("33536", "- 1", _LAD, 0),
        ("92928", "", _LAD, 0), ("92928", "", "", 1), ("93458", "", "", 0))),
    _treated("CPT", "33536", "", f"{_LAD} {_LCX}", 0),
    _treated("ICD-10-PCS", "0272346", "", f"{_LAD} {_LCX}", 1),
    _treated("ICD-10-PCS", "0271346", "", f"{_LAD} {_LCX}", 0),
    _treated("CPT", "0271346", "", _NO_LCX, 0),
    _treated("CPT", "33536", "", "No finding.", 0),
)  # fmt: skip

OF_ORDERS = (
    *_OF_ANGIOGRAMS,
    breaks(_BILLED, one("procedures", "code = '90937'", _SESSION)),
    keeps(_BILLED, one("procedures", "code = '5A1D70Z', system = 'ICD-10-PCS'", _SESSION)),
    keeps(_BILLED, "UPDATE claims SET encounter_id = NULL",
          one("procedures", "code = '90937'", _SESSION)),
    breaks(_BILLED, one("procedures", "performed_date = performed_date + 1", _SESSION)),
    breaks(_BILLED, one("procedures", "person_id = -1", _SESSION)),
    *(Arm(_BILLED, (f"UPDATE claim_lines SET procedure = '{code}' WHERE procedure = '90999'",
                    f"DELETE FROM procedures WHERE NOT ({_SESSION})",
                    "DELETE FROM claims WHERE encounter_id NOT IN "
                    f"(SELECT min(encounter_id) FROM procedures WHERE {_SESSION})"), rows)
      for code, rows in (("36821", 1), ("96413", 1), ("97110", 1), ("93798", 1), ("G0108", 1),
                         ("45385", 1), ("36415", 0), ("99213", 0), ("G0299", 0), ("J9190", 0),
                         ("00532", 0), ("85025", 0), ("2GB11", 0))),
    *(Arm(_BILLED, (f"UPDATE claim_lines SET procedure = '{code}' WHERE procedure = '90999'",
                    "UPDATE procedures SET code = '93000' WHERE code = '90999'"), rows)
      for code, rows in (("93010", 0), ("93005", 0))),
    keeps(_BILLED, one("claim_lines", "procedure = '94010', event_id = "
          + first("event_id", "lab_results") + ", person_id = "
          + first("person_id", "lab_results"), "procedure = '99213'")),
    breaks(_BILLED, one("claim_lines", "procedure = '94010'", "procedure = '99213'")),
    breaks(_IN_ONE, one("diagnostic_reports", "encounter_id = -1", "procedure_id IS NULL"
           " AND report_id IN (SELECT report_id FROM diagnostic_report_results GROUP BY report_id"
           " HAVING count(*) = 1)")),
    breaks(_IN_ONE, "DELETE FROM diagnostic_report_results WHERE lab_result_id = "
           "(SELECT min(lab_result_id) FROM diagnostic_report_results)"),
    breaks(_IN_ONE, "INSERT INTO diagnostic_report_results BY NAME SELECT * FROM "
           "diagnostic_report_results ORDER BY lab_result_id LIMIT 1"),
    keeps(_IN_ONE, one("lab_results", "loinc = '44261-6'"),
          "DELETE FROM diagnostic_report_results WHERE lab_result_id = "
          + first("lab_result_id", "lab_results")),
    keeps(_FOLLOWS, one("service_requests", f"ordered_at = {_EFFECTIVE}", _OF_REPORT)),
    breaks(_FOLLOWS, one("service_requests", f"ordered_at = {_EFFECTIVE} + {_MINUTE}", _OF_REPORT)),
    breaks(_FOLLOWS, one("service_requests", "status = 'active'", _OF_REPORT)),
    breaks(_FOLLOWS, one("service_requests", "occurrence_date = occurrence_date + 1", _OF_REPORT)),
    breaks(_FOLLOWS, one("diagnostic_reports", "issued_at = effective_at")),
    keeps(_FOLLOWS, one("diagnostic_reports", f"issued_at = effective_at + {_MINUTE}")),
    *(breaks(_ISSUED, one("diagnostic_reports", f"issued_at = issued_at {way} {_MINUTE}",
                          "category = 'LAB'")) for way in "+-"),
    keeps(_TAKEN, one("service_requests", f"ordered_at = {_COLLECTED}", _OF_SPECIMEN)),
    breaks(_TAKEN, one("service_requests", f"ordered_at = {_COLLECTED} + {_MINUTE}", _OF_SPECIMEN)),
    breaks(_TAKEN, one("specimens", "received_at = collected_at")),
    keeps(_TAKEN, one("specimens", f"received_at = collected_at + {_MINUTE}")),
    breaks(_HAD, one("specimens", f"collected_at = collected_at - {_MINUTE}", f"{_RESULTS} = 1")),
    breaks(_HAD, one("specimens", f"received_at = {_RESULTED}", f"{_RESULTS} = 1")),
    keeps(_HAD, one("specimens", f"received_at = {_RESULTED} - {_MINUTE}")),
    breaks(_COMPLETED, one("service_requests", "status = 'active'")),
    breaks(_COMPLETED, one("service_requests", "occurrence_date = NULL")),
    breaks(_COMPLETED, one("service_requests", "occurrence_date = ordered_at::DATE - 1")),
    keeps(_COMPLETED, one("service_requests", "occurrence_date = ordered_at::DATE + 9")),
    keeps(_COMPLETED, one("service_requests", "occurrence_date = NULL, status = 'revoked'")),
    breaks(_VISIT, one("service_requests", "occurrence_date = occurrence_date + 5000", _REFERRAL)),
    breaks(_VISIT, one("service_requests", "performer_npi = 1", _REFERRAL)),
    breaks(_VISIT, one("service_requests", "person_id = -1", _REFERRAL)),
    keeps(_VISIT, one("service_requests", "performer_npi = 1, kind = 'procedure'", _REFERRAL)),
    _says(_CODE, f"conclusion_code = '{_NOBODY}'", 1),
    _says(_CODE, f"conclusion_code = '{_NOBODY}'", 0, _condition(_NOBODY, "+ 0")),
    _says(_CODE, f"conclusion_code = '{_NOBODY}'", 1, _condition(_NOBODY, "+ 1")),
    _says(_CODE, f"conclusion_code = '{_NOBODY}'", 0, _condition(_NOBODY, "- 9", _DAY)),
    _says(_CODE, f"conclusion_code = '{_NOBODY}'", 1, _condition(_NOBODY, "- 9", f"{_DAY} - 1")),
    _says(_CODE, "conclusion_code = (SELECT d.code FROM encounter_diagnoses AS d "
          "WHERE d.encounter_id = diagnostic_reports.encounter_id LIMIT 1)", 0),
    _says(_NAMES, f"conclusion = {_LUNG}", 1),
    _says(_NAMES, "conclusion = concat('Heart size is normal. ', "
          f"{_LUNG}, ' No pneumothorax.')", 1),
    _says(_NAMES, "conclusion = 'Lungs are clear. Heart size is normal.'", 0),
    breaks(_FRACTION, one("diagnostic_reports",
           "conclusion = 'Left ventricular ejection fraction 35 %, reduced.'")),
    *(Arm(_FRACTION, (one("diagnostic_reports",
                          "conclusion = 'Left ventricular ejection fraction 35 %, reduced.'"),
                      "UPDATE lab_results SET loinc = '10230-1', "
                      f"value = {value} WHERE lab_result_id = (SELECT min(d.lab_result_id) FROM "
                      "diagnostic_report_results AS d WHERE d.report_id = "
                      f"{first('report_id', 'diagnostic_reports')})"), rows)
      for value, rows in ((35.4, 0), (36.0, 1))),
)  # fmt: skip
