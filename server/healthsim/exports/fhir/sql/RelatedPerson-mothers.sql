SELECT child.person_id, child.person_id AS place, 'q' || child.person_id AS id, concat(
    head('RelatedPerson', 'q' || child.person_id, 'us-core-relatedperson',
         escaped(concat_ws(' ', mother.given_name, mother.family_name)) || ', mother'),
    ',"active":true,"patient":', reference('Patient', 'p' || child.person_id),
    ',"relationship":[', concept(hl7('v3-RoleCode'), 'MTH', 'mother'), ']',
    ',"name":[{"family":', json_of(mother.family_name), ',"given":[', json_of(mother.given_name), ']}]',
    ',"telecom":[{"system":"phone","value":' || json_of(mother.phone) || ',"use":"home"}]',
    ',"gender":"female"', day_prop('birthDate', mother.birth_date),
    ',"address":[{"use":"home","line":[' || json_of(mother.street) || ']' || text_prop('city', mother.city)
        || text_prop('state', mother.state) || text_prop('postalCode', mother.zip) || ',"country":"US"}]',
    end_line()) AS resource
FROM patients AS child JOIN patients AS mother ON mother.person_id = child.mother_person_id
