SELECT person_id, min(lab_result_id) AS place, 'r' || min(lab_result_id) AS id, concat(
    head('DiagnosticReport', 'r' || min(lab_result_id), 'us-core-diagnosticreport-lab',
         escaped(any_value(p.display)) || ' of ' || day(collected_at) || ', ' || count(*) || ' results'),
    ',"status":"final","category":[', concept(hl7('v2-0074'), 'LAB', 'Laboratory'), ']',
    ',"code":', concept('http://loinc.org', any_value(p.code), any_value(p.display)),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    instant_prop('effectiveDateTime', collected_at, any_value(zone)),
    instant_prop('issued', max(resulted_at), any_value(zone)),
    prop('performer', '[' || reference('Practitioner', 'n' || min(ordering_npi)) || ']'),
    ',"result":[', string_agg(reference('Observation', 'l' || lab_result_id), ',' ORDER BY lab_result_id), ']',
    end_line()) AS resource
FROM lab_results JOIN people USING (person_id)
JOIN terms AS p ON p.kind = 'panel' AND p.word = panel
GROUP BY person_id, encounter_id, panel, collected_at
