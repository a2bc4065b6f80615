-- What is worn or used has no profile of US Core.
SELECT person_id, device_id AS place, 'h' || device_id AS id, concat(
    head('Device', 'h' || device_id, CASE WHEN implanted_date IS NOT NULL THEN 'us-core-implantable-device' END,
         escaped(type) || coalesce(', ' || escaped(body_site), '') || ', since ' || day(start_date)),
    ',"udiCarrier":[{"deviceIdentifier":' || json_of(udi_di) || ',"issuer":"http://hl7.org/fhir/NamingSystem/gs1"'
        || ',"jurisdiction":"http://hl7.org/fhir/NamingSystem/fda-udi","carrierHRF":' || json_of(udi_hrf) || ',"entryType":"barcode"}]',
    ',"status":"', status, '"', text_prop('manufacturer', manufacturer),
    day_prop('manufactureDate', manufacture_date), day_prop('expirationDate', expiration_date),
    text_prop('lotNumber', lot), text_prop('serialNumber', serial),
    ',"type":', concept(system_of('fda-product-code'), type_code, type),
    ',"patient":', reference('Patient', 'p' || person_id),
    end_line()) AS resource
FROM devices
