SELECT person_id, 1 AS rank, condition_id AS place, 'c' || condition_id AS id, concat(
    head('Condition', 'c' || condition_id, 'us-core-condition-problems-health-concerns',
         escaped(c.display) || coalesce(' since ' || day(onset_date), '') || ', ' || status),
    ',"clinicalStatus":', concept(hl7('condition-clinical'), status, NULL),
    ',"verificationStatus":', concept(hl7('condition-ver-status'), 'confirmed', 'Confirmed'),
    ',"category":[', concept(hl7('condition-category'), 'problem-list-item', 'Problem List Item'), ']',
    ',"code":', mapped_concept('http://hl7.org/fhir/sid/icd-10-cm', c.code, c.display, m.snomed, m.display),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    day_prop('onsetDateTime', onset_date),
    day_prop('abatementDateTime', abatement_date),
    day_prop('recordedDate', recorded_date),
    '}') AS resource
FROM conditions AS c LEFT JOIN snomed_map AS m ON m.source = 'icd10cm|' || c.code
UNION ALL
SELECT d.person_id, 2, d.encounter_id, 'd' || d.encounter_id || '-' || d.sequence, concat(
    head('Condition', 'd' || d.encounter_id || '-' || d.sequence, 'us-core-condition-encounter-diagnosis',
         escaped(coalesce(t.display, d.code)) || ', diagnosis of the visit on ' || day(start_at)),
    ',"clinicalStatus":', concept(hl7('condition-clinical'), 'active', NULL),
    ',"verificationStatus":', concept(hl7('condition-ver-status'), 'confirmed', 'Confirmed'),
    ',"category":[', concept(hl7('condition-category'), 'encounter-diagnosis', 'Encounter Diagnosis'), ']',
    ',"code":', mapped_concept('http://hl7.org/fhir/sid/icd-10-cm', d.code, t.display, m.snomed, m.display),
    ',"subject":', reference('Patient', 'p' || d.person_id),
    ',"encounter":', reference('Encounter', 'e' || d.encounter_id),
    day_prop('recordedDate', start_at),
    '}')
FROM encounter_diagnoses AS d JOIN encounters AS e USING (encounter_id)
LEFT JOIN diagnosis_texts AS t ON t.code = d.code
LEFT JOIN snomed_map AS m ON m.source = 'icd10cm|' || d.code
