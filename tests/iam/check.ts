// Simulates IAM's decisions about the role of every function: the role must allow each recorded access and refuse each dangerous
// request.
//
// AWS does not document whether `dynamodb:LeadingKeys` holds the key of one item of a transaction, or the keys of all its items in the
// table. The roles are checked for both readings, with both values of the template's parameter TransactionKeys.
//
// usage: check.js TEMPLATE… (transformed, in JSON)
import { readFileSync } from "node:fs";

import { additional, familiesOf, needed, perItem, recorded, union, type Expected, type Rights } from "./accesses.js";
import { dangers } from "./dangers.js";
import { PARAMETERS } from "./names.js";
import { checkTheSimulator, decider, described, EVERYTHING, type Request } from "./simulator.js";
import { roles, type Fields, type Policy, type Role } from "./template.js";

/** IAM's limit for all inline policies of a role together. */
const MOST_CHARACTERS = 10_240;
/** The number of wrong decisions that are listed: a widened policy causes hundreds. */
const MOST_LINES = 300;

const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const accesses: Record<string, Rights> = read("../../infra/accesses.json");
const transactions: Record<string, Rights[]> = read("../../infra/transactions.json");
const expected: Expected = read("expected.json");
const templates: Fields[] = process.argv.slice(2).map(read);
const known = familiesOf(Object.values(accesses));

const wrong: string[] = [];
const dangerous = new Map<string, Request>();
const counts = { allowed: 0, denied: 0, all: 0 };

/** Returns the `requests` that the policies of a role do not decide as expected. */
async function differing(name: string, policies: Policy[], requests: Request[], isAllowed: boolean): Promise<Request[]> {
  const decide = decider(name, policies);
  const wrong = [];
  for (const request of requests) {
    counts.all += 1;
    if ((await decide(request)) !== isAllowed) {
      wrong.push(request);
    }
  }
  return wrong;
}

function distinct(requests: Request[]): Request[] {
  return [...new Map(requests.map((request) => [described(request), request])).values()];
}

const accessesOf = (name: string) =>
  distinct([
    ...recorded(accesses[name] ?? {}, known),
    ...needed(name, expected),
    ...(transactions[name] ?? []).flatMap(perItem),
  ]);
const unionsOf = (name: string) => distinct((transactions[name] ?? []).flatMap(union));

/** Reports the `requests` whose decision is wrong. */
function report(name: string, requests: Request[], expected: "allowed" | "denied", keys: string): void {
  const got = expected === "allowed" ? "denied" : "allowed";
  for (const request of requests) {
    wrong.push(`${name}: ${described(request)}: expected ${expected}, got ${got} (TransactionKeys=${keys})`);
  }
}

async function checkAllowed({ function: name, policies }: Role, requests: Request[], keys: string): Promise<void> {
  const denied = await differing(name, policies, requests, true);
  counts.allowed += requests.length - denied.length;
  report(name, denied, "allowed", keys);
}

/** Checks that the role allows no dangerous request, except the `permitted` ones. */
async function checkDenied({ function: name, policies }: Role, permitted: Request[], keys: string): Promise<void> {
  const granted = new Set(permitted.map(described));
  const all = distinct(dangers(name, accesses[name] ?? {}, known));
  const requests = all.filter((request) => !granted.has(described(request)));
  requests.forEach((request) => dangerous.set(described(request), request));
  const allowed = await differing(name, policies, requests, false);
  counts.denied += requests.length - allowed.length;
  report(name, allowed, "denied", keys);
}

/** Checks the roles as they are if IAM evaluates each item. Returns the functions whose transactions it would deny otherwise. */
async function checkPerItem(all: Role[]): Promise<string[]> {
  const dependent = [];
  for (const role of all) {
    const requests = accessesOf(role.function);
    await checkAllowed(role, requests, "per-item");
    await checkDenied(role, requests, "per-item");
    const denied = await differing(role.function, role.policies, unionsOf(role.function), true);
    if (denied.length > 0) {
      dependent.push(role.function);
    }
  }
  return dependent.sort();
}

/** Checks the roles as they are if IAM evaluates all keys together; `former` are the roles of the other reading. */
async function checkUnion(all: Role[], former: Role[]): Promise<void> {
  for (const [nth, role] of all.entries()) {
    const requests = distinct([...accessesOf(role.function), ...unionsOf(role.function)]);
    await checkAllowed(role, requests, "union");
    // Equal policies refuse the same requests.
    if (JSON.stringify(role.policies) !== JSON.stringify(former[nth]?.policies)) {
      const more = additional(accesses[role.function] ?? {}, transactions[role.function] ?? []);
      await checkDenied(role, [...requests, ...recorded(more, known)], "union");
    }
  }
}

/** Checks that the lists name functions of the templates, and that every function was recorded. */
function checkNames(names: string[]): void {
  const lists = { accesses: Object.keys(accesses), transactions: Object.keys(transactions), ...expected };
  for (const name of names.filter((name) => !lists.accesses.includes(name))) {
    wrong.push(`${name}: infra/accesses.json does not list this function`);
  }
  for (const [list, listed] of Object.entries<string[]>(lists)) {
    for (const name of listed.filter((name) => !names.includes(name))) {
      wrong.push(`${name}: ${list} lists it, but the templates have no such function`);
    }
  }
}

/** Checks that the functions that depend on the reading of LeadingKeys are the listed ones. */
function checkDependent(dependent: string[]): void {
  const listed = expected.depends_on_the_reading_of_leading_keys;
  for (const name of dependent.filter((name) => !listed.includes(name))) {
    wrong.push(`${name}: depends on the reading of LeadingKeys, but expected.json does not list it`);
  }
  for (const name of listed.filter((name) => !dependent.includes(name))) {
    wrong.push(`${name}: expected.json lists it, but it does not depend on the reading of LeadingKeys`);
  }
}

function checkSizes(all: Role[]): void {
  for (const { function: name, inlineSize } of all.filter(({ inlineSize }) => inlineSize > MOST_CHARACTERS)) {
    wrong.push(`${name}: its inline policies have ${inlineSize} characters, IAM accepts ${MOST_CHARACTERS}`);
  }
}

const number = (value: number) => value.toLocaleString("en-US");

await checkTheSimulator();
const rolesWith = (keys: string) => roles(templates, { ...PARAMETERS, TransactionKeys: keys });
const [perItemRoles, unionRoles] = [rolesWith("per-item"), rolesWith("union")];
if (perItemRoles.length === 0) {
  throw new Error("the templates have no functions");
}
checkNames(perItemRoles.map((role) => role.function));
checkSizes(unionRoles);
const dependent = await checkPerItem(perItemRoles);
checkDependent(dependent);
await checkUnion(unionRoles, perItemRoles);
// A refusal proves something only if a wider policy would allow the request.
const refused = await differing("everything", [EVERYTHING], [...dangerous.values()], true);
wrong.push(...refused.map((request) => `${described(request)}: even a policy that allows everything refuses it`));

wrong.slice(0, MOST_LINES).forEach((line) => console.error(line));
if (wrong.length > 0) {
  const rest = wrong.length > MOST_LINES ? `, of which the first ${MOST_LINES} are listed` : "";
  console.error(`iam-simulate: errors: ${number(wrong.length)}${rest}`);
  process.exitCode = 1;
}
const actions = new Set([...dangerous.values()].map(({ action }) => action));
const longest = Math.max(...unionRoles.map((role) => role.inlineSize));
console.log(
  `iam-simulate: ${number(counts.allowed)} accesses allowed, ${number(counts.denied)} dangerous actions denied, ` +
    `${dependent.length} roles depend on the reading of LeadingKeys: ${dependent.join(", ")}`,
);
console.log(
  `iam-simulate: ${number(counts.all)} evaluations, ${perItemRoles.length} roles, ${actions.size} names of dangerous actions; ` +
    `the longest inline policies have ${number(longest)} of ${number(MOST_CHARACTERS)} characters`,
);
