SELECT NULL AS person_id, npi AS place, 'n' || npi AS id, concat(
    head('Practitioner', 'n' || npi, 'us-core-practitioner',
         escaped(concat_ws(' ', given_name, family_name)) || coalesce(', ' || escaped(specialty), '')),
    ',"identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"', npi, '"}]',
    ',"active":true,"name":[{"use":"official","family":', json_of(family_name),
    ',"given":[' || json_of(given_name) || ']', '}]',
    '}') AS resource
FROM providers WHERE entity_type = 1
