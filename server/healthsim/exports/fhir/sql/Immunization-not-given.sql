SELECT person_id, not_given_id AS place, 'in' || not_given_id AS id, concat(
    head('Immunization', 'in' || not_given_id, 'us-core-immunization',
         escaped(coalesce(display, cvx)) || ', not given on ' || day(occurrence_date) || ': ' || escaped(reason)),
    ',"status":"not-done","statusReason":', worded(hl7('v3-ActReason'), reason_code, reason),
    ',"vaccineCode":', concept('http://hl7.org/fhir/sid/cvx', cvx, display),
    ',"patient":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    day_prop('occurrenceDateTime', occurrence_date), ',"primarySource":true',
    prop('performer', '[{"function":' || concept(hl7('v2-0443'), 'AP', 'Administering Provider')
        || ',"actor":' || reference('Practitioner', 'n' || performer_npi) || '}]'),
    end_line()) AS resource
FROM immunizations_not_given
