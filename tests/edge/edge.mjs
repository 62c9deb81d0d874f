// The functions of CloudFront, as its runtime calls them.

import { readFileSync } from "node:fs";
import vm from "node:vm";

const root = new URL("../../", import.meta.url);

function loaded(file) {
  const context = vm.createContext({ decodeURIComponent, encodeURIComponent });
  vm.runInContext(readFileSync(new URL(`infra/edge/${file}`, root), "utf8"), context);
  return context;
}

// Returns the handler of a file of infra/edge.
export function handler(file) {
  const context = loaded(file);
  return (event) => structuredClone(context.handler(event));
}

// Returns the paths whose responses CloudFront stores, as regular expressions.
export function cached() {
  return vm.runInContext("CACHED.map(function (path) { return path.source; })", loaded("requests.js"));
}

// Returns the pairs as CloudFront passes them: a name that is repeated has all its values in multiValue.
function named(pairs) {
  const found = {};
  for (const [name, value] of pairs) {
    found[name] ??= { value, multiValue: [] };
    found[name].multiValue.push({ value });
  }
  for (const one of Object.values(found)) if (one.multiValue.length === 1) delete one.multiValue;
  return found;
}

export function event({ method = "GET", path, query = [], headers = { host: "pokedex.example" }, cookies = {} }) {
  const request = { method, uri: path, querystring: named(query), headers: named(Object.entries(headers)) };
  return { version: "1.0", request: { ...request, cookies: named(Object.entries(cookies)) } };
}

// Returns the text of a query string, which a handler may have left as an object.
export function text(querystring) {
  if (typeof querystring === "string") return querystring;
  return Object.entries(querystring).flatMap(([name, one]) => (one.multiValue ?? [one]).map((each) => `${name}=${each.value}`)).join("&");
}
