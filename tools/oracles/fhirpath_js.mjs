// Evaluates FHIRPath with fhirpath.js on the R4 model; called by tools.oracles.fhirpath_js.
//
// stdin:  {"cases": [{"expression", "focus": resource, "variables": {name: value}}]}
// stdout: one JSON line per case: {"value": [tagged]} | {"error": text}
import fs from "node:fs";
import { createRequire } from "node:module";

const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const require = createRequire(import.meta.url);
const fhirpath = require("fhirpath");
const r4 = require("fhirpath/fhir-context/r4");

function tagged(value) {
  if (value == null || typeof value !== "object") return value;
  const kind = value.constructor?.name ?? "";
  if (kind === "FP_Quantity") return { quantity: [value.value, value.unit] };
  if (kind.startsWith("FP_") && kind.includes("Time")) return { text: String(value) };
  if (kind === "FP_Date") return { text: String(value) };
  if (kind.startsWith("FP_")) return Number(String(value));
  return { json: value };
}

const compiled = new Map();
function expression(text) {
  if (!compiled.has(text)) compiled.set(text, fhirpath.compile(text, r4, { resolveInternalTypes: false }));
  return compiled.get(text);
}

const job = JSON.parse(fs.readFileSync(0, "utf8"));
for (const { expression: text, focus, variables } of job.cases) {
  let line;
  try {
    line = { value: expression(text)(focus, { resource: focus, ...variables }).map(tagged) };
  } catch (error) {
    line = { error: String(error?.message ?? error).split("\n")[0] };
  }
  answer(JSON.stringify(line) + "\n");
}
