// Runs the functions of CloudFront with the cases that the local server passes as well.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const root = new URL("../../", import.meta.url);
const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));

function handler(file) {
  const context = vm.createContext({ decodeURIComponent, encodeURIComponent });
  vm.runInContext(readFileSync(new URL(`infra/edge/${file}`, root), "utf8"), context);
  return (event) => structuredClone(context.handler(event));
}

// The event of CloudFront: a name that is repeated has all its values in multiValue.
function named(pairs) {
  const found = {};
  for (const [name, value] of pairs) {
    found[name] ??= { value, multiValue: [] };
    found[name].multiValue.push({ value });
  }
  for (const one of Object.values(found)) if (one.multiValue.length === 1) delete one.multiValue;
  return found;
}

function event({ method = "GET", path, query = [], headers = { host: "pokedex.example" }, cookies = {} }) {
  const request = { method, uri: path, querystring: named(query), headers: named(Object.entries(headers)) };
  return { version: "1.0", request: { ...request, cookies: named(Object.entries(cookies)) } };
}

function values(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
}

function text(querystring) {
  if (typeof querystring === "string") return querystring;
  return Object.entries(querystring).flatMap(([name, one]) => (one.multiValue ?? [one]).map((each) => `${name}=${each.value}`)).join("&");
}

for (const { path, page } of cases.pages) {
  test(`${path} ${page ? "leads to a page" : "leads to no page"}`, () => {
    assert.equal(handler("pages.js")(event({ path })).uri, page ? "/index.html" : path);
  });
}

for (const one of cases.requests) {
  test(one.what, () => {
    const request = handler("requests.js")(event(one));
    assert.equal(request.uri, one.path);
    if (one.sent !== undefined) assert.equal(text(request.querystring), one.sent);
    if (one.kept) assert.deepEqual(values(request.cookies), one.kept);
    if (one.forwarded) assert.deepEqual(values(request.headers), one.forwarded);
  });
}
