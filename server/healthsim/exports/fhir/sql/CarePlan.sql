SELECT person_id, care_plan_id AS place, 'a' || care_plan_id AS id, concat(
    head('CarePlan', 'a' || care_plan_id, 'us-core-careplan', escaped(display) || ' from ' || day(start_date)),
    ',"status":"', status, '","intent":"plan","category":[',
    concept('http://hl7.org/fhir/us/core/CodeSystem/careplan-category', 'assess-plan', 'Assessment and Plan of Treatment'), ']',
    text_prop('title', display),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    ',"period":{"start":"', day(start_date), '"', day_prop('end', end_date), '}',
    end_line()) AS resource
FROM care_plans
