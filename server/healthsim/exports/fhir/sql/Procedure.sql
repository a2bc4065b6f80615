SELECT person_id, procedure_id AS place, 'o' || procedure_id AS id, concat(
    head('Procedure', 'o' || procedure_id, 'us-core-procedure',
         escaped(coalesce(p.display, p.system || ' ' || p.code)) || ' on ' || day(performed_date)),
    ',"status":"completed","code":', mapped_concept(s.code, p.code, p.display, m.snomed, m.display),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    day_prop('performedDateTime', performed_date),
    prop('performer', '[{"actor":' || reference('Practitioner', 'n' || performer_npi) || '}]'),
    '}') AS resource
FROM procedures AS p JOIN terms AS s ON s.kind = 'procedure system' AND s.word = p.system
LEFT JOIN snomed_map AS m ON m.source = lower(replace(p.system, '-', '')) || '|' || p.code
