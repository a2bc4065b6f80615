SELECT e.person_id, e.encounter_id AS place, 'e' || e.encounter_id AS id, concat(
    head_updated('Encounter', 'e' || e.encounter_id, 'us-core-encounter',
         escaped(c.words) || ' on ' || day(start_at) || coalesce(': ' || escaped(reason), ''),
         at_zone(end_at, zone)),
    ',"identifier":[{"system":"', system_of('encounter'), '","value":"', e.encounter_id, '"}]',
    ',"status":"finished","class":', coding(hl7('v3-ActCode'), c.code, c.display),
    ',"type":[', coalesce(concept('http://www.ama-assn.org/go/cpt', v.procedure, NULL), words(c.words)), ']',
    ',"subject":', reference('Patient', 'p' || e.person_id),
    prop('participant', '[{"type":[' || concept(hl7('v3-ParticipationType'), 'ATND', 'attender') || '],'
        || '"period":{"start":"' || at_zone(start_at, zone) || '"},'
        || '"individual":' || reference('Practitioner', 'n' || attending_npi) || '}]'),
    ',"period":{"start":"', at_zone(start_at, zone), '"', instant_prop('end', end_at, zone), '}',
    prop('reasonCode', '[' || coalesce(
        concept('http://hl7.org/fhir/sid/icd-10-cm', reason_code, coalesce(d.display, reason)), words(reason)) || ']'),
    prop('reasonReference', '[' || reference('Condition', 'd' || e.encounter_id || '-' || first.sequence) || ']'),
    prop('hospitalization', nullif('{' || concat_ws(',',
        '"admitSource":' || concept('https://www.nubc.org/CodeSystem/PointOfOrigin', admit_source, NULL),
        '"dischargeDisposition":' || concept('https://www.nubc.org/CodeSystem/PatDischargeStatus', disposition, NULL)) || '}', '{}')),
    ',"location":[{"location":' || reference('Location', coalesce('f' || e.facility_id, 'n' || a.organisation_npi))
        || ',"status":"completed"}' || coalesce(',' || stayed.places, '') || ']',
    prop('serviceProvider', reference('Organization', 'n' || coalesce(site.npi, organisation_npi))),
    prop('partOf', reference('Encounter', 'e' || parent_encounter_id)),
    end_line()) AS resource
FROM encounters AS e JOIN people USING (person_id)
LEFT JOIN terms AS c ON c.kind = 'encounter' AND c.word = encounter_class
LEFT JOIN diagnosis_texts AS d ON d.code = reason_code
LEFT JOIN encounter_diagnoses AS first ON first.encounter_id = e.encounter_id AND first.sequence = 1
LEFT JOIN visit_codes AS v ON v.encounter_id = e.encounter_id
LEFT JOIN (
    SELECT encounter_id, string_agg('{"location":{"reference":"Location/' || unit_id(facility_id, unit)
        || '","display":' || json_of(unit || ', room ' || room || ', bed ' || bed) || '},"status":"completed","period":{"start":"'
        || at_zone(start_at, zone) || '"' || instant_prop('end', end_at, zone) || '}}', ',' ORDER BY sequence) AS places
    FROM encounter_locations JOIN people USING (person_id) WHERE facility_id IS NOT NULL GROUP BY encounter_id
) AS stayed ON stayed.encounter_id = e.encounter_id
LEFT JOIN providers AS a ON a.npi = attending_npi
LEFT JOIN facilities AS site ON site.facility_id = e.facility_id
