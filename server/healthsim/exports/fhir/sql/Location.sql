WITH sites AS (
    SELECT 'f' || facility_id AS id, 'n' || npi AS organisation, name, county_fips,
           CASE kind WHEN 'hospital' THEN 'HOSP' WHEN 'snf' THEN 'NCCF' WHEN 'dialysis' THEN 'OF'
               WHEN 'home health' THEN 'PTRES' ELSE 'OF' END AS role, 1 AS rank
    FROM facilities
    UNION ALL
    SELECT 'n' || npi, 'n' || npi, name, county_fips, 'OUTPHARM', 2 FROM pharmacies
)
SELECT NULL AS person_id, rank AS place, id, concat(
    head('Location', id, 'us-core-location', escaped(name)),
    ',"status":"active"', text_prop('name', name),
    ',"type":[', concept(hl7('v3-RoleCode'), role, roles.display), ']',
    ',"address":{"state":"' || state || '","country":"US"}',
    prop('managingOrganization', reference('Organization', organisation)),
    '}') AS resource
FROM sites LEFT JOIN states ON states.fips = left(county_fips, 2)
LEFT JOIN terms AS roles ON roles.kind = 'site' AND roles.word = role
