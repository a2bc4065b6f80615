SELECT p.person_id, p.procedure_id AS place, 'o' || p.procedure_id AS id, concat(
    head('Procedure', 'o' || p.procedure_id, 'us-core-procedure',
         escaped(coalesce(p.display, p.system || ' ' || p.code)) || ' on ' || day(performed_date)),
    prop('basedOn', '[' || reference('ServiceRequest', 's' || q.request_id) || ']'),
    ',"status":"completed","code":', mapped_concept(s.code, p.code, p.display, m.snomed, m.display),
    ',"subject":', reference('Patient', 'p' || p.person_id),
    prop('encounter', reference('Encounter', 'e' || p.encounter_id)),
    day_prop('performedDateTime', performed_date),
    prop('performer', '[{"actor":' || reference('Practitioner', 'n' || p.performer_npi) || '}]'),
    prop('reasonCode', '[' || concept('http://hl7.org/fhir/sid/icd-10-cm', e.reason_code, t.display) || ']'),
    end_line()) AS resource
FROM procedures AS p JOIN terms AS s ON s.kind = 'procedure system' AND s.word = p.system
LEFT JOIN (SELECT procedure_id, min(request_id) AS request_id FROM service_requests GROUP BY procedure_id) AS q
    ON q.procedure_id = p.procedure_id
LEFT JOIN encounters AS e ON e.encounter_id = p.encounter_id
LEFT JOIN diagnosis_texts AS t ON t.code = e.reason_code
LEFT JOIN snomed_map AS m ON m.source = lower(replace(p.system, '-', '')) || '|' || p.code
