// A caching proxy in front of the product stores what CloudFront stores: nginx, with the paths and the key of infra/edge.yaml, behind the
// function that prepares each request.
//
// usage: POKEDEX=target/debug/local NGINX=/usr/sbin/nginx node --test tests/edge/cache.test.mjs

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { cached, event, handler, text } from "./edge.mjs";

const LEAST_HITS = 0.8;
const VISITORS = 100;
const ORIGIN = "https://a.example";
const PASSWORD = "pallet town, route 1";

const place = mkdtempSync(join(tmpdir(), "pokedex-cache-"));
const prepare = handler("requests.js");
const processes = [];
let proxy, users;

before(async () => {
  const data = join(place, "data");
  const first = await product(data);
  users = { ash: await register(first.url, "ash"), oak: await register(first.url, "oak") };
  await ended(first.process);
  const granted = spawnSync(process.env.POKEDEX, ["--data", data, "admin", "grant", "oak"], { encoding: "utf8" });
  assert.equal(granted.status, 0, granted.stderr);
  const { url } = await product(data);
  proxy = await nginx(url);
});

after(async () => {
  await Promise.all(processes.map(ended));
  rmSync(place, { recursive: true });
});

// Starts the product on a free port.
async function product(data) {
  const options = ["--data", data, "--port", "0", "--rate-limits", "off"];
  const started = spawn(process.env.POKEDEX, options, { env: { ...process.env, CORS_ORIGINS: ORIGIN }, stdio: ["ignore", "pipe", "inherit"] });
  processes.push(started);
  let output = "";
  return new Promise((resolve, reject) => {
    started.stdout.on("data", (chunk) => {
      output += chunk;
      const ready = /^ready: (\S+)$/m.exec(output);
      if (ready) resolve({ process: started, url: ready[1] });
    });
    started.once("exit", () => reject(new Error(`the product has ended: ${output}`)));
  });
}

function ended(started) {
  if (started.exitCode !== null || started.signalCode !== null) return Promise.resolve();
  started.kill("SIGTERM");
  return new Promise((resolve) => started.once("exit", resolve));
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function nginx(origin) {
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${place}/${name};`).join(" ");
  const stored = cached().map((path) => `
    location ~ ${path.replaceAll("\\/", "/")} {
      proxy_pass ${origin};
      proxy_cache stored;
      proxy_cache_key "$request_uri|$http_authorization|$http_origin";
      proxy_cache_revalidate on;
      add_header X-Cache $upstream_cache_status always;
    }`).join("");
  mkdirSync(join(place, "stored"));
  writeFileSync(join(place, "nginx.conf"), `
daemon off; master_process off; pid ${place}/nginx.pid; error_log stderr error;
events {}
http {
  access_log off; ${temporary}
  proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_cache_path ${place}/stored keys_zone=stored:4m max_size=256m inactive=1d use_temp_path=off;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass ${origin}; }
${stored}
  }
}`);
  processes.push(spawn(process.env.NGINX, ["-c", join(place, "nginx.conf"), "-e", "stderr"], { stdio: ["ignore", "ignore", "inherit"] }));
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await fetch(`${url}/api/v1/health`).then((answer) => answer.ok, () => false)) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nginx does not serve");
}

// Sends a request as CloudFront would pass it on.
async function send(path, { method = "GET", query = [], headers = {}, body } = {}) {
  const all = { host: "pokedex.example", ...headers };
  const prepared = prepare(event({ method, path, query, headers: all }));
  const sent = text(prepared.querystring);
  return fetch(`${proxy}${prepared.uri}${sent && `?${sent}`}`, { method, headers: { ...headers, ...(body && { "content-type": "application/json" }) }, body: body && JSON.stringify(body) });
}

async function register(url, username) {
  const user = { username, email: `${username}@example.com`, password: PASSWORD };
  const answer = await fetch(`${url}/api/v1/auth/register`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(user) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

const bearer = (user) => ({ authorization: `Bearer ${user.access_token}` });
const state = (answer) => answer.headers.get("x-cache");

// Removes everything that is stored, as an invalidation of /api/* does.
function invalidate() {
  for (const name of readdirSync(join(place, "stored"))) rmSync(join(place, "stored", name), { recursive: true });
}

function bodies() {
  return readdirSync(join(place, "stored")).map((name) => readFileSync(join(place, "stored", name), "latin1").split("\r\n\r\n").slice(1).join()).join();
}

// Numbers from 0 to 1 that are the same in each run.
function numbers(seed) {
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
}

// The requests of one visitor: the dex with filters and search, some Pokémon with everything that their page shows, and back.
function visit(random) {
  const TYPES = ["fire", "water", "grass", "electric", "dragon"];
  const one = (list) => list[Math.floor(random() * list.length)];
  // A few Pokémon are looked at more often than all others.
  const popular = () => 1 + Math.floor(151 * random() ** 3);
  const campaign = [["utm_source", one(["mail", "search", "forum"])], ["fbclid", String(Math.floor(random() * 1e9))]];
  const requests = [
    ["/api/v1/pokemon", [["page", "1"], ["per_page", "40"], ...campaign]],
    ["/api/v1/pokemon/types", campaign], ["/api/v1/pokemon/generations", []],
    ["/api/v1/pokemon", [["per_page", "40"], ["page", "2"]]],
  ];
  const type = one(TYPES);
  requests.push(["/api/v1/pokemon", [["type", type], ["page", "1"], ["per_page", "40"]]], [`/api/v1/types/${type}`, []]);
  const typed = one(["pikachu", "eevee", "charizard", "mewtwo"]);
  for (let letters = 3; letters <= 5; letters += 1) requests.push(["/api/v1/pokemon", [["search", typed.slice(0, letters)], ["per_page", "40"]]]);
  requests.push(["/api/v1/pokemon", [["order", "desc"], ["sort", "total"], ["per_page", "40"]]]);
  for (let page = 0; page < 6; page += 1) {
    const id = popular();
    requests.push([`/api/v1/pokemon/${id}`, [["include", "moves,forms"]]], [`/api/v1/pokemon/${id}/evolutions`, []]);
  }
  requests.push([`/api/v1/pokemon/${popular()}`, []], [`/api/v1/pokemon/${popular()}`, []], ["/api/v1/pokemon", [["per_page", "40"], ["page", "1"]]]);
  return requests;
}

test(`at least ${LEAST_HITS * 100} % of the catalogue reads of ${VISITORS} visitors are stored`, async (context) => {
  const random = numbers(7);
  const counts = {};
  for (let visitor = 0; visitor < VISITORS; visitor += 1) {
    for (const [path, query] of visit(random)) {
      const answer = await send(path, { query });
      assert.equal(answer.status, 200, `${path} ${query}`);
      await answer.arrayBuffer();
      counts[state(answer)] = (counts[state(answer)] ?? 0) + 1;
    }
  }
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  context.diagnostic(`${all} catalogue reads: ${JSON.stringify(counts)}, ${((100 * counts.HIT) / all).toFixed(1)} % hits`);
  assert.ok(counts.HIT / all >= LEAST_HITS);
});

test("a stored response is the one of the API, and answers a conditional request", async () => {
  const path = "/api/v1/pokemon/25";
  const first = await send(path);
  const second = await send(path);
  assert.equal(state(second), "HIT");
  assert.deepEqual(await second.json(), await first.json());
  for (const name of ["etag", "cache-control", "content-type", "x-api-version", "x-content-type-options"]) {
    assert.equal(second.headers.get(name), first.headers.get(name), name);
  }
  const fresh = await send(path, { headers: { "if-none-match": first.headers.get("etag") } });
  assert.deepEqual([fresh.status, state(fresh), fresh.headers.get("etag")], [304, "HIT", first.headers.get("etag")]);
});

test("the origin of a page divides the stored responses", async () => {
  const path = "/api/v1/pokemon/4";
  const allowed = async (headers) => (await send(path, { headers })).headers.get("access-control-allow-origin");
  for (let round = 0; round < 2; round += 1) {
    assert.equal(await allowed({ origin: ORIGIN }), ORIGIN);
    assert.equal(await allowed({}), null);
    assert.equal(await allowed({ origin: "https://b.example" }), null);
  }
});

test("no response to a user is stored, and no user receives the response to another", async () => {
  const { ash, oak } = users;
  const list = { query: [["sort", "favorites"]] };
  await send(`/api/v1/users/${ash.user.id}/favorites`, { method: "POST", headers: bearer(ash), body: { pokemon_id: 150 } });
  for (let round = 0; round < 2; round += 1) {
    for (const path of ["/api/v1/auth/profile", "/api/v1/auth/sessions", `/api/v1/users/${ash.user.id}/favorites`]) {
      const answer = await send(path, { headers: bearer(ash) });
      assert.deepEqual([answer.status, state(answer), answer.headers.get("cache-control")], [200, null, "private, no-store"], path);
    }
    const mine = await send("/api/v1/pokemon", { ...list, headers: bearer(ash) });
    assert.deepEqual([mine.status, state(mine)], [200, "MISS"]);
    assert.equal((await mine.json()).pokemon[0].id, 150);
    const theirs = await send("/api/v1/pokemon", { ...list, headers: bearer(oak) });
    assert.deepEqual([theirs.status, state(theirs)], [200, "MISS"]);
    assert.notEqual((await theirs.json()).pokemon[0].id, 150);
    const everybodys = await send("/api/v1/pokemon", list);
    assert.equal((await everybodys.json()).pokemon[0].id, 1);
  }
  const stored = bodies();
  for (const secret of ["ash@example.com", ash.user.id, ash.refresh_token]) assert.ok(!stored.includes(secret), secret);
});

test("a hidden Pokémon is gone under every address once the edge has forgotten the catalogue", async () => {
  const addresses = [
    ["/api/v1/pokemon/1", []], ["/api/v1/pokemon/bulbasaur", []], ["/api/v1/pokemon/BULBASAUR", []],
    ["/api/v1/pokemon/1", [["include", "moves,forms"]]], ["/api/v1/pokemon/1/evolutions", []],
  ];
  const rows = async () => (await (await send("/api/v1/pokemon", { query: [["per_page", "1"]] })).json()).pokemon.map((row) => row.id);
  for (const [path, query] of addresses) assert.equal((await send(path, { query })).status, 200, path);
  assert.deepEqual(await rows(), [1]);
  const hidden = await send("/api/v1/pokemon/1", { method: "DELETE", headers: bearer(users.oak) });
  assert.equal(hidden.status, 200, await hidden.text());
  for (const [path, query] of addresses) assert.equal(state(await send(path, { query })), "HIT", path);
  invalidate();
  for (const [path, query] of addresses) assert.equal((await send(path, { query })).status, 404, `${path} ${query}`);
  assert.deepEqual(await rows(), [2]);
});
