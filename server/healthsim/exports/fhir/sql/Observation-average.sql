-- The mean of the pressures of a visit or stay with more than one; a profile of US Core 7.0.0.
WITH means AS (
    SELECT person_id, encounter_id, min(measured_at) AS first, max(measured_at) AS last,
           round(avg(value) FILTER (loinc = '8480-6')) AS upper, round(avg(value) FILTER (loinc = '8462-4')) AS lower,
           any_value(unit) AS unit
    FROM vital_signs WHERE loinc IN ('8480-6', '8462-4') AND encounter_id IS NOT NULL
    GROUP BY person_id, encounter_id
    HAVING count(*) FILTER (loinc = '8480-6') > 1 AND count(*) FILTER (loinc = '8462-4') > 1
)
SELECT person_id, encounter_id AS place, 'av' || encounter_id AS id, concat(
    head('Observation', 'av' || encounter_id, 'us-core-average-blood-pressure',
         'Average blood pressure ' || number(upper) || '/' || number(lower) || ' ' || unit),
    ',"status":"final","category":[', concept(hl7('observation-category'), 'vital-signs', 'Vital Signs'), ']',
    ',"code":', worded('http://loinc.org', '96607-7', 'Average blood pressure'),
    ',"subject":', reference('Patient', 'p' || person_id), ',"encounter":', reference('Encounter', 'e' || encounter_id),
    ',"effectivePeriod":{"start":"', at_zone(first, zone), '"', instant_prop('end', last, zone), '}',
    ',"component":[', pressure('96608-5', 'Systolic blood pressure mean', upper, unit), ',',
    pressure('96609-3', 'Diastolic blood pressure mean', lower, unit), ']',
    end_line()) AS resource
FROM means JOIN people USING (person_id)
