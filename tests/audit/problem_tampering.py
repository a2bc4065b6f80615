"""One small change for every rule of problem lists, and which rules then tell."""

from __future__ import annotations

from audit.tampering import _one, _row

_FIRST = ("an encounter has a diagnosis",)  # its first one is the reason of the encounter
_HAS = "problem list: what a visit states, the person has"
_OF_STAGE = (
    "loinc = '98979-8' AND (person_id, collected_at::DATE) IN (SELECT person_id, onset_date - 1 "
    "FROM conditions WHERE code = 'N18.32' AND encounter_id IS NULL)"
)
_RECORDED_STAGE = "problem list: a stage is recorded when the result that shows it is reported"
_HEART = "(SELECT min(encounter_id) FROM encounter_diagnoses WHERE code = 'I11.0')"

OF_PROBLEMS = (
    _row(_HAS, _one("encounter_diagnoses", "code = 'K21.9'", "code = 'J18.9'"), also=_FIRST),
    _row("problem list: what is acute ends",
         _one("conditions", "abatement_date = NULL, status = 'active'", "code = 'J18.9'")),
    _row("problem list: what follows an illness begins when it ends",
         _one("conditions", "code = 'Z87.01', onset_date = onset_date, "
              "recorded_date = recorded_date", "code = 'I25.2'")),
    _row("problem list: a stage begins when a test shows it",
         _one("conditions", "onset_date = onset_date - 2, recorded_date = recorded_date - 2",
              "code = 'N18.32'"),
         _one("conditions", "abatement_date = abatement_date - 2", "code = 'N18.31'")),
    _row(_RECORDED_STAGE,
         _one("conditions", "onset_date = onset_date - 1, recorded_date = onset_date - 1",
              "code = 'N18.32' AND (person_id, onset_date) IN (SELECT person_id, "
              "resulted_at::DATE FROM lab_results WHERE loinc = '98979-8' "
              "AND resulted_at::DATE > collected_at::DATE)"),
         _one("conditions", "abatement_date = abatement_date - 1", "code = 'N18.31'")),
    _row("problem list: a stage begins when a test shows it",
         _one("lab_results", "value = 45", _OF_STAGE)),
    _row("problem list: a stage begins when a test shows it",
         _one("lab_results", "value = 29", _OF_STAGE)),
    _row("problem list: what is of a pregnancy ends with it",
         _one("conditions", "onset_date = onset_date - 400, recorded_date = recorded_date - 400",
              "code = 'O99.810'")),
    _row("problem list: what an operation removed is gone",
         _one("conditions", "abatement_date = abatement_date + 9", "code = 'M17.0'")),
    _row("problem list: a tumor spreads after it began",
         _one("conditions", "onset_date = onset_date - 900, recorded_date = recorded_date - 900",
              "code = 'C78.7'")),
    _row("coding: a stay names the organism that its culture grew",
         _one("encounter_diagnoses", "code = 'A41.9'", "code = 'A41.51'"), also=_FIRST),
    _row("coding: a stay names the organism that its culture grew",
         _one("encounter_diagnoses", "code = 'R09.81'", "code = 'B96.20'")),
    _row("coding: a birth without complications has none",
         _one("encounter_diagnoses", "code = 'O80'", "code = 'Z37.0'")),
    _row("coding: the stay of a birth states what the newborn has",
         _one("encounter_diagnoses", "code = 'R09.81'", "code = 'P59.9'"),
         also=("a derived group is the one that the stay's codes give",)),
    _row("coding: only a visit that begins at birth states that a child is born",
         _one("encounter_diagnoses", "code = 'Z38.00'", "code = 'Z00.00'"), also=_FIRST),
    _row("coding: weeks of one pregnancy agree",
         _one("encounter_diagnoses", "code = 'Z3A.40'", "code = 'Z3A.20'")),
    _row("coding: a cause stands before what it causes",
         "UPDATE encounter_diagnoses SET code = CASE code WHEN 'I11.0' THEN 'I50.22' "
         f"ELSE 'I11.0' END WHERE encounter_id = {_HEART} AND code IN ('I11.0', 'I50.22')",
         also=(*_FIRST, "hypertensive heart disease stands before the failure "
               "encounter_diagnoses.sequence")),
    _row("coding: heart failure is stated with the hypertension that causes it",
         _one("encounter_diagnoses", "code = 'Z71.3'", "code = 'I11.0'"), also=_FIRST),
    _row("coding: long-term insulin is prescribed",
         _one("encounter_diagnoses", "code = 'Z79.4'", "code = 'J18.9'"), also=_FIRST),
    _row("coding: a preventive visit with findings says so",
         "INSERT INTO encounter_diagnoses SELECT * REPLACE ('R05.9' AS code, "
         "(SELECT max(sequence) + 1 FROM encounter_diagnoses AS o "
         "WHERE o.encounter_id = d.encounter_id) AS sequence) "
         "FROM encounter_diagnoses AS d WHERE code = 'Z00.00' LIMIT 1"),
    _row("coding: exempt codes have no indicator of admission",
         _one("encounter_diagnoses", "poa = 'Y'", "code = 'Z37.0'")),
    _row("coding: not present on admission is what began after it",
         _one("encounter_diagnoses", "poa = 'Y'", "poa = 'N'")),
)  # fmt: skip
