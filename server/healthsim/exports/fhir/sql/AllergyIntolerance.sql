SELECT person_id, allergy_id AS place, 'b' || allergy_id AS id, concat(
    head('AllergyIntolerance', 'b' || allergy_id, 'us-core-allergyintolerance',
         escaped(substance) || ' (' || kind || ', ' || status || ')' || coalesce(': ' || escaped(reaction), '')
         || coalesce(', ' || severity, '')),
    ',"clinicalStatus":', concept(hl7('allergyintolerance-clinical'), status, NULL),
    ',"verificationStatus":', concept(hl7('allergyintolerance-verification'), verification, NULL),
    ',"type":"', kind, '","category":["', category, '"],"criticality":"', criticality, '"',
    ',"code":{"coding":[', coding(CASE code_system WHEN 'RxNorm' THEN 'http://www.nlm.nih.gov/research/umls/rxnorm'
        ELSE 'http://fdasis.nlm.nih.gov' END, code, code_display), ']', text_prop('text', substance), '}',
    ',"patient":', reference('Patient', 'p' || person_id),
    day_prop('onsetDateTime', onset_date), day_prop('recordedDate', recorded_date),
    ',"reaction":[{"manifestation":[' || coalesce(worded('http://snomed.info/sct', reaction_code, reaction), words(reaction))
        || ']' || coalesce(',"severity":"' || severity || '"', '') || '}]',
    end_line()) AS resource
FROM allergies
