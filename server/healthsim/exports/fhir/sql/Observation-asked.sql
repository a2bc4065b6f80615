-- How people live and what they wish; the industry is a part of the occupation.
WITH asked AS (
    SELECT o.*, i.display AS industry, i.loinc AS industry_loinc, i.value_code AS industry_code, i.value_system AS industry_system,
           i.value_text AS industry_text
    FROM observations AS o LEFT JOIN observations AS i
        ON o.kind = 'occupation' AND i.kind = 'industry' AND i.person_id = o.person_id AND i.effective_date = o.effective_date
    WHERE o.kind <> 'industry'
)
SELECT person_id, observation_id AS place, 'ob' || observation_id AS id, concat(
    head('Observation', 'ob' || observation_id, coalesce(k.code, CASE WHEN guide() = '7.0.0' THEN k.display END, 'us-core-simple-observation'),
         escaped(a.display) || ': ' || escaped(value_text) || ' (' || day(effective_date) || ')'),
    ',"status":"final","category":[', CASE WHEN category = 'social-history' OR guide() = '6.1.0'
        THEN concept(hl7('observation-category'), 'social-history', 'Social History')
        ELSE concept('http://hl7.org/fhir/us/core/CodeSystem/us-core-category', category, NULL) END, ']',
    ',"code":', concept('http://loinc.org', loinc, a.display),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    CASE WHEN a.kind = 'occupation' THEN ',"effectivePeriod":{"start":"' || day(effective_date) || '"}'
        ELSE day_prop('effectiveDateTime', effective_date) END,
    prop('performer', '[' || reference('Practitioner', 'n' || performer_npi) || ']'),
    CASE WHEN value_code IS NULL AND k.code IS NULL THEN text_prop('valueString', value_text)
        ELSE ',"valueCodeableConcept":' || coalesce(worded(v.code, value_code, value_text), words(value_text)) END,
    ',"component":[{"code":' || concept('http://loinc.org', industry_loinc, industry) || ',"valueCodeableConcept":'
        || coalesce(worded(w.code, industry_code, industry_text), words(industry_text)) || '}]',
    end_line()) AS resource
FROM asked AS a
LEFT JOIN terms AS k ON k.kind = 'asked' AND k.word = a.kind
LEFT JOIN terms AS v ON v.kind = 'answer system' AND v.word = value_system
LEFT JOIN terms AS w ON w.kind = 'answer system' AND w.word = industry_system
