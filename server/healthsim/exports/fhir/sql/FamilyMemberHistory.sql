-- One for each relative, with all conditions of the relative.
WITH relatives AS (
    SELECT person_id, relationship, min(family_history_id) AS key, any_value(sex) AS sex, bool_or(deceased) AS deceased,
           max(died_age) AS died_age, max(recorded_date) AS recorded_date, string_agg(display, ', ' ORDER BY onset_age, code) AS texts,
           string_agg('{"code":' || concept('http://hl7.org/fhir/sid/icd-10-cm', code, display)
               || ',"onsetAge":{"value":' || onset_age || ',"unit":"years","system":"http://unitsofmeasure.org","code":"a"}}', ','
               ORDER BY onset_age, code) AS conditions
    FROM family_history GROUP BY person_id, relationship
)
SELECT person_id, key AS place, 'fh' || key AS id, concat(
    head('FamilyMemberHistory', 'fh' || key, CAST(NULL AS VARCHAR), 'Of ' || relationship || ': ' || escaped(texts)),
    ',"status":"completed","patient":', reference('Patient', 'p' || person_id), day_prop('date', recorded_date),
    ',"relationship":', worded(hl7('v3-RoleCode'), relationship, NULL),
    ',"sex":', worded('http://hl7.org/fhir/administrative-gender', CASE sex WHEN 'F' THEN 'female' ELSE 'male' END, NULL),
    CASE WHEN deceased THEN coalesce(',"deceasedAge":{"value":' || died_age
        || ',"unit":"years","system":"http://unitsofmeasure.org","code":"a"}', ',"deceasedBoolean":true') END,
    ',"condition":[', conditions, ']',
    end_line()) AS resource
FROM relatives
