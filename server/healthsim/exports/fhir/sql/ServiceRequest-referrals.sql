SELECT person_id, referral_id AS place, 's' || referral_id AS id, concat(
    head('ServiceRequest', 's' || referral_id, 'us-core-servicerequest',
         'Referral to ' || escaped(specialty) || coalesce(': ' || escaped(reason), '') || ', ' || day(referred_date)),
    ',"status":"active","intent":"order","category":[',
    '{"coding":[{"system":"http://snomed.info/sct","code":"3457005","display":"Patient referral"}]}]',
    ',"code":', words('Referral to ' || specialty),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    day_prop('authoredOn', referred_date), day_prop('occurrenceDateTime', referred_date),
    prop('requester', reference('Practitioner', 'n' || referring_npi)),
    prop('performer', '[' || reference('Practitioner', 'n' || referred_to_npi) || ']'),
    prop('reasonCode', '[' || words(reason) || ']'),
    end_line()) AS resource
FROM referrals
