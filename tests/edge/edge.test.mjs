// Runs the functions of CloudFront with the cases that the local server passes as well.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { event, handler, text } from "./edge.mjs";

const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));

function values(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
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
