// The contracts of sms-simulators with Ajv: all that a test of your own needs.
//
//   import { contracts } from "./contracts.mjs";
//   const { contractOf, breaches } = contracts(folder);
//   breaches(contractOf("twilio", "create-message"), { method, path, headers, query, body });
//
// `folder` is what `sms-simulators where contracts` prints.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";

export function contracts(folder) {
  // Strict, but that a condition may speak of a member without saying its type once more.
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });

  // The contract of an operation or callback; `kind` is "schema", or "response.schema" for answers.
  function contractOf(provider, operation, kind = "schema") {
    const text = readFileSync(join(folder, provider, `${operation}.${kind}.json`), "utf8");
    const schema = JSON.parse(text);
    return ajv.getSchema(schema.$id) ?? ajv.compile(schema);
  }

  return { contractOf, breaches };
}

// Where a document breaks a contract and what was expected there, as
// [{ at: "body.To", expected: "..." }]: places are spelled as the examples spell them.
export function breaches(contract, document) {
  if (contract(document)) return [];
  return contract.errors.map((error) => {
    const path = error.instancePath.split("/").slice(1);
    if (error.keyword === "required") path.push(error.params.missingProperty);
    const at = path.map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~")).join(".");
    return { at, expected: error.message };
  });
}
