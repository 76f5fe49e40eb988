// Converts units with the U.S. National Library of Medicine's ucum-lhc; called by tools.oracles.ucum_lhc.
//
// stdin:  {"conversions": [[value, from, to]]}
// stdout: one JSON line per conversion: number | null
import fs from "node:fs";
import { createRequire } from "node:module";

const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const require = createRequire(import.meta.url);
const { UcumLhcUtils } = require("@lhncbc/ucum-lhc");

const ucum = UcumLhcUtils.getInstance();
const job = JSON.parse(fs.readFileSync(0, "utf8"));
for (const [value, from, to] of job.conversions) {
  const found = ucum.convertUnitTo(from, value, to);
  answer(JSON.stringify(found.status === "succeeded" ? found.toVal : null) + "\n");
}
