-- Who recorded the resources of a visit: the clinician, for the organisation, which also sent them.
WITH made AS (
    SELECT encounter_id, 1 AS rank, 'Encounter/e' || encounter_id AS target FROM encounters
    UNION ALL
    SELECT encounter_id, 2, 'Condition/d' || encounter_id || '-' || sequence FROM encounter_diagnoses
    UNION ALL
    SELECT encounter_id, 3, 'Condition/c' || condition_id FROM conditions WHERE encounter_id IS NOT NULL
    UNION ALL
    SELECT encounter_id, 4, 'Procedure/o' || procedure_id FROM procedures WHERE encounter_id IS NOT NULL
    UNION ALL
    SELECT encounter_id, 5, 'Immunization/i' || immunization_id FROM immunizations WHERE encounter_id IS NOT NULL
    UNION ALL
    SELECT encounter_id, 6, 'MedicationRequest/m' || prescription_id FROM prescriptions WHERE encounter_id IS NOT NULL
    UNION ALL
    SELECT encounter_id, 8, 'DocumentReference/j' || note_id FROM clinical_notes
    UNION ALL
    SELECT encounter_id, 9, 'DiagnosticReport/r' || report_id FROM diagnostic_reports WHERE encounter_id IS NOT NULL
    UNION ALL
    SELECT encounter_id, 7, 'CarePlan/a' || care_plan_id FROM care_plans WHERE encounter_id IS NOT NULL
), targets AS (
    SELECT encounter_id, string_agg('{"reference":"' || target || '"}', ',' ORDER BY rank, length(target), target) AS targets
    FROM made GROUP BY encounter_id
)
SELECT e.person_id, encounter_id AS place, 'y' || encounter_id AS id, concat(
    head('Provenance', 'y' || encounter_id, 'us-core-provenance', 'Recorded on ' || day(end_at)),
    ',"target":[', targets, '],"recorded":"', at_zone(end_at, zone), '","agent":[{"type":',
    concept('http://terminology.hl7.org/CodeSystem/provenance-participant-type', 'author', 'Author'),
    ',"who":', reference('Practitioner', 'n' || attending_npi),
    prop('onBehalfOf', reference('Organization', 'n' || coalesce(site.npi, organisation_npi))),
    '}', ',{"type":' || concept('http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type', 'transmitter', 'Transmitter')
        || ',"who":' || reference('Organization', 'n' || coalesce(site.npi, organisation_npi)) || '}',
    ']', end_line()) AS resource
FROM encounters AS e JOIN people USING (person_id) JOIN targets USING (encounter_id)
LEFT JOIN providers AS a ON a.npi = attending_npi
LEFT JOIN facilities AS site ON site.facility_id = e.facility_id
