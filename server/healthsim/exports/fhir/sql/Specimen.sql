SELECT person_id, specimen_id AS place, 'w' || specimen_id AS id, concat(
    head('Specimen', 'w' || specimen_id, 'us-core-specimen',
         escaped(coalesce(k.words, type)) || ' taken on ' || day(collected_at)),
    ',"accessionIdentifier":{"system":"', system_of('accession'), '","value":', json_of(accession), '}',
    ',"status":"available","type":', worded(hl7('v2-0487'), type, k.words),
    ',"subject":', reference('Patient', 'p' || person_id),
    instant_prop('receivedTime', received_at, zone),
    ',"request":[', reference('ServiceRequest', 's' || request_id), ']',
    ',"collection":{"collectedDateTime":"', at_zone(collected_at, zone), '"}',
    ',"container":[{"additiveCodeableConcept":' || worded(hl7('v2-0371'), nullif(additive, 'NONE'), a.words) || '}]',
    end_line()) AS resource
FROM specimens JOIN people USING (person_id)
LEFT JOIN terms AS k ON k.kind = 'specimen' AND k.word = type
LEFT JOIN terms AS a ON a.kind = 'additive' AND a.word = additive
