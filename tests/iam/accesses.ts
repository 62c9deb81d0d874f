// The requests that functions must be able to make: the recorded accesses in DynamoDB, and the needs of expected.json.
import { assetsArn, bucketArn, DEPLOYMENTS, DISTRIBUTION, functionArn, logStreamArn, ORPHANS, originArn, PICTURE, probeArn, secretArn, tableArn, tagged, topicArn } from "./names.js";
import type { Request } from "./simulator.js";

/** Families of partition keys (`USER#*`) by table and action; `null` if the action applies to the whole table. */
export type Rights = Record<string, Record<string, string[] | null>>;

/** The families of each table. */
export type Families = Map<string, Set<string>>;

/** The functions that have needs beyond DynamoDB. Written by hand, so that a policy cannot grant a secret unnoticed. */
export interface Expected {
  reads_the_signing_keys: string[];
  writes_the_signing_keys: string[];
  invokes_the_writer: string[];
  writes_and_reads_exports: string[];
  deletes_exports: string[];
  stores_pictures: string[];
  deletes_pictures: string[];
  invalidates_the_edge: string[];
  sends_notices: string[];
  verifies_releases: string[];
  has_the_account_of_the_probe: string[];
  depends_on_the_reading_of_leading_keys: string[];
}

export const WRITER = "sync-pokeapi";
/** A family that does not exist. */
export const FOREIGN = "SECRET#*";
/** The actions whose requests name partition keys. */
export const KEYED = [
  "GetItem",
  "BatchGetItem",
  "Query",
  "ConditionCheckItem",
  "PutItem",
  "UpdateItem",
  "DeleteItem",
  "BatchWriteItem",
];

/** Returns a partition key of a family. */
export const keyOf = (family: string) => family.replace("*", "01890a5d-ac96-774b-bcce-b302099a8057");

export const item = (table: string, action: string, families?: string[]): Request => {
  const keys = families?.map(keyOf);
  return { action: `dynamodb:${action}`, resource: tableArn(table), ...(keys && { keys }) };
};

/** Returns a request for each recorded access; `known` are the families of each table. */
export function recorded(rights: Rights, known: Families): Request[] {
  return entries(rights).flatMap(([table, action, families]) => {
    if (families) {
      return families.map((family) => item(table, action, [family]));
    }
    const all = KEYED.includes(action) ? [...(known.get(table) ?? []), FOREIGN] : [];
    return [item(table, action), ...all.map((family) => item(table, action, [family]))];
  });
}

/** Returns the requests of a transaction if IAM evaluates the key of each item by itself. */
export function perItem(transaction: Rights): Request[] {
  return entries(transaction).flatMap(([table, action, families]) => {
    return (families ?? [FOREIGN]).map((family) => item(table, action, [family]));
  });
}

/** Returns the requests of a transaction if IAM evaluates the keys of all items of a table together. */
export function union(transaction: Rights): Request[] {
  return entries(transaction).map(([table, action]) => item(table, action, keysOf(transaction, table)));
}

/** Returns the families of all items of a table in a transaction. */
function keysOf(transaction: Rights, table: string): string[] {
  return [...new Set(Object.values(transaction[table] ?? {}).flatMap((families) => families ?? [FOREIGN]))].sort();
}

/**
 * Returns the rights that TransactionKeys=union adds to `rights`: for each table, the actions of the transactions that `rights` do not
 * cover, on all keys of these transactions.
 */
export function additional(rights: Rights, transactions: Rights[]): Rights {
  const added: Rights = {};
  for (const transaction of transactions) {
    for (const table of Object.keys(transaction)) {
      const actions = Object.keys(transaction[table] ?? {});
      const keys = keysOf(transaction, table);
      const covers = (action: string) => {
        const granted = rights[table]?.[action];
        return granted === null || keys.every((key) => granted?.includes(key));
      };
      if (!actions.every(covers)) {
        const all = Object.entries(added[table] ?? {});
        const families = new Set([...all.flatMap(([, families]) => families ?? []), ...keys]);
        const union = new Set([...all.map(([action]) => action), ...actions]);
        added[table] = Object.fromEntries([...union].map((action) => [action, [...families]]));
      }
    }
  }
  return added;
}

/** Returns the requests of a function to services other than DynamoDB. */
export function needed(name: string, expected: Expected): Request[] {
  const file = `${bucketArn()}/0123456789abcdef.zip`;
  const needs: [string[], string[], string][] = [
    [expected.reads_the_signing_keys, ["secretsmanager:GetSecretValue"], secretArn()],
    [expected.writes_the_signing_keys, ["secretsmanager:PutSecretValue"], secretArn()],
    [expected.invokes_the_writer, ["lambda:InvokeFunction"], functionArn(WRITER, "live")],
    [expected.writes_and_reads_exports, ["s3:PutObject", "s3:GetObject"], file],
    [expected.deletes_exports, ["s3:DeleteObject"], file],
    [[...expected.stores_pictures, ...expected.deletes_pictures], ["s3:ListBucket"], assetsArn()],
    [expected.stores_pictures, ["s3:PutObject"], PICTURE],
    [expected.deletes_pictures, ["s3:DeleteObject"], PICTURE],
    [expected.deletes_pictures, ["s3:GetObject", "s3:PutObject"], ORPHANS],
    [expected.sends_notices, ["sns:Publish"], topicArn()],
    [expected.verifies_releases, ["secretsmanager:GetSecretValue"], originArn()],
    [expected.has_the_account_of_the_probe, ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], probeArn()],
    [expected.verifies_releases, ["codedeploy:GetDeployment"], DEPLOYMENTS],
    [expected.verifies_releases, ["codedeploy:PutLifecycleEventHookExecutionStatus"], "*"],
    // Any version of any function of the environment: a new version has no other name yet.
    ...["get-pokemon", WRITER, "rotate-signing-key", "verify-release"].flatMap((version): [string[], string[], string][] => {
      return ["1", "$LATEST", "live"].map((qualifier) => [expected.verifies_releases, ["lambda:InvokeFunction"], functionArn(version, qualifier)]);
    }),
    [[name], ["logs:CreateLogStream", "logs:PutLogEvents"], logStreamArn(name)],
    [[name], ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"],
  ];
  const invalidation = { action: "cloudfront:CreateInvalidation", resource: DISTRIBUTION, context: tagged() };
  const requests: Request[] = needs
    .filter(([functions]) => functions.includes(name))
    .flatMap(([, actions, resource]) => actions.map((action) => ({ action, resource })));
  return expected.invalidates_the_edge.includes(name) ? [...requests, invalidation] : requests;
}

/** Returns the families of each table in the rights of all functions. */
export function familiesOf(all: Rights[]): Families {
  const known: Families = new Map();
  for (const [table, , families] of all.flatMap(entries)) {
    known.set(table, new Set([...(known.get(table) ?? []), ...(families ?? [])]));
  }
  return known;
}

/** Returns each table, action and list of families. */
export function entries(rights: Rights): [string, string, string[] | null][] {
  return Object.entries(rights).flatMap(([table, actions]) => {
    return Object.entries(actions).map(([action, families]): [string, string, string[] | null] => {
      return [table, action, families];
    });
  });
}
