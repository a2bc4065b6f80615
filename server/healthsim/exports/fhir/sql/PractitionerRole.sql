SELECT NULL AS person_id, npi AS place, 'n' || npi AS id, concat(
    head('PractitionerRole', 'n' || npi, 'us-core-practitionerrole',
         escaped(concat_ws(' ', given_name, family_name)) || coalesce(', ' || escaped(specialty), '')),
    ',"active":true,"practitioner":', reference('Practitioner', 'n' || npi),
    prop('organization', reference('Organization', 'n' || organisation_npi)),
    ',"code":[', concept('http://nucc.org/provider-taxonomy', taxonomy, NULL), ']',
    ',"specialty":[', concept('http://nucc.org/provider-taxonomy', taxonomy, specialty), ']',
    prop('location', '[' || reference('Location', 'f' || facility_id) || ']'),
    ',"telecom":[{"system":"email","value":"n', npi, '@example.org","use":"work"}]',
    '}') AS resource
FROM providers WHERE entity_type = 1
