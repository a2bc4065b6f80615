SELECT person_id, person_id AS place, 'p' || person_id AS id, concat(
    head('Patient', 'p' || person_id, 'us-core-patient',
         escaped(concat_ws(' ', given_name, middle_name, family_name)) || ', born ' || day(birth_date)),
    ',"extension":[',
    omb('us-core-race', race, r.code, r.display, r.words), ',',
    omb('us-core-ethnicity', ethnicity, e.code, e.display, e.words),
    ',{"url":"', us_core('us-core-birthsex'), '","valueCode":"',
    CASE gender WHEN 'M' THEN 'M' WHEN 'F' THEN 'F' ELSE 'UNK' END, '"}',
    CASE WHEN guide() = '7.0.0' THEN ',{"url":"' || us_core('us-core-sex') || '","valueCode":"'
        || CASE gender WHEN 'M' THEN '248153007' WHEN 'F' THEN '248152002' ELSE '184115007' END || '"}' END, ']',
    ',"identifier":[{"use":"usual","type":', concept(hl7('v2-0203'), 'MR', 'Medical record number'),
    ',"system":"', system_of('mrn'), '","value":', json_of(mrn), '}',
    ',{"use":"official","type":' || concept(hl7('v2-0203'), 'SS', 'Social Security number')
    || ',"system":"http://hl7.org/fhir/sid/us-ssn","value":' || json_of(replace(ssn, '-', '')) || '}',
    ']',
    ',"name":[{"use":"official","family":', json_of(family_name), ',"given":[', json_of(given_name),
    ',' || json_of(middle_name), ']}]',
    ',"telecom":[{"system":"phone","value":', json_of(phone), ',"use":"home"}',
    ',{"system":"email","value":' || json_of(email) || '}', ']',
    ',"gender":"', CASE gender WHEN 'M' THEN 'male' WHEN 'F' THEN 'female' ELSE gender END, '"',
    day_prop('birthDate', birth_date),
    day_prop('deceasedDateTime', death_date),
    ',"address":[{"use":"home","line":[', json_of(street), ']', text_prop('city', city),
    text_prop('state', state), text_prop('postalCode', zip), ',"country":"US"}]',
    prop('maritalStatus', concept(hl7('v3-MaritalStatus'), m.code, m.display)),
    ',"communication":[{"language":' || concept('urn:ietf:bcp:47', l.code, l.display)
    || ',"preferred":true}]',
    prop('generalPractitioner', '[' || reference('Practitioner', 'n' || pcp_npi) || ']'),
    end_line()) AS resource
FROM patients
LEFT JOIN terms AS r ON r.kind = 'race' AND r.word = race
LEFT JOIN terms AS e ON e.kind = 'ethnicity' AND e.word = ethnicity
LEFT JOIN terms AS m ON m.kind = 'marital status' AND m.word = marital_status
LEFT JOIN terms AS l ON l.kind = 'language' AND l.word = language
