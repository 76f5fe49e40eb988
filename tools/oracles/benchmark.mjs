// Times cql-execution or fhirpath.js in Node, one thread, warm; called by tests/benchmarks/engine.
//
// stdin:  {"engine": "cql-execution" | "fhirpath.js", "seconds": budget per size,
//          "elm": [...], "library", "valueSets", "expression", "sizes": {n: [resources]}}
// stdout: {n: {"microseconds": median, "result": last result}}
import fs from "node:fs";
import { createRequire } from "node:module";

const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const require = createRequire(import.meta.url);
const job = JSON.parse(fs.readFileSync(0, "utf8"));

async function median(work) {
  for (let round = 0; round < 5; round++) await work();
  const samples = [];
  const end = performance.now() + job.seconds * 1000;
  while (samples.length < 3 || (performance.now() < end && samples.length < 2000)) {
    const start = performance.now();
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    // A busy machine does not change processor time; the helper threads that it counts are not held against Node.
    samples.push(Math.min(performance.now() - start, (user + system) / 1000));
  }
  samples.sort((a, b) => a - b);
  return samples[samples.length >> 1] * 1000;
}

function cqlExecution() {
  const cql = require("cql-execution");
  const { PatientSource } = require("cql-exec-fhir");
  const document = job.elm.find((candidate) => candidate.library.identifier.id === job.library);
  const library = new cql.Library(document, new cql.Repository(job.elm));
  const valueSets = Object.entries(job.valueSets).map(([url, codes]) => [url, { "": codes }]);
  const codes = new cql.CodeService(Object.fromEntries(valueSets));
  const source = PatientSource.FHIRv401();
  return (resources) => {
    const bundle = { resourceType: "Bundle", type: "collection", entry: resources.map((resource) => ({ resource })) };
    return async () => {
      source.reset();
      source.loadBundles([bundle]);
      const results = await new cql.Executor(library, codes).exec(source);
      return Object.values(results.patientResults)[0][job.expression];
    };
  };
}

function fhirpathJs() {
  const fhirpath = require("fhirpath");
  const compiled = fhirpath.compile(job.expression, require("fhirpath/fhir-context/r4"));
  const focus = { resourceType: "Patient", id: "p1" };
  return (resources) => {
    const observations = resources.filter((resource) => resource.resourceType === "Observation");
    return () => compiled(focus, { observations });
  };
}

const prepare = job.engine === "cql-execution" ? cqlExecution() : fhirpathJs();
const rows = {};
for (const [size, resources] of Object.entries(job.sizes)) {
  const work = prepare(resources);
  rows[size] = { result: await work(), microseconds: await median(work) };
}
answer(JSON.stringify(rows));
