SELECT person_id, prescription_id AS place, 'm' || prescription_id AS id, concat(
    head('MedicationRequest', 'm' || prescription_id, 'us-core-medicationrequest',
         escaped(drug) || coalesce(': ' || escaped(sig), '') || ' (' || day(written_date) || ')'),
    ',"status":"', status, '","intent":"order","category":[',
    concept(hl7('medicationrequest-category'), 'community', 'Community'), ']',
    ',"reportedBoolean":false,"medicationCodeableConcept":', coalesce(
        concept('http://www.nlm.nih.gov/research/umls/rxnorm', rxnorm, drug), words(drug)),
    ',"subject":', reference('Patient', 'p' || person_id),
    prop('encounter', reference('Encounter', 'e' || encounter_id)),
    day_prop('authoredOn', written_date),
    prop('requester', reference('Practitioner', 'n' || prescriber_npi)),
    prop('reasonCode', '[' || concept('http://hl7.org/fhir/sid/icd-10-cm', indication, t.display) || ']'),
    ',"dosageInstruction":[', dosage(sig, f.words, f.code, f.display, frequency, as_needed, route, dose, dose_unit), ']',
    ',"dispenseRequest":{"validityPeriod":{"start":"', day(written_date), '"}',
    ',"numberOfRepeatsAllowed":', refills,
    ',"quantity":{"value":' || number(quantity) || '}',
    ',"expectedSupplyDuration":{"value":' || days_supply
        || ',"unit":"days","system":"http://unitsofmeasure.org","code":"d"}', '}',
    end_line()) AS resource
FROM prescriptions
LEFT JOIN terms AS f ON f.kind = 'frequency' AND f.word = frequency
LEFT JOIN diagnosis_texts AS t ON t.code = indication
