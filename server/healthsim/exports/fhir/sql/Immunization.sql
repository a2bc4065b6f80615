SELECT person_id, immunization_id AS place, 'i' || immunization_id AS id, concat(
    head('Immunization', 'i' || immunization_id, 'us-core-immunization',
         escaped(i.display) || coalesce(', dose ' || dose, '') || ', ' || day(given_date)),
    ',"status":"completed","vaccineCode":', concept('http://hl7.org/fhir/sid/cvx', cvx, i.display),
    ',"patient":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    day_prop('occurrenceDateTime', given_date), ',"primarySource":true',
    ',"manufacturer":{"display":' || json_of(manufacturer) || '}',
    text_prop('lotNumber', lot), day_prop('expirationDate', expiration_date),
    prop('site', concept(hl7('v3-ActSite'), site, sites.display)),
    prop('route', concept(hl7('v3-RouteOfAdministration'), ways.code, ways.display)),
    prop('performer', '[{"function":' || concept(hl7('v2-0443'), 'AP', 'Administering Provider')
        || ',"actor":' || reference('Practitioner', 'n' || performer_npi) || '}]'),
    ',"protocolApplied":[{"doseNumberPositiveInt":' || dose || '}]',
    end_line()) AS resource
FROM immunizations AS i
LEFT JOIN terms AS ways ON ways.kind = 'vaccine route' AND ways.word = route
LEFT JOIN terms AS sites ON sites.kind = 'vaccine site' AND sites.word = site
