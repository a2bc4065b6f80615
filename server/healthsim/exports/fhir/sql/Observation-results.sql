SELECT person_id, lab_result_id AS place, 'l' || lab_result_id AS id, concat(
    head_updated('Observation', 'l' || lab_result_id, coalesce(k.code, 'us-core-observation-lab'),
         escaped(l.display) || ' ' || coalesce(number(value) || coalesce(' ' || escaped(unit), ''), escaped(value_text))
         || coalesce(' (' || flag || ')', ''),
         at_zone(resulted_at, zone)),
    prop('basedOn', '[' || reference('ServiceRequest', 's' || request_id) || ']'),
    ',"status":"final","category":[', concept(hl7('observation-category'), coalesce(k.words, 'laboratory'), coalesce(k.display, 'Laboratory')), ']',
    ',"code":', concept('http://loinc.org', loinc, l.display),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    instant_prop('effectiveDateTime', collected_at, zone),
    instant_prop('issued', resulted_at, zone),
    prop('performer', '[' || reference('Practitioner', 'n' || ordering_npi) || ']'),
    prop('valueQuantity', quantity(value, unit)),
    CASE WHEN value IS NULL THEN text_prop('valueString', value_text) END,
    prop('interpretation', '[' || concept(hl7('v3-ObservationInterpretation'), flag,
        CASE flag WHEN 'H' THEN 'High' WHEN 'L' THEN 'Low' WHEN 'N' THEN 'Normal' END) || ']'),
    prop('referenceRange', '[{' || nullif(concat_ws(',',
        '"low":' || quantity(ref_low, unit), '"high":' || quantity(ref_high, unit)), '') || '}]'),
    prop('specimen', reference('Specimen', 'w' || specimen_id)),
    end_line()) AS resource
FROM lab_results AS l JOIN people USING (person_id)
LEFT JOIN (SELECT lab_result_id, specimen_id, request_id FROM diagnostic_report_results
           JOIN diagnostic_reports USING (report_id)) AS reported USING (lab_result_id)
LEFT JOIN terms AS k ON k.kind = 'result' AND k.word = loinc
