WITH items AS (
    SELECT screening_id, string_agg(concat('{"linkId":"/', loinc, '"', text_prop('text', question),
        ',"answer":[{"valueCoding":', coding('http://loinc.org', answer_code, answer), '}]}'), ',' ORDER BY item) AS items
    FROM screening_answers GROUP BY screening_id
)
SELECT person_id, screening_id AS place, 'qr' || screening_id AS id, concat(
    head('QuestionnaireResponse', 'qr' || screening_id, 'us-core-questionnaireresponse',
         escaped(display) || ' of ' || day(taken_at) || ': ' || escaped(interpretation)),
    ',"identifier":{"system":"', system_of('screening'), '","value":"', screening_id, '"}',
    ',"questionnaire":"http://loinc.org/q/', loinc, '","_questionnaire":{"extension":[',
    '{"url":"http://hl7.org/fhir/StructureDefinition/display","valueString":', json_of(display), '},',
    '{"url":"', us_core('us-core-extension-questionnaire-uri'), '","valueUri":"https://loinc.org/', loinc, '"}]}',
    ',"status":"completed","subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    instant_prop('authored', taken_at, zone),
    ',"author":', reference('Practitioner', 'n' || performer_npi),
    ',"item":[' || items || ']',
    end_line()) AS resource
FROM screenings JOIN people USING (person_id) LEFT JOIN items USING (screening_id)
