// Decides as IAM would whether policies allow a request.
import { createValidatedPolicy, validateIdentityPolicy } from "@cloud-copilot/iam-policy";
import { runSimulation } from "@cloud-copilot/iam-simulate";

import { ACCOUNT, global, type Policy } from "./template.js";

export interface Request {
  action: string;
  resource: string;
  /** The partition keys of the request, `dynamodb:LeadingKeys`; absent for a request that names no key. */
  keys?: string[];
  /** Other facts about the request, by the names of IAM. */
  context?: Record<string, string>;
}

type Decide = (request: Request) => Promise<boolean>;

const LEADING_KEYS = "dynamodb:LeadingKeys";

/** A key of KMS refuses every identity unless its own policy delegates to IAM, as the policy of a new key does. */
const KEY_POLICY = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: global("root") }, Action: "kms:*", Resource: "*" }],
};

/** A policy that allows everything. */
export const EVERYTHING: Policy = {
  name: "everything",
  document: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
};

/** Returns a function that decides whether these policies of the role `name` allow a request. */
export function decider(name: string, policies: Policy[]): Decide {
  const identityPolicies = policies.map(({ name, document }) => {
    return { name, policy: createValidatedPolicy(document, validateIdentityPolicy) };
  });
  return async (request) => {
    const { action, resource, keys, context } = request;
    const result = await runSimulation(
      {
        request: {
          principal: global(`role/${name}`),
          action,
          resource: { resource, accountId: ACCOUNT },
          contextVariables: { ...context, ...(keys && { [LEADING_KEYS]: keys }) },
        },
        identityPolicies,
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy: action.startsWith("kms:") ? KEY_POLICY : undefined,
      },
      {},
    );
    if (result.resultType === "error") {
      throw new Error(`${name}: ${described(request)}: ${JSON.stringify(result.errors)}`);
    }
    if (result.resultType === "single" && result.result.ignoredContextKeys?.length) {
      throw new Error(`the simulator does not know ${LEADING_KEYS} for ${action}`);
    }
    return result.overallResult === "Allowed";
  };
}

/** Checks the property of the simulator on which every condition on keys depends. */
export async function checkTheSimulator(): Promise<void> {
  const request = { action: "dynamodb:GetItem", resource: `arn:aws:dynamodb:eu-central-1:${ACCOUNT}:table/table` };
  const decide = (condition: object) => {
    const statement = { Effect: "Allow", Action: request.action, Resource: request.resource, Condition: { ...condition } };
    return decider("self-test", [{ name: "self-test", document: { Version: "2012-10-17", Statement: [statement] } }]);
  };
  const like = { "ForAllValues:StringLike": { [LEADING_KEYS]: ["USER#*"] } };
  const present = { Null: { [LEADING_KEYS]: "false" } };
  const decisions: [string, boolean, Promise<boolean>][] = [
    ["ForAllValues holds without a key", true, decide(like)(request)],
    ["Null: false refuses a request without a key", false, decide({ ...like, ...present })(request)],
    ["a key of the family is allowed", true, decide({ ...like, ...present })({ ...request, keys: ["USER#1"] })],
    ["one key of another family is refused", false, decide({ ...like, ...present })({ ...request, keys: ["USER#1", "USERS"] })],
  ];
  for (const [rule, expected, decision] of decisions) {
    if ((await decision) !== expected) {
      throw new Error(`the simulator differs from IAM: ${rule}`);
    }
  }
}

export function described({ action, resource, keys }: Request): string {
  return `${action} on ${resource}, ${keys ? `keys ${keys.join(" and ")}` : "no keys"}`;
}
