SELECT person_id, person_id AS place, 'z' || person_id AS id, concat(
    head('Observation', 'z' || person_id, 'us-core-observation-clinical-result',
         'Underlying cause of death: ' || escaped(coalesce(t.display, death_cause)) || ', ' || day(death_date)),
    ',"status":"final","category":[', concept(hl7('observation-category'), 'exam', 'Exam'), ']',
    ',"code":', concept('http://loinc.org', '69453-9', 'Cause of death [US Standard Certificate of Death]'),
    ',"subject":', reference('Patient', 'p' || person_id),
    day_prop('effectiveDateTime', death_date),
    ',"valueCodeableConcept":', concept('http://hl7.org/fhir/sid/icd-10', death_cause, t.display),
    end_line()) AS resource
FROM patients LEFT JOIN diagnosis_texts AS t ON t.code = death_cause
WHERE death_cause IS NOT NULL
