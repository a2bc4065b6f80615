SELECT NULL AS person_id, npi AS place, 'n' || npi AS id, concat(
    head('Practitioner', 'n' || npi, 'us-core-practitioner',
         escaped(concat_ws(' ', given_name, family_name)) || coalesce(', ' || escaped(specialty), '')),
    ',"identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"', npi, '"}]',
    ',"active":true,"name":[{"use":"official","family":', json_of(family_name),
    ',"given":[' || json_of(given_name) || ']', '}]',
    ',"telecom":', telecom(npi, area_code, 'work'),
    ',"address":[', address(npi, city, coalesce(places.state, states.state), zip), ']',
    end_line()) AS resource
FROM providers LEFT JOIN states ON states.fips = left(county_fips, 2)
LEFT JOIN places ON places.county = county_fips AND places.number = npi // 10 % places.places
WHERE entity_type = 1
