// Holds every example to its contract: what keeps it has to be kept, and what breaks it has to be
// broken at the place it names. Exits with 1 where that is not so.
//
//   npm install
//   node check.mjs [FOLDER]
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import jsonPatch from "fast-json-patch";
import { breaches, contracts } from "./contracts.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../contracts", import.meta.url));
const { contractOf } = contracts(folder);
const places = (contract, document) => breaches(contract, document).map(({ at }) => at);

function* wrong(provider, operation) {
  const contract = contractOf(provider, operation);
  const file = join(folder, provider, `${operation}.examples.json`);
  const { keeps, breaks } = JSON.parse(readFileSync(file, "utf8"));
  held += keeps.length + breaks.length;
  for (const [number, document] of keeps.entries()) {
    const found = places(contract, document);
    if (found.length) yield `${provider}/${operation}: keeps[${number}] breaks at ${found}`;
  }
  for (const { at, why, of = 0, patch } of breaks) {
    // Each break is a JSON Patch (RFC 6902) on one of the requests that keep the contract.
    const document = jsonPatch.applyPatch(keeps[of], patch, true, false).newDocument;
    const found = places(contract, document);
    if (!found.includes(at)) {
      yield `${provider}/${operation}: "${why}" breaks at ${found}, not at ${at}`;
    }
  }
}

let [schemas, held, faults] = [0, 0, 0];
for (const entry of readdirSync(folder, { withFileTypes: true })) {
  if (!entry.isDirectory() || entry.name === "connectors") continue; // those are configurations
  for (const file of readdirSync(join(folder, entry.name))) {
    const [operation, kind] = file.split(/\.(.*)\.json$/);
    if (kind?.endsWith("schema")) {
      contractOf(entry.name, operation, kind);
      schemas += 1;
    }
    if (!kind?.endsWith("examples")) continue;
    for (const fault of wrong(entry.name, file.replace(".examples.json", ""))) { // or OPERATION.advice
      console.error(fault);
      faults += 1;
    }
  }
}
console.log(`${schemas} schemas, ${held} examples, ${faults} wrong`);
process.exitCode = faults ? 1 : 0;
