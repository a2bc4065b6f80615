SELECT NULL AS person_id, npi AS place, 'n' || npi AS id, concat(
    head('PractitionerRole', 'n' || npi, 'us-core-practitionerrole',
         escaped(concat_ws(' ', given_name, family_name)) || coalesce(', ' || escaped(specialty), '')),
    ',"active":true,"practitioner":', reference('Practitioner', 'n' || npi),
    prop('organization', reference('Organization', 'n' || organisation_npi)),
    ',"code":[', concept('http://nucc.org/provider-taxonomy', taxonomy, NULL), ']',
    ',"specialty":[', concept('http://nucc.org/provider-taxonomy', taxonomy, specialty), ']',
    prop('location', '[' || reference('Location', coalesce('f' || facility_id, 'n' || organisation_npi)) || ']'),
    ',"telecom":', telecom(npi, area_code, 'work'),
    end_line()) AS resource
FROM providers
LEFT JOIN places ON places.county = county_fips AND places.number = npi // 10 % places.places
WHERE entity_type = 1
