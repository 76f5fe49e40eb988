// Translates CQL to ELM with the official translator; called by cds.authoring.translator, which documents the job.
//
// stdin:  {"sources": {name: cql}, "units": [{"key": any string, "text": cql}], "options": {"resultTypes": true, ...}}
// stdout: one JSON line per unit: {"key", "elm": {...} | null, "problems": [{severity, message, line, column, library}]}
//
// No file is read but the npm packages': the caller hands in every library that may be included.
import fs from "node:fs";
import { createRequire } from "node:module";

// stdout carries the answer; the translator's own log, which starts while it is loaded, goes to stderr.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const translator = await import("@cqframework/cql/cql-to-elm");

const require = createRequire(import.meta.url);
const { UcumLhcUtils } = require("@lhncbc/ucum-lhc");

const FHIR_VERSION = "4.0.1";
const fhirModel = fs.readFileSync(
  require.resolve("cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml"),
  "utf8",
);

// The translator needs the System model as model information too: the types of CQL 1.5, Author's Guide, "Types".
const simple = ["Boolean", "Integer", "Long", "Decimal", "String", "DateTime", "Date", "Time"];
const classes = {
  Quantity: { value: "System.Decimal", unit: "System.String" },
  Ratio: { numerator: "System.Quantity", denominator: "System.Quantity" },
  Code: { code: "System.String", system: "System.String", version: "System.String", display: "System.String" },
  Concept: { codes: "System.Code*", display: "System.String" },
  Vocabulary: { id: "System.String", version: "System.String", name: "System.String" },
};
const elementXml = ([name, type]) =>
  type.endsWith("*")
    ? `<element name="${name}"><typeSpecifier xsi:type="ListTypeSpecifier" elementType="${type.slice(0, -1)}"/></element>`
    : `<element name="${name}" type="${type}"/>`;
const systemModel = `<?xml version="1.0" encoding="UTF-8"?>
<modelInfo name="System" version="1.0.0" url="urn:hl7-org:elm-types:r1" targetQualifier="system"
  xmlns="urn:hl7-org:elm-modelinfo:r1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<typeInfo xsi:type="SimpleTypeInfo" name="System.Any"/>
${simple.map((name) => `<typeInfo xsi:type="SimpleTypeInfo" name="System.${name}" baseType="System.Any"/>`).join("\n")}
${Object.entries(classes)
  .map(([name, elements]) => `<typeInfo xsi:type="ClassInfo" name="System.${name}" baseType="System.Any">${Object.entries(elements).map(elementXml).join("")}</typeInfo>`)
  .join("\n")}
<typeInfo xsi:type="ClassInfo" name="System.ValueSet" baseType="System.Vocabulary"/>
<typeInfo xsi:type="ClassInfo" name="System.CodeSystem" baseType="System.Vocabulary"/>
</modelInfo>`;

// The engine answers FHIRHelpers' functions itself, so the translator needs their signatures only: those of the model's
// implicit conversions, and the few others of FHIRHelpers 4.0.1 that authors call by name.
function fhirHelpers() {
  const conversions = [...fhirModel.matchAll(/<conversionInfo (.*?)\/>/g)].map(([, attributes]) => {
    const value = (name) => new RegExp(`${name}="([^"]*)"`).exec(attributes)[1].replaceAll("&lt;", "<").replaceAll("&gt;", ">");
    return `define function ${value("functionName").replace("FHIRHelpers.", "")}(value ${value("fromType")}) returns ${value("toType")}: external`;
  });
  return [
    `library FHIRHelpers version '${FHIR_VERSION}'`,
    `using FHIR version '${FHIR_VERSION}'`,
    ...conversions.sort(),
    "define function ToInterval(quantity FHIR.Quantity) returns Interval<System.Quantity>: external",
    "define function ToQuantityIgnoringComparator(quantity FHIR.Quantity) returns System.Quantity: external",
    "define function ToCalendarUnit(unit System.String) returns System.String: external",
    "define function ToValueSet(uri System.String) returns System.ValueSet: external",
  ].join("\n");
}

const ucum = UcumLhcUtils.getInstance();
const unsupported = () => {
  throw new Error("unit arithmetic is not asked for at translation time");
};
const unitService = translator.createUcumService(
  unsupported,
  (unit) => {
    const result = ucum.validateUnitString(unit);
    return result.status === "valid" ? null : result.msg[0] || `'${unit}' is not a UCUM unit`;
  },
  unsupported,
  unsupported,
);

const models = { System: systemModel, FHIR: fhirModel };
const modelManager = new translator.ModelManager();
modelManager.modelInfoLoader.registerModelInfoProvider(
  translator.createModelInfoProvider((name, _system, version) => {
    const known = name === "FHIR" ? version == null || version === FHIR_VERSION : name in models;
    return known ? translator.stringAsSource(models[name]) : null;
  }),
);

function libraryManager(sources, options) {
  const { Options } = translator.CqlCompilerOptions;
  const chosen = [Options.EnableLocators, Options.DisableListDemotion, Options.DisableListPromotion];
  if (options.annotations) chosen.push(Options.EnableAnnotations);
  if (options.resultTypes) chosen.push(Options.EnableResultTypes);
  const compilerOptions = new translator.CqlCompilerOptions();
  compilerOptions.setOptions(chosen);
  compilerOptions.signatureLevel = translator.LibraryBuilder.SignatureLevel.Overloads;
  const manager = new translator.LibraryManager(modelManager, compilerOptions, null, unitService);
  const all = { FHIRHelpers: fhirHelpers(), ...sources };
  manager.librarySourceLoader.registerProvider(
    translator.createLibrarySourceProvider((name) =>
      name in all ? translator.stringAsSource(all[name]) : null,
    ),
  );
  return manager;
}

function problemsOf(elm) {
  return (elm.library.annotation ?? [])
    .filter((note) => note.type === "CqlToElmError")
    .map((note) => ({
      severity: note.errorSeverity ?? "error",
      message: note.message,
      line: note.startLine ?? null,
      column: note.startChar ?? null,
      library: note.libraryId ?? null,
    }));
}

const job = JSON.parse(fs.readFileSync(0, "utf8"));
const manager = libraryManager(job.sources ?? {}, job.options ?? {});
const lines = [];
for (const { key, text } of job.units) {
  try {
    const elm = JSON.parse(translator.CqlTranslator.fromText(text, manager).toJson());
    lines.push({ key, elm, problems: problemsOf(elm) });
  } catch (error) {
    const message = String(error?.message ?? error);
    lines.push({ key, elm: null, problems: [{ severity: "error", message, line: null, column: null, library: null }] });
  }
}
answer(lines.map((line) => JSON.stringify(line) + "\n").join(""));
