// A CDS Hooks service on cql-execution and cql-exec-fhir behind Node's own HTTP server.
//
// node server.mjs PORT PACKAGES ELM: PACKAGES is the folder that holds node_modules, ELM a JSON list of ELM documents,
// the one with the rule first. The rule is prepared once; a call evaluates the definitions that its card needs.
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const [port, packages, elmFile] = process.argv.slice(2);
const require = createRequire(path.join(packages, "package.json"));
const cql = require("cql-execution");
const { FHIRWrapper, PatientSource } = require("cql-exec-fhir");

const elm = JSON.parse(fs.readFileSync(elmFile, "utf8"));
const library = new cql.Library(elm[0], new cql.Repository(elm));
const codes = new cql.CodeService({});
const wrapper = FHIRWrapper.FHIRv401();

const resourcesOf = (value) => (value?.resourceType === "Bundle" ? value.entry.map((entry) => entry.resource) : [value]);

async function cards(request) {
  const resources = Object.values(request.prefetch).flatMap(resourcesOf);
  const patients = PatientSource.FHIRv401();
  patients.loadBundles([{ resourceType: "Bundle", type: "collection", entry: resources.map((resource) => ({ resource })) }]);
  const drafts = resourcesOf(request.context.draftOrders).map((order) => wrapper.wrap(order));
  const context = new cql.PatientContext(library, patients.currentPatient(), codes, { draftOrders: drafts });
  if ((await library.expressions["Kidneys Too Weak"].execute(context)) !== true) return [];
  return [
    {
      summary: await library.expressions.Summary.execute(context),
      detail: "The latest eGFR is below 30 mL/min/1.73 m²: the starting dose is to be reduced.",
      indicator: "warning",
      source: { label: "Rule of the benchmark" },
    },
  ];
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    try {
      const answer =
        request.method === "GET" ? {} : { cards: await cards(JSON.parse(Buffer.concat(parts).toString("utf8"))) };
      const bytes = Buffer.from(JSON.stringify(answer));
      response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
      response.end(bytes);
    } catch (error) {
      response.writeHead(500);
      response.end(String(error));
    }
  });
});
server.listen(Number(port), "127.0.0.1");
