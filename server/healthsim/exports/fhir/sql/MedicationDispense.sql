SELECT f.person_id, fill_id AS place, 'x' || fill_id AS id, concat(
    head('MedicationDispense', 'x' || fill_id, 'us-core-medicationdispense',
         escaped(drug) || ', ' || number(f.quantity) || ' for ' || f.days_supply || ' days, ' || day(fill_date)),
    ',"identifier":[{"system":"', system_of('rx-number'), '","value":', json_of(rx_number), '}]',
    ',"status":"', CASE f.status WHEN 'paid' THEN 'completed' ELSE 'cancelled' END, '"',
    ',"medicationCodeableConcept":', coalesce(
        '{"coding":[' || concat_ws(',', coding('http://www.nlm.nih.gov/research/umls/rxnorm', rxnorm, drug),
            coding('http://hl7.org/fhir/sid/ndc', f.ndc, NULL)) || ']' || text_prop('text', drug) || '}', words(drug)),
    ',"subject":', reference('Patient', 'p' || f.person_id),
    prop('context', reference('Encounter', 'e' || p.encounter_id)),
    prop('performer', '[{"actor":' || reference('Organization', 'n' || pharmacy_npi) || '}]'),
    ',"authorizingPrescription":[', reference('MedicationRequest', 'm' || prescription_id), ']',
    ',"type":', CASE fill_number WHEN 0 THEN concept(hl7('v3-ActCode'), 'FF', 'First Fill')
        ELSE concept(hl7('v3-ActCode'), 'RF', 'Refill') END,
    ',"quantity":{"value":' || number(f.quantity) || '}',
    ',"daysSupply":{"value":' || f.days_supply
        || ',"unit":"days","system":"http://unitsofmeasure.org","code":"d"}',
    day_prop('whenHandedOver', CASE f.status WHEN 'paid' THEN fill_date END),
    ',"dosageInstruction":[', dosage(sig, t.words, t.code, t.display, frequency, as_needed, route, dose, dose_unit), ']',
    end_line()) AS resource
FROM fills AS f JOIN prescriptions AS p USING (prescription_id)
LEFT JOIN terms AS t ON t.kind = 'frequency' AND t.word = frequency
