"""One small change for every rule of bodies, and which rules then tell."""

from __future__ import annotations

from audit.tampering import _one, _row

_LABS = "computed lab results follow from their inputs"
_VITALS = "computed vital signs follow from their inputs"

_AT_ONCE = "one result of a test at a time in "

OF_BODIES = (
    _row(_LABS, _one("lab_results", "value = value + 3", "loinc = '98979-8' AND value < 40")),
    _row(_VITALS, _one("vital_signs", "value = value + 2", "loinc = '39156-5'")),
    _row(f"{_AT_ONCE}lab_results",
         _one("lab_results", "loinc = '1975-2', unit = 'mg/dL', value = 1, ref_low = 0.1, "
              "ref_high = 1.2, flag = 'N'", "loinc = '2885-2' AND panel = 'liver'")),
    _row(f"{_AT_ONCE}vital_signs",
         "UPDATE vital_signs SET loinc = '8310-5', value = 30, measured_at = t.measured_at FROM "
         "(SELECT person_id, measured_at FROM vital_signs WHERE loinc = '8310-5' ORDER BY "
         "vital_sign_id LIMIT 1) AS t WHERE loinc = '8331-1' "
         "AND vital_signs.person_id = t.person_id"),
    _row("direct bilirubin is part of the total",
         _one("lab_results", "value = 9, flag = 'H'", "loinc = '1968-7'")),
    _row("urea nitrogen follows creatinine",
         _one("lab_results", "value = 1, flag = 'L'", "loinc = '3094-0'")),
    _row("urea nitrogen follows creatinine",
         _one("lab_results", "value = 195, flag = 'H'", "loinc = '3094-0' AND person_id IN "
              "(SELECT person_id FROM lab_results WHERE loinc = '2160-0' AND value < 3)")),
    _row("kidneys of a late stage filter little",
         _one("lab_results", "value = 89, flag = 'N'", "loinc = '98979-8'"), also=(_LABS,)),
)  # fmt: skip
