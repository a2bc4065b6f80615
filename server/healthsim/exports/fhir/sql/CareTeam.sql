SELECT person_id, person_id AS place, 't' || person_id AS id, concat(
    head('CareTeam', 't' || person_id, 'us-core-careteam',
         'Primary care of ' || escaped(concat_ws(' ', p.given_name, p.family_name))),
    ',"status":"active"', text_prop('name', 'Primary care'),
    ',"subject":', reference('Patient', 'p' || person_id),
    ',"participant":[{"role":[', concept('http://nucc.org/provider-taxonomy', taxonomy, specialty), ']',
    ',"member":', reference('Practitioner', 'n' || pcp_npi), '}]',
    '}') AS resource
FROM patients AS p JOIN providers ON npi = pcp_npi
