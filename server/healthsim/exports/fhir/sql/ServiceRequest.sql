SELECT person_id, request_id AS place, 's' || request_id AS id, concat(
    head('ServiceRequest', 's' || request_id, 'us-core-servicerequest',
         escaped(r.display) || ', ordered on ' || day(ordered_at) || ', ' || status),
    ',"status":"', status, '","intent":"order","category":[',
    concept('http://snomed.info/sct', k.code, k.display), '],"priority":"', priority, '"',
    ',"code":', coalesce(concept(s.code, r.code, r.display), words(r.display)),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    day_prop('occurrenceDateTime', coalesce(occurrence_date, CAST(ordered_at AS DATE))),
    instant_prop('authoredOn', ordered_at, zone),
    prop('requester', reference('Practitioner', 'n' || requester_npi)),
    prop('performer', '[' || reference('Practitioner', 'n' || performer_npi) || ']'),
    prop('locationReference', '[' || reference('Location', 'f' || facility_id) || ']'),
    prop('reasonCode', '[' || concept('http://hl7.org/fhir/sid/icd-10-cm', reason_code, t.display) || ']'),
    end_line()) AS resource
FROM service_requests AS r JOIN people USING (person_id)
LEFT JOIN terms AS d ON d.kind = 'diagnostic order' AND r.kind = 'procedure' AND d.word = code_system
    AND regexp_matches(r.code, '^(' || d.code || ')')
LEFT JOIN terms AS k ON k.kind = 'order' AND k.word = if(d.code IS NOT NULL OR (r.kind = 'procedure' AND procedure_id IS NULL), 'diagnostic', r.kind)
LEFT JOIN terms AS s ON s.kind = 'procedure system' AND s.word = code_system
LEFT JOIN diagnosis_texts AS t ON t.code = reason_code
