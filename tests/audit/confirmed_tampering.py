"""One small change for each rule of diagnoses, their tests, and deaths of them."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one

_SHOWN = "a visit that makes a diagnosis has the test that shows it"
_EARLY = "an emergency visit does not state what the stay after it finds"

_ENDS = "an illness whose end a test shows ends on the day of one"
_TOLD = "what a result defines is recorded when it is reported"

_INJURY = "creatinine that rises by half in a stay is a kidney injury"
_LATER_CREATININE = (
    "loinc = '2160-0' AND encounter_id IN (SELECT encounter_id FROM encounter_diagnoses "
    "WHERE code IN ('N39.0', 'A41.9', 'A41.51')) AND EXISTS (SELECT 1 FROM lab_results AS a "
    "WHERE a.encounter_id = lab_results.encounter_id AND a.loinc = '2160-0' "
    "AND a.collected_at < lab_results.collected_at)"
)
_HOME = "who leaves an infection's stay early takes an antibiotic along"
_FEW = "an office codes few neutrophils by a count that it knows"

OF_TESTS = (
    Tampering((_HOME,), (one("prescriptions", "drug = 'metformin 500 mg tablet'",
                             "drug LIKE 'amoxicillin%' OR drug LIKE 'levofloxacin%'"),)),
    Tampering((_ENDS,), (one("conditions", "abatement_date = abatement_date - 1",
                             "code = 'N17.9' AND abatement_date IS NOT NULL"),)),
    Tampering((_TOLD,), (one("conditions", "recorded_date = recorded_date - 1",
                             "code = 'N17.9'"),)),
    Tampering((_INJURY,), (one("lab_results", "value = value * 2", _LATER_CREATININE),)),
    Tampering((_FEW,), (one("lab_results", "value = 1.5", "loinc = '751-8' AND value = 1.1"),)),
    Tampering((_FEW, _TOLD), (one("lab_results", "resulted_at = resulted_at + INTERVAL 1 DAY",
                                  "loinc = '751-8' AND value = 1.1"),)),
    Tampering((_SHOWN,), (one("procedures", "code = '71100'", "code = '71046'"),)),
    *(Tampering((_SHOWN,), (one("lab_results", "loinc = '718-7'", f"loinc = '{test}'"),))
      for test in ("5821-4", "630-4", "600-7", "2524-7")),
    Tampering((_EARLY,), (
        "INSERT INTO encounter_diagnoses SELECT * REPLACE ('N17.9' AS code, 20 AS sequence) "
        "FROM encounter_diagnoses WHERE code = 'R50.9' LIMIT 1",)),
    Tampering(("a study that always measures something has its result",),
              (one("lab_results", "loinc = '718-7'", "loinc = '10230-1'"),)),
)  # fmt: skip
OF_DEATHS = (
    Tampering(("who dies of a chronic disease has it",),
              (one("patients", "death_cause = 'G20'", "death_date IS NOT NULL"),)),
    Tampering(("who dies of a chronic disease has it",),
              (one("patients", "death_cause = 'I25'", "death_date IS NOT NULL AND person_id NOT IN "
                   "(SELECT person_id FROM conditions WHERE code LIKE 'I2%')"),)),
    Tampering(("who dies of a cancer dies of their own",),
              (one("patients", "death_cause = 'C50'", "death_date IS NOT NULL"),
               "UPDATE conditions SET code = 'C18.7', abatement_date = NULL "
               "WHERE condition_id = (SELECT min(c.condition_id) FROM conditions AS c "
               "JOIN patients AS p USING (person_id) "
               "WHERE p.death_cause = 'C50')")),
)  # fmt: skip
