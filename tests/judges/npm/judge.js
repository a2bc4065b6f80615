// Judges NDJSON files of FHIR R4 with the package `fhir`: structure, types, required codes; and JSON made XML and back.
// Arguments: how many resources of each file at most, then folders. Ends with 1 where a resource has an error.
"use strict";
const fs = require("fs");
const path = require("path");
const { Fhir } = require("fhir");

const [limit, ...folders] = process.argv.slice(2);
const fhir = new Fhir();
const counts = new Map();
const errors = new Map();

function judge(line, file) {
  const resource = JSON.parse(line);
  const found = fhir
    .validate(resource, { errorOnUnexpected: true })
    .messages.filter((one) => ["error", "fatal"].includes(one.severity))
    .map((one) => `${resource.resourceType} ${one.location}: ${one.message}`);
  const xml = fhir.objToXml(resource);
  if (fhir.xmlToObj(xml).id !== resource.id) found.push(`${resource.resourceType}: XML loses it`);
  for (const text of found) {
    const key = text.replace(/\[\d+\]/g, "").replace(/\d{4,}/g, "#");
    errors.set(key, errors.get(key) || { count: 0, file });
    errors.get(key).count += 1;
  }
  return found.length === 0;
}

for (const folder of folders) {
  for (const name of fs.readdirSync(folder).filter((one) => one.endsWith(".ndjson")).sort()) {
    const file = path.join(folder, name);
    const all = fs.readFileSync(file, "utf8").split("\n").filter(Boolean);
    const step = Math.max(Math.floor(all.length / Number(limit)), 1);
    const lines = all.filter((_, number) => number % step === 0).slice(0, Number(limit));
    const wrong = lines.filter((line) => !judge(line, name)).length;
    const before = counts.get(name) || [0, 0];
    counts.set(name, [before[0] + lines.length, before[1] + wrong]);
  }
}
for (const [text, { count, file }] of errors) console.log(`${count} times, first in ${file}: ${text}`);
let all = 0;
let wrong = 0;
for (const [name, [judged, bad]] of counts) {
  console.log(`${name}: ${judged} judged, ${bad} wrong`);
  all += judged;
  wrong += bad;
}
console.log(`${all} resources, ${wrong} with errors`);
process.exit(all > 0 && wrong === 0 ? 0 : 1);
