SELECT person_id, related_person_id AS place, 'rp' || related_person_id AS id, concat(
    head('RelatedPerson', 'rp' || related_person_id, 'us-core-relatedperson',
         escaped(concat_ws(' ', given_name, family_name)) || ', ' || relationship),
    ',"active":true,"patient":', reference('Patient', 'p' || person_id),
    ',"relationship":[', worded(hl7('v3-RoleCode'), relationship, NULL),
    CASE WHEN guardian THEN ',' || concept(hl7('v3-RoleCode'), 'GUARD', 'guardian') END,
    CASE WHEN emergency_contact THEN ',' || concept(hl7('v2-0131'), 'C', 'Emergency Contact') END, ']',
    ',"name":[{"family":', json_of(family_name), ',"given":[', json_of(given_name), ']}]',
    ',"telecom":[{"system":"phone","value":', json_of(phone), ',"use":"home"}]',
    CASE gender WHEN 'M' THEN ',"gender":"male"' WHEN 'F' THEN ',"gender":"female"' END, day_prop('birthDate', birth_date),
    ',"address":[{"use":"home","line":[', json_of(street), ']', text_prop('city', city), text_prop('state', state),
    text_prop('postalCode', zip), ',"country":"US"}]',
    ',"period":{"start":"', day(start_date), '"}',
    end_line()) AS resource
FROM related_persons
