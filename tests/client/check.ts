// Calls a running server with the client that is generated from its description, as a web app would. Its compilation
// is half of the test: a field or a parameter that the description loses or renames is a compile error here.
import assert from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, operations, paths } from "./generated/api.js";

// The client itself accepts parameters that it does not know.
type ListQuery = NonNullable<operations["list-pokemon"]["parameters"]["query"]>;
type Problem = components["schemas"]["Problem"];
type EvolutionNode = components["schemas"]["EvolutionNode"];

const baseUrl = process.env["POKEDEX_URL"];
if (!baseUrl) {
  console.error("POKEDEX_URL is not set: the address of a running server, such as http://127.0.0.1:3000");
  process.exit(2);
}
// A server that hangs fails the check instead of delaying it.
const api = createClient<paths>({
  baseUrl,
  fetch: (request) => fetch(request, { signal: AbortSignal.timeout(10_000) }),
});

async function listsWithAQuery(): Promise<void> {
  const query: ListQuery = { type: ["water", "flying"], sort: "speed_desc", per_page: 3, forms: "default" };
  const { data, error, response } = await api.GET("/api/v1/pokemon", { params: { query } });
  assert.equal(response.status, 200, JSON.stringify(error));
  assert(data);
  assert.equal(data.pagination.per_page, 3);
  assert.equal(data.pokemon.length, 3);
  const speeds = data.pokemon.map((row) => row.stats.speed);
  assert.deepEqual(speeds, [...speeds].sort((a, b) => b - a));
  for (const row of data.pokemon) {
    // Each row has both types: a client that joined them into one value would get no rows or all rows.
    assert(row.types.includes("water") && row.types.includes("flying"), row.name);
  }
}

async function getsOne(): Promise<void> {
  const { data, response } = await api.GET("/api/v1/pokemon/{id}", {
    params: { path: { id: "unown" }, query: { include: "forms" } },
  });
  assert.equal(response.status, 200);
  assert(data);
  assert.deepEqual([data.id, data.display_name, data.types], [201, "Unown", ["psychic"]]);
  assert(data.forms?.some((form) => form.name === "unown-question"));
  assert.equal(data.learnset, undefined);
  assert.match(response.headers.get("etag") ?? "", /^"[0-9a-f]{16}"$/);
}

async function getsEvolutions(): Promise<void> {
  const { data, response } = await api.GET("/api/v1/pokemon/{id}/evolutions", {
    params: { path: { id: "raichu" } },
  });
  assert.equal(response.status, 200);
  assert(data);
  const names = (node: EvolutionNode): string[] => [node.species.name, ...node.evolves_to.flatMap(names)];
  assert.deepEqual(names(data.chain), ["pichu", "pikachu", "raichu"]);
}

async function readsAProblem(): Promise<void> {
  const { data, error, response } = await api.GET("/api/v1/pokemon/{id}", {
    params: { path: { id: "missingno" } },
  });
  assert.equal(response.status, 404);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(data, undefined);
  // The code distinguishes it from a gateway's own refusal, which has only a message.
  assert(error && "code" in error);
  const problem: Problem = error;
  assert.deepEqual([problem.status, problem.code], [404, "not_found"]);
  assert.equal(problem.message, problem.detail);
  assert.equal(problem.request_id, response.headers.get("x-request-id"));
}

let failed = 0;
const checks = [listsWithAQuery, getsOne, getsEvolutions, readsAProblem];
for (const check of checks) {
  try {
    await check();
    console.log(`ok ${check.name}`);
  } catch (error) {
    failed += 1;
    console.error(`not ok ${check.name}:`, error);
  }
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
