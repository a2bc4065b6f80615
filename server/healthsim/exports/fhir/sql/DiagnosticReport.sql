WITH results AS (
    SELECT report_id, string_agg(reference('Observation', 'l' || lab_result_id), ',' ORDER BY lab_result_id) AS results,
           string_agg(DISTINCT reference('Specimen', 'w' || specimen_id), ',' ORDER BY reference('Specimen', 'w' || specimen_id)) AS specimens,
           count(*) AS count
    FROM diagnostic_report_results GROUP BY report_id
)
SELECT person_id, report_id AS place, 'r' || report_id AS id, concat(
    head_updated('DiagnosticReport', 'r' || report_id,
         CASE category WHEN 'LAB' THEN 'us-core-diagnosticreport-lab' ELSE 'us-core-diagnosticreport-note' END,
         escaped(r.display) || ' of ' || day(effective_at) || coalesce(', ' || count || ' results', '')
         || coalesce(': ' || escaped(conclusion), ''),
         at_zone(issued_at, zone)),
    ',"basedOn":[', reference('ServiceRequest', 's' || request_id), ']',
    ',"status":"', status, '","category":[', worded(hl7('v2-0074'), category, k.words),
    ',' || concept('http://loinc.org', k.code, k.display), ']',
    ',"code":', concept('http://loinc.org', loinc, r.display),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    instant_prop('effectiveDateTime', effective_at, zone),
    instant_prop('issued', issued_at, zone),
    prop('performer', '[' || coalesce(reference('Practitioner', 'n' || performer_npi),
        reference('Organization', 'n' || site.npi), reference('Practitioner', 'n' || q.requester_npi)) || ']'),
    ',"specimen":[' || specimens || ']',
    ',"result":[' || results || ']',
    text_prop('conclusion', conclusion),
    prop('conclusionCode', '[' || concept('http://hl7.org/fhir/sid/icd-10-cm', conclusion_code, t.display) || ']'),
    ',"presentedForm":[{"contentType":"text/plain","language":"en","data":"' || base64(encode(conclusion)) || '"}]',
    end_line()) AS resource
FROM diagnostic_reports AS r JOIN people USING (person_id)
LEFT JOIN results USING (report_id)
LEFT JOIN (SELECT request_id, requester_npi FROM service_requests) AS q USING (request_id)
LEFT JOIN facilities AS site ON site.facility_id = r.facility_id
LEFT JOIN terms AS k ON k.kind = 'report' AND k.word = category
LEFT JOIN diagnosis_texts AS t ON t.code = conclusion_code
