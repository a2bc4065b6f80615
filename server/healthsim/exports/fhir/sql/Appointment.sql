SELECT person_id, appointment_id AS place, 'ap' || appointment_id AS id, concat(
    head('Appointment', 'ap' || appointment_id, CAST(NULL AS VARCHAR),
         'Appointment of ' || day(start_at) || ', ' || status || coalesce(': ' || escaped(reason), '')),
    ',"status":"', status, '"',
    prop('cancelationReason', concept(hl7('appointment-cancellation-reason'), cancel_reason, NULL)),
    ',"serviceCategory":[', words(coalesce(c.words, encounter_class)), ']',
    ',"appointmentType":', concept(hl7('v2-0276'), type, NULL),
    prop('reasonCode', '[' || concept('http://hl7.org/fhir/sid/icd-10-cm', reason_code, t.display) || ']'),
    text_prop('description', reason),
    instant_prop('start', start_at, zone), instant_prop('end', end_at, zone), instant_prop('created', booked_at, zone),
    ',"participant":[{"actor":', reference('Patient', 'p' || person_id), ',"status":"accepted"}',
    ',{"actor":', reference('Practitioner', 'n' || practitioner_npi), ',"status":"accepted"}',
    ',{"actor":' || reference('Location', 'f' || facility_id) || ',"status":"accepted"}', ']',
    end_line()) AS resource
FROM appointments JOIN people USING (person_id)
LEFT JOIN terms AS c ON c.kind = 'encounter' AND c.word = encounter_class
LEFT JOIN diagnosis_texts AS t ON t.code = reason_code
