SELECT person_id, administration_id AS place, 'u' || administration_id AS id, concat(
    head('MedicationAdministration', 'u' || administration_id, CAST(NULL AS VARCHAR),
         escaped(drug) || coalesce(' ' || number(dose) || ' ' || escaped(dose_unit), '') || ', ' || status
         || coalesce(' (' || escaped(status_reason) || ')', '') || ', ' || day(given_at)),
    ',"status":"', status, '"',
    prop('statusReason', '[' || coalesce(worded(hl7('reason-medication-not-given'), status_reason_code, status_reason),
        words(status_reason)) || ']'),
    ',"medicationCodeableConcept":', coalesce(worded('http://www.nlm.nih.gov/research/umls/rxnorm', rxnorm, drug), words(drug)),
    ',"subject":', reference('Patient', 'p' || person_id), ',"context":', reference('Encounter', 'e' || encounter_id),
    CASE WHEN ended_at IS NULL THEN instant_prop('effectiveDateTime', given_at, zone)
         ELSE ',"effectivePeriod":{"start":"' || at_zone(given_at, zone) || '"' || instant_prop('end', ended_at, zone) || '}' END,
    ',"performer":[{"actor":', reference('Practitioner', 'n' || performer_npi), '}]',
    prop('request', reference('MedicationRequest', 'm' || prescription_id)),
    ',"dosage":{"route":' || words(route) || ',"dose":{"value":' || number(dose) || ',"unit":' || json_of(dose_unit) || '}}',
    end_line()) AS resource
FROM medication_administrations JOIN people USING (person_id)
