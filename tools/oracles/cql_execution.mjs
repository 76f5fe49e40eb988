// Evaluates ELM with cql-execution + cql-exec-fhir; called by tools.oracles.cql_execution.
//
// stdin:  {"elm": [ELM documents], "ask": [{"library", "definitions": [names]}], 
//          "patients": [{"resources": [...], "parameters": {name: plain value, resource or list}}], "valueSets": {url: [{code, system}]}, "now": ISO instant,
//          "timezone": the zone of that instant as Node names it}
// stdout: one JSON line per patient: {library: {definition: {"value": tagged} | {"error": text}}}
//
// Values are tagged so that nothing is lost on the way: {"quantity": [value, unit]}, {"dateTime": text}, {"code": …} …
import fs from "node:fs";
import { createRequire } from "node:module";

const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const require = createRequire(import.meta.url);
const cql = require("cql-execution");
const { FHIRWrapper, PatientSource } = require("cql-exec-fhir");

const pad = (number, width) => String(number).padStart(width, "0");

function isoDate(value) {
  const parts = [pad(value.year, 4)];
  if (value.month != null) parts.push(pad(value.month, 2));
  if (value.month != null && value.day != null) parts.push(pad(value.day, 2));
  return parts.join("-");
}

function isoTime(value) {
  const parts = [pad(value.hour, 2)];
  if (value.minute != null) parts.push(pad(value.minute, 2));
  if (value.minute != null && value.second != null) parts.push(pad(value.second, 2));
  const text = parts.join(":");
  return value.second != null && value.millisecond != null ? `${text}.${pad(value.millisecond, 3)}` : text;
}

function isoDateTime(value) {
  if (value.hour == null) return isoDate(value);
  const minutes = Math.round((value.timezoneOffset ?? 0) * 60);
  const sign = minutes < 0 ? "-" : "+";
  const offset = `${sign}${pad(Math.floor(Math.abs(minutes) / 60), 2)}:${pad(Math.abs(minutes) % 60, 2)}`;
  return `${isoDate(value)}T${isoTime(value)}${offset}`;
}

function isPrimitive(info) {
  const name = info.name.replace(/^FHIR\./, "");
  const elements = info.elements;
  return /^[a-z]/.test(name) || (elements.length === 1 && elements[0].name === "value" && name.indexOf(".") < 0);
}

function tagged(value) {
  if (value == null) return null;
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(tagged);
  if (value.getTypeInfo) {
    const json = value._json;
    if (json?.resourceType) return { resource: `${json.resourceType}/${json.id}` };
    return isPrimitive(value.getTypeInfo()) ? (json?.value ?? null) : { element: json };
  }
  if (value.isUncertainty) return { uncertainty: [tagged(value.low), tagged(value.high)] };
  if (value.isInterval) return { interval: [value.lowClosed, tagged(value.low), tagged(value.high), value.highClosed] };
  if (value.isDateTime) return value.isTime?.() ? { time: isoTime(value) } : { dateTime: isoDateTime(value) };
  if (value.isDate) return { date: isoDate(value) };
  if (value.isQuantity) return { quantity: [value.value, value.unit ?? "1"] };
  if (value.isRatio) return { ratio: [tagged(value.numerator), tagged(value.denominator)] };
  if (value.isCode) return { code: [value.code, value.system ?? null] };
  if (value.isConcept) return { concept: value.codes.map(tagged) };
  return { tuple: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, tagged(member)])) };
}

function bundleOf(resources) {
  return { resourceType: "Bundle", type: "collection", entry: resources.map((resource) => ({ resource })) };
}

const job = JSON.parse(fs.readFileSync(0, "utf8"));
// CQL gives a time without an offset that of the evaluation request; cql-execution takes the machine's instead.
process.env.TZ = job.timezone;
const source = PatientSource.FHIRv401();
const wrapper = FHIRWrapper.FHIRv401();
const repository = new cql.Repository(job.elm);
const now = cql.DateTime.parse(job.now);
const codes = new cql.CodeService(
  Object.fromEntries(Object.entries(job.valueSets ?? {}).map(([url, list]) => [url, { "": list }])),
);

const libraries = new Map(
  job.ask.map(({ library }) => {
    const document = job.elm.find((candidate) => candidate.library.identifier.id === library);
    return [library, new cql.Library(document, repository)];
  }),
);

// Given to every library: an included one takes its parameters from the executor.
function parameterValues(parameters) {
  const wrap = (value) => {
    if (Array.isArray(value)) return value.map(wrap);
    return value?.resourceType ? wrapper.wrap(value) : value;
  };
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, wrap(value)]));
}

function load(resources) {
  source.reset();
  source.loadBundles([bundleOf(resources)]);
}

async function evaluateOne(runner, definition, resources) {
  load(resources);
  try {
    const results = await runner.exec_expression(definition, source, now);
    return { value: tagged(Object.values(results.patientResults)[0][definition]) };
  } catch (error) {
    return { error: String(error?.cause?.message ?? error?.message ?? error).split("\n")[0] };
  }
}

// All definitions at once, which shares what they have in common; one by one where one of them fails.
async function evaluate(runner, definitions, resources) {
  load(resources);
  try {
    const all = await runner.exec(source, now);
    const results = { ...Object.values(all.patientResults)[0], ...all.unfilteredResults };
    return Object.fromEntries(definitions.map((name) => [name, { value: tagged(results[name]) }]));
  } catch {
    const row = {};
    for (const definition of definitions) row[definition] = await evaluateOne(runner, definition, resources);
    return row;
  }
}

for (const { resources, parameters } of job.patients) {
  const row = {};
  const values = parameterValues(parameters ?? {});
  for (const { library, definitions } of job.ask) {
    const runner = new cql.Executor(libraries.get(library), codes, values);
    row[library] = await evaluate(runner, definitions, resources);
  }
  answer(JSON.stringify(row) + "\n");
}
