WITH pressures AS (
    SELECT person_id, measured_at, max(value) FILTER (loinc = '8480-6') AS upper,
           max(value) FILTER (loinc = '8462-4') AS lower
    FROM vital_signs WHERE loinc IN ('8480-6', '8462-4') GROUP BY person_id, measured_at
), measured AS (
    SELECT v.person_id, 1 AS rank, vital_sign_id AS place, 'v' || vital_sign_id AS id, loinc, display, measured_at,
           v.value, unit, encounter_id, upper, lower
    FROM vital_signs AS v LEFT JOIN pressures USING (person_id, measured_at)
    WHERE loinc <> '8462-4' OR upper IS NULL
)
SELECT m.person_id, rank, place, id, concat(
    head('Observation', id, coalesce(p.code, 'us-core-simple-observation'),
         escaped(coalesce(p.words, m.display)) || ' '
         || CASE WHEN loinc IN ('8480-6', '8462-4') THEN concat_ws('/', coalesce(number(upper), '-'), coalesce(number(lower), '-'))
            ELSE number(value) END || ' ' || unit),
    ',"status":"final","category":[', CASE WHEN p.code IS NULL
        THEN concept(hl7('observation-category'), 'survey', 'Survey')
        ELSE concept(hl7('observation-category'), 'vital-signs', 'Vital Signs') END, ']',
    ',"code":', CASE WHEN loinc IN ('8480-6', '8462-4')
        THEN concept('http://loinc.org', '85354-9', 'Blood pressure panel with all children optional')
        WHEN loinc = '59408-5' THEN '{"coding":[' || coding('http://loinc.org', '59408-5', m.display) || ','
            || coding('http://loinc.org', '2708-6', 'Oxygen saturation in Arterial blood') || '],"text":"Oxygen saturation"}'
        ELSE concept('http://loinc.org', loinc, m.display) END,
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    instant_prop('effectiveDateTime', measured_at, zone),
    CASE WHEN loinc IN ('8480-6', '8462-4') THEN ',"component":['
        || pressure('8480-6', 'Systolic blood pressure', upper, unit) || ','
        || pressure('8462-4', 'Diastolic blood pressure', lower, unit) || ']'
        ELSE ',"valueQuantity":' || quantity(value, unit) END,
    '}') AS resource
FROM measured AS m JOIN people USING (person_id)
LEFT JOIN terms AS p ON p.kind = 'vital sign' AND p.word = loinc
UNION ALL
SELECT person_id, 2, lab_result_id, 'l' || lab_result_id, concat(
    head('Observation', 'l' || lab_result_id, 'us-core-observation-lab',
         escaped(display) || ' ' || coalesce(number(value) || coalesce(' ' || escaped(unit), ''), escaped(value_text))
         || coalesce(' (' || flag || ')', '')),
    ',"status":"final","category":[', concept(hl7('observation-category'), 'laboratory', 'Laboratory'), ']',
    ',"code":', concept('http://loinc.org', loinc, display),
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
    '}')
FROM lab_results JOIN people USING (person_id)
