SELECT person_id, condition_id AS place, 'c' || condition_id AS id, concat(
    head_updated('Condition', 'c' || condition_id, 'us-core-condition-problems-health-concerns',
         escaped(c.display) || coalesce(' since ' || day(onset_date), '') || ', ' || status,
         at_zone(CAST(coalesce(abatement_date, recorded_date) AS TIMESTAMP), zone)),
    asserted(recorded_date),
    ',"clinicalStatus":', concept(hl7('condition-clinical'), status, NULL),
    ',"verificationStatus":', concept(hl7('condition-ver-status'), 'confirmed', 'Confirmed'),
    ',"category":[', CASE WHEN regexp_matches(c.code, '^Z(5[5-9]|6[0-5])')
        THEN concept('http://hl7.org/fhir/us/core/CodeSystem/condition-category', 'health-concern', 'Health Concern') || ','
            || concept('http://hl7.org/fhir/us/core/CodeSystem/us-core-category', 'sdoh', 'SDOH')
        ELSE concept(hl7('condition-category'), 'problem-list-item', 'Problem List Item') END, ']',
    ',"code":', mapped_concept('http://hl7.org/fhir/sid/icd-10-cm', c.code, c.display, m.snomed, m.display),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    day_prop('onsetDateTime', onset_date),
    day_prop('abatementDateTime', abatement_date),
    day_prop('recordedDate', recorded_date),
    end_line()) AS resource
FROM conditions AS c JOIN people USING (person_id) LEFT JOIN snomed_map AS m ON m.source = 'icd10cm|' || c.code
