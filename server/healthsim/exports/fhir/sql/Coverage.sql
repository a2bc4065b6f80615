SELECT n.person_id, enrollment_id AS place, 'k' || enrollment_id AS id, concat(
    head('Coverage', 'k' || enrollment_id, 'us-core-coverage',
         escaped(plan_id) || ' from ' || day(effective_date) || coalesce(' to ' || day(term_date), '')),
    ',"identifier":[{"type":', concept(hl7('v2-0203'), 'MB', 'Member Number'),
    ',"system":"', system_of('member-number'), '","value":', json_of(member_number), '}]',
    ',"status":"', CASE WHEN term_date IS NULL THEN 'active' ELSE 'cancelled' END, '"',
    ',"type":', coalesce(concept('https://nahdo.org/sopt', t.code, t.display), words(plans.kind)),
    prop('subscriber', reference('Patient', 'p' || subscriber_id)),
    text_prop('subscriberId', coalesce(subscriber_number, member_number)),
    ',"beneficiary":', reference('Patient', 'p' || n.person_id),
    text_prop('dependent', person_code),
    ',"relationship":', concept(hl7('subscriber-relationship'), r.code, r.display),
    ',"period":{"start":"', day(effective_date), '"', day_prop('end', term_date), '}',
    ',"payor":[', reference('Organization', 'payer-' || replace(plans.kind, '_', '-')), ']',
    ',"class":[{"type":', concept(hl7('coverage-class'), 'plan', 'Plan'), text_prop('value', plan_id),
    text_prop('name', plan_id), '}]',
    prop('order', CAST(payer_order AS VARCHAR)),
    end_line()) AS resource
FROM enrollments AS n JOIN members USING (person_id) JOIN plans USING (plan_id)
LEFT JOIN terms AS t ON t.kind = 'plan' AND t.word = plans.kind
LEFT JOIN terms AS r ON r.kind = 'relationship' AND r.word = relationship_code
