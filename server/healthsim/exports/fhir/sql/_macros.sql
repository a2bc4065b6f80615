-- Pieces of JSON as text. A piece is NULL where it has nothing to say, and concat leaves NULLs out.
-- concat makes a text once, || once for each piece: long texts that are never NULL are made by concat.
CREATE MACRO end_line() AS '}' || chr(10);
CREATE MACRO json_of(value) AS CASE WHEN value IS NULL THEN NULL ELSE CAST(to_json(value) AS VARCHAR) END;
CREATE MACRO prop(name, json) AS ',"' || name || '":' || json;
CREATE MACRO text_prop(name, value) AS ',"' || name || '":' || CAST(to_json(value) AS VARCHAR);
CREATE MACRO object(first, rest) AS '{' || substr(concat(first, rest), 2) || '}';
CREATE MACRO reference(type, id) AS '{"reference":"' || type || '/' || id || '"}';
CREATE MACRO coding(system, code, display) AS
    '{"system":"' || system || '","code":' || CAST(to_json(code) AS VARCHAR)
    || coalesce(text_prop('display', display), '') || '}';
CREATE MACRO concept(system, code, display) AS
    '{"coding":[' || coding(system, code, display) || ']' || coalesce(text_prop('text', display), '') || '}';
CREATE MACRO mapped_concept(system, code, display, snomed, term) AS
    '{"coding":[' || coding(system, code, display) || coalesce(',' || coding('http://snomed.info/sct', snomed, term), '')
    || ']' || coalesce(text_prop('text', display), '') || '}';
CREATE MACRO words(value) AS '{"text":' || CAST(to_json(value) AS VARCHAR) || '}';
CREATE MACRO hl7(name) AS 'http://terminology.hl7.org/CodeSystem/' || name;
CREATE MACRO us_core(name) AS 'http://hl7.org/fhir/us/core/StructureDefinition/' || name;
CREATE MACRO system_of(name) AS '{{namespace}}/' || name;
CREATE MACRO escaped(value) AS
    replace(replace(replace(CAST(value AS VARCHAR), '&', '&amp;'), '<', '&lt;'), '>', '&gt;');
CREATE MACRO unit_id(facility_id, unit) AS 'f' || facility_id || '-' || replace(unit, ' ', '-');
-- A narrative as JSON; the element around it is written as it is there.
CREATE MACRO div_of(narrative) AS
    '"<div xmlns=\"http://www.w3.org/1999/xhtml\">' || substr(CAST(to_json(narrative || '</div>') AS VARCHAR), 2);
CREATE MACRO guide() AS '{{guide}}';
-- US Core 7.0.0 wants to know when some resources changed last; 6.1.0 does not.
CREATE MACRO head_updated(type, id, profile, narrative, updated) AS concat(
    '{"resourceType":"' || type || '","id":"', id, '","meta":{',
    '"lastUpdated":"' || CASE WHEN guide() = '7.0.0' THEN updated END || '",',
    '"profile":["' || us_core(profile) || '{{version}}"],',
    '"security":[{"system":"' || hl7('v3-ActReason') || '","code":"HTEST","display":"test health data"}]}',
    ',"text":{"status":"generated","div":' || div_of(narrative) || '}');
CREATE MACRO head(type, id, profile, narrative) AS head_updated(type, id, profile, narrative, CAST(NULL AS VARCHAR));
CREATE MACRO day(value) AS strftime(value, '%Y-%m-%d');
CREATE MACRO day_prop(name, value) AS ',"' || name || '":"' || strftime(value, '%Y-%m-%d') || '"';
CREATE MACRO offset_minutes(local, zone) AS (epoch_us(local) - epoch_us(timezone(zone, local))) // 60000000;
CREATE MACRO offset_of(local, zone) AS
    CASE WHEN offset_minutes(local, zone) < 0 THEN '-' ELSE '+' END
    || strftime(make_timestamp(60000000 * abs(offset_minutes(local, zone))), '%H:%M');
CREATE MACRO at_zone(local, zone) AS
    strftime(local, '%Y-%m-%dT%H:%M:%S') || offset_of(local, zone);
CREATE MACRO instant_prop(name, local, zone) AS ',"' || name || '":"' || at_zone(local, zone) || '"';
CREATE MACRO number(value) AS
    CASE WHEN value = trunc(value) AND abs(value) < 1e15 THEN CAST(CAST(value AS BIGINT) AS VARCHAR)
         ELSE CAST(to_json(value) AS VARCHAR) END;
CREATE MACRO quantity(value, unit) AS
    '{"value":' || number(value) || ',"unit":' || CAST(to_json(unit) AS VARCHAR)
    || ',"system":"http://unitsofmeasure.org","code":' || CAST(to_json(unit) AS VARCHAR) || '}';
CREATE MACRO omb(extension, word, code, display, words) AS
    '{"url":"' || us_core(extension) || '","extension":['
    || coalesce('{"url":"ombCategory","valueCoding":' || coding(CASE WHEN code IN ('UNK', 'ASKU')
        THEN hl7('v3-NullFlavor') ELSE 'urn:oid:2.16.840.1.113883.6.238' END, code, display) || '},', '')
    || '{"url":"text","valueString":' || CAST(to_json(coalesce(words, display, word, 'unknown')) AS VARCHAR) || '}]}';
CREATE MACRO pressure(loinc, display, value, unit) AS
    '{"code":' || concept('http://loinc.org', loinc, display) || coalesce(',"valueQuantity":' || quantity(value, unit),
    ',"dataAbsentReason":' || concept(hl7('data-absent-reason'), 'not-performed', 'Not Performed')) || '}';
-- Of an entry of the directory, by its NPI: a number of those kept for fiction, a mailbox that nobody can own, an invented street.
CREATE MACRO telecom(npi, area_code, use) AS
    '[' || coalesce('{"system":"phone","value":"' || area_code || '-555-01' || lpad(CAST(npi // 10 % 100 AS VARCHAR), 2, '0') || '"'
        || coalesce(',"use":"' || use || '"', '') || '},', '')
    || '{"system":"email","value":"n' || npi || '@example.org"' || coalesce(',"use":"' || use || '"', '') || '}]';
CREATE MACRO address(npi, city, state, zip) AS
    '{' || coalesce('"line":["' || (100 + npi // 10 % 900) || ' Synthetic Clinic Way"],"city":' || CAST(to_json(city) AS VARCHAR) || ',', '')
    || coalesce('"state":"' || state || '",', '') || coalesce('"postalCode":"' || zip || '",', '') || '"country":"US"}';
CREATE MACRO dosage(sig, repeat, code, display, frequency, as_needed, route, dose, unit) AS concat(
    '{"sequence":1', text_prop('text', sig),
    prop('timing', nullif('{' || concat_ws(',', '"repeat":' || repeat,
        '"code":' || coalesce(concept(hl7('v3-GTSAbbreviation'), code, display), words(frequency))) || '}', '{}')),
    ',"asNeededBoolean":' || as_needed,
    prop('route', words(route)),
    prop('doseAndRate', '[{"type":' || concept(hl7('dose-rate-type'), 'ordered', 'Ordered')
        || ',"doseQuantity":{"value":' || number(dose) || ',"unit":' || json_of(unit) || '}}]'), '}');
CREATE MACRO asserted(date) AS
    ',"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/condition-assertedDate","valueDateTime":"' || day(date) || '"}]';
-- A code whose system's own text is not kept here, with words of ours.
CREATE MACRO worded(system, code, words) AS
    '{"coding":[' || coding(system, code, NULL) || ']' || coalesce(text_prop('text', words), '') || '}';
