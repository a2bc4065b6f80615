-- Onset, end and state are those of the problem under the same code that the person had on the day. What is on no list
-- of problems is over with the visit, unless it lasts.
WITH coded AS (
    SELECT d.*, CAST(start_at AS DATE) AS visited, CAST(end_at AS DATE) AS left_on
    FROM encounter_diagnoses AS d JOIN encounters USING (encounter_id)
), known AS (
    SELECT d.encounter_id, d.sequence, d.person_id, d.code, visited, left_on, c.display,
           CASE WHEN abatement_date < visited THEN NULL ELSE onset_date END AS onset,
           CASE WHEN abatement_date < visited THEN NULL ELSE abatement_date END AS abated,
           CASE WHEN abatement_date < visited THEN NULL ELSE status END AS status
    FROM coded AS d ASOF LEFT JOIN conditions AS c
        ON c.person_id = d.person_id AND c.code = d.code AND d.visited >= c.onset_date
)
SELECT person_id, encounter_id AS place, 'd' || encounter_id || '-' || sequence AS id, concat(
    head('Condition', 'd' || encounter_id || '-' || sequence, 'us-core-condition-encounter-diagnosis',
         escaped(coalesce(t.display, d.code)) || ', diagnosis of the visit on ' || day(visited)),
    asserted(visited),
    ',"clinicalStatus":', concept(hl7('condition-clinical'), coalesce(status, CASE WHEN goes_on THEN 'active' ELSE 'resolved' END), NULL),
    ',"verificationStatus":', concept(hl7('condition-ver-status'), 'confirmed', 'Confirmed'),
    ',"category":[', concept(hl7('condition-category'), 'encounter-diagnosis', 'Encounter Diagnosis'), ']',
    ',"code":', mapped_concept('http://hl7.org/fhir/sid/icd-10-cm', d.code, t.display, m.snomed, m.display),
    ',"subject":', reference('Patient', 'p' || person_id),
    ',"encounter":', reference('Encounter', 'e' || encounter_id),
    day_prop('onsetDateTime', onset),
    day_prop('abatementDateTime', CASE WHEN status IS NULL AND NOT goes_on THEN left_on ELSE abated END),
    day_prop('recordedDate', visited),
    end_line()) AS resource
FROM known AS d LEFT JOIN diagnosis_texts AS t ON t.code = d.code
LEFT JOIN snomed_map AS m ON m.source = 'icd10cm|' || d.code
