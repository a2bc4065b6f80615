-- Where no members are kept, the team is the clinician of primary care.
WITH members AS (
    SELECT person_id, member_npi, role, start_date, end_date FROM care_team_members
    UNION ALL
    SELECT person_id, pcp_npi, 'primary_care', NULL, NULL FROM patients
    WHERE pcp_npi IS NOT NULL AND person_id NOT IN (SELECT person_id FROM care_team_members)
), participants AS (
    SELECT person_id, string_agg(concat(
        '{"role":[', concept('http://nucc.org/provider-taxonomy', taxonomy, specialty), ']',
        ',"member":', reference('Practitioner', 'n' || member_npi),
        prop('period', '{"start":"' || day(start_date) || '"' || coalesce(day_prop('end', end_date), '') || '}'), '}'),
        ',' ORDER BY start_date, role, member_npi) AS participants
    FROM members JOIN providers ON npi = member_npi GROUP BY person_id
)
SELECT person_id, person_id AS place, 't' || person_id AS id, concat(
    head('CareTeam', 't' || person_id, 'us-core-careteam',
         'Care team of ' || escaped(concat_ws(' ', given_name, family_name))),
    ',"status":"', CASE WHEN death_date IS NULL THEN 'active' ELSE 'inactive' END, '"', text_prop('name', 'Care team'),
    ',"subject":', reference('Patient', 'p' || person_id),
    ',"participant":[', participants, ']',
    end_line()) AS resource
FROM participants JOIN patients USING (person_id)
