SELECT n.person_id, note_id AS place, 'j' || note_id AS id, concat(
    head('DocumentReference', 'j' || note_id, 'us-core-documentreference', escaped(title) || ' of ' || day(authored_at)),
    ',"identifier":[{"system":"', system_of('note'), '","value":"', note_id, '"}]',
    ',"status":"current","docStatus":"final","type":', worded('http://loinc.org', type, title),
    ',"category":[', concept('http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category', 'clinical-note', 'Clinical Note'), ']',
    ',"subject":', reference('Patient', 'p' || n.person_id),
    instant_prop('date', authored_at, zone),
    ',"author":[', reference('Practitioner', 'n' || author_npi), ']', text_prop('description', title),
    ',"content":[{"attachment":{"contentType":"text/plain; charset=utf-8","language":"en","data":"', base64(encode("text")), '"',
    text_prop('title', title), instant_prop('creation', authored_at, zone), '}',
    ',"format":{"system":"http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode"',
    ',"code":"urn:ihe:iti:xds:2017:mimeTypeSufficient","display":"mimeType Sufficient"}}]',
    ',"context":{"encounter":[', reference('Encounter', 'e' || encounter_id), ']',
    ',"period":{"start":"', at_zone(start_at, zone), '"', instant_prop('end', end_at, zone), '}}',
    end_line()) AS resource
FROM clinical_notes AS n JOIN people USING (person_id) JOIN encounters USING (encounter_id)
