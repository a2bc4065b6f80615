WITH sites AS (
    SELECT 'f' || facility_id AS id, npi, 'n' || npi AS organisation, name, county_fips,
           CASE kind WHEN 'hospital' THEN 'HOSP' WHEN 'snf' THEN 'NCCF' WHEN 'dialysis' THEN 'OF'
               WHEN 'home health' THEN 'PTRES' ELSE 'OF' END AS role, 1 AS rank, NULL AS part_of
    FROM facilities
    UNION ALL
    SELECT 'n' || npi, npi, 'n' || npi, name, county_fips, 'OUTPHARM', 2, NULL FROM pharmacies
    UNION ALL
    SELECT 'n' || organisation_npi, organisation_npi, 'n' || organisation_npi, 'Group practice ' || organisation_npi,
           min(county_fips), 'OF', 3, NULL
    FROM providers WHERE organisation_npi IS NOT NULL
        AND organisation_npi NOT IN (SELECT npi FROM facilities UNION ALL SELECT npi FROM pharmacies)
    GROUP BY organisation_npi
    UNION ALL
    SELECT unit_id(facility_id, unit), npi, 'n' || npi, concat(upper(unit[1]), unit[2:], ', ', name), county_fips, unit_code, 4, 'f' || facility_id
    FROM (SELECT facility_id, unit, min(unit_code) AS unit_code FROM encounter_locations GROUP BY facility_id, unit)
    JOIN facilities USING (facility_id)
)
SELECT NULL AS person_id, rank AS place, id, concat(
    head('Location', id, 'us-core-location', escaped(name)),
    ',"status":"active"', text_prop('name', name),
    ',"type":[', concept(hl7('v3-RoleCode'), role, roles.display), ']',
    ',"telecom":', telecom(npi, area_code, NULL),
    ',"address":' || address(npi, city, coalesce(places.state, states.state), zip),
    CASE WHEN part_of IS NOT NULL THEN ',"physicalType":'
        || concept(hl7('location-physical-type'), 'wa', 'Ward') END,
    prop('managingOrganization', reference('Organization', organisation)),
    prop('partOf', reference('Location', part_of)),
    end_line()) AS resource
FROM sites LEFT JOIN states ON states.fips = left(county_fips, 2)
LEFT JOIN places ON places.county = county_fips AND places.number = npi // 10 % places.places
LEFT JOIN terms AS roles ON roles.kind = 'site' AND roles.word = role
