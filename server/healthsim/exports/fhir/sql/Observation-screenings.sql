-- A questionnaire without a total, such as that on needs: its answers are observations of their own, its members.
WITH members AS (
    SELECT screening_id, string_agg(reference('Observation', 'qa' || screening_id || '-' || item), ',' ORDER BY item) AS members
    FROM screening_answers GROUP BY screening_id
)
SELECT person_id, screening_id AS place, 'qp' || screening_id AS id, concat(
    head('Observation', 'qp' || screening_id, 'us-core-observation-screening-assessment',
         escaped(display) || ': ' || escaped(interpretation)),
    ',"status":"final","category":[', concept(hl7('observation-category'), 'survey', 'Survey'), ',',
    concept('http://hl7.org/fhir/us/core/CodeSystem/us-core-category', 'sdoh', 'SDOH'), ']',
    ',"code":', concept('http://loinc.org', loinc, display),
    ',"subject":', reference('Patient', 'p' || person_id), prop('encounter', reference('Encounter', 'e' || encounter_id)),
    instant_prop('effectiveDateTime', taken_at, zone), ',"performer":[', reference('Practitioner', 'n' || performer_npi), ']',
    text_prop('valueString', interpretation),
    ',"hasMember":[', members, '],"derivedFrom":[', reference('QuestionnaireResponse', 'qr' || screening_id), ']',
    end_line()) AS resource
FROM screenings JOIN people USING (person_id) JOIN members USING (screening_id) WHERE score IS NULL
UNION ALL
SELECT a.person_id, screening_id, 'qa' || screening_id || '-' || item, concat(
    head('Observation', 'qa' || screening_id || '-' || item, 'us-core-observation-screening-assessment',
         escaped(question) || ' ' || escaped(answer)),
    ',"status":"final","category":[', concept(hl7('observation-category'), 'survey', 'Survey'), ',',
    concept('http://hl7.org/fhir/us/core/CodeSystem/us-core-category', 'sdoh', 'SDOH'), ']',
    ',"code":', concept('http://loinc.org', a.loinc, question),
    ',"subject":', reference('Patient', 'p' || a.person_id), prop('encounter', reference('Encounter', 'e' || encounter_id)),
    instant_prop('effectiveDateTime', taken_at, zone), ',"performer":[', reference('Practitioner', 'n' || performer_npi), ']',
    ',"valueCodeableConcept":', concept('http://loinc.org', answer_code, answer),
    ',"derivedFrom":[', reference('QuestionnaireResponse', 'qr' || screening_id), ']',
    end_line())
FROM screening_answers AS a JOIN screenings USING (screening_id) JOIN people ON people.person_id = a.person_id
WHERE score IS NULL
