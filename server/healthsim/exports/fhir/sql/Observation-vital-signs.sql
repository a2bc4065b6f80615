WITH pressures AS (
    SELECT person_id, measured_at, max(value) FILTER (loinc = '8480-6') AS upper,
           max(value) FILTER (loinc = '8462-4') AS lower
    FROM vital_signs WHERE loinc IN ('8480-6', '8462-4') GROUP BY person_id, measured_at
), measured AS (
    SELECT v.person_id, vital_sign_id AS place, 'v' || vital_sign_id AS id, loinc, display, measured_at,
           v.value, unit, encounter_id, upper, lower
    FROM vital_signs AS v LEFT JOIN pressures USING (person_id, measured_at)
    WHERE loinc <> '8462-4' OR upper IS NULL
)
SELECT m.person_id, place, id, concat(
    head('Observation', id, coalesce(p.code, k.code, 'us-core-simple-observation'),
         escaped(coalesce(p.words, m.display)) || ' '
         || CASE WHEN loinc IN ('8480-6', '8462-4') THEN concat_ws('/', coalesce(number(upper), '-'), coalesce(number(lower), '-'))
            ELSE number(value) END || ' ' || unit),
    ',"status":"final","category":[', CASE WHEN p.code IS NULL
        THEN concept(hl7('observation-category'), coalesce(k.words, 'survey'), coalesce(k.display, 'Survey'))
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
    end_line()) AS resource
FROM measured AS m JOIN people USING (person_id)
LEFT JOIN terms AS p ON p.kind = 'vital sign' AND p.word = loinc
LEFT JOIN terms AS k ON k.kind = 'result' AND k.word = loinc
