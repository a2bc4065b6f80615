WITH organisations AS (
    SELECT 'n' || npi AS id, npi, ccn, tin, name, county_fips, 'prov' AS role, 1 AS rank FROM facilities
    UNION ALL
    SELECT 'n' || npi, npi, NULL, NULL, name, county_fips, 'prov', 2 FROM pharmacies
    UNION ALL
    SELECT 'n' || organisation_npi, organisation_npi, NULL, min(tin), 'Group practice ' || organisation_npi,
           min(county_fips), 'prov', 3
    FROM providers WHERE organisation_npi IS NOT NULL
        AND organisation_npi NOT IN (SELECT npi FROM facilities UNION ALL SELECT npi FROM pharmacies)
    GROUP BY organisation_npi
    UNION ALL
    SELECT 'payer-' || replace(kind, '_', '-'), NULL, NULL, NULL, 'Payer of ' || replace(kind, '_', ' ') || ' plans',
           NULL, 'pay', 4
    FROM (SELECT DISTINCT kind FROM plans)
)
SELECT NULL AS person_id, rank AS place, id, concat(
    head('Organization', id, 'us-core-organization', escaped(name)),
    ',"identifier":[' || nullif(concat_ws(',',
        '{"system":"http://hl7.org/fhir/sid/us-npi","value":"' || npi || '"}',
        '{"system":"' || system_of('ccn') || '","value":' || json_of(ccn) || '}',
        '{"system":"urn:oid:2.16.840.1.113883.4.4","value":' || json_of(tin) || '}'), '') || ']',
    ',"active":true,"type":[',
    concept(hl7('organization-type'), role, CASE role WHEN 'pay' THEN 'Payer' ELSE 'Healthcare Provider' END), ']',
    text_prop('name', name),
    ',"telecom":', coalesce(telecom(npi, area_code, NULL), '[{"system":"email","value":"' || id || '@example.org"}]'),
    ',"address":[' || address(npi, city, coalesce(places.state, states.state), zip) || ']',
    end_line()) AS resource
FROM organisations LEFT JOIN states ON states.fips = left(county_fips, 2)
LEFT JOIN places ON places.county = county_fips AND places.number = npi // 10 % places.places
