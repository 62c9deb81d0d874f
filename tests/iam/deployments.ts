// Simulates IAM's decisions about the rights of deployments: CloudFormation's role, the roles of the workflows, and the boundary. Each must
// allow its work, and refuse what would reach another environment, or give a deployment more rights.
//
// usage: deployments.js DEPLOYER WORKFLOWS (transformed, in JSON)
import { readFileSync } from "node:fs";

import { checkTheSimulator, decider, described, EVERYTHING, type Request } from "./simulator.js";
import { ACCOUNT, arn, global, PARTITION, REGION, rights, type Fields, type Policy } from "./template.js";

type Environment = "staging" | "prod" | "feature";

const templates: Fields[] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));

/** Returns the policies of an environment by the logical ids of the templates. */
function policiesOf(environment: Environment): Map<string, Policy[]> {
  const names = environment === "feature" ? "f-*" : environment;
  const parameters = { Environment: environment, Names: names, Repository: "owner/repository" };
  return new Map(templates.flatMap((template) => [...rights(template, parameters)]));
}

const ALL = { staging: policiesOf("staging"), prod: policiesOf("prod"), feature: policiesOf("feature") };

const boundary = (environment: Environment) => global(`policy/pokedex-boundary-${environment}`);
const role = (name: string) => global(`role/pokedex-${name}`);
const lambda = (name: string) => arn("lambda", `function:pokedex-${name}`);
const table = (name: string) => arn("dynamodb", `table/pokedex-${name}`);
const stack = (name: string) => arn("cloudformation", `stack/pokedex-${name}/01234567-89ab-cdef-0123-456789abcdef`);
/** A resource in the region of the edge's metrics. */
const atEdge = (service: string, resource: string) => `arn:${PARTITION}:${service}:us-east-1:${ACCOUNT}:${resource}`;
/** A resource in the second region, which has the replicas. */
const atSecond = (service: string, resource: string) => `arn:${PARTITION}:${service}:eu-west-1:${ACCOUNT}:${resource}`;
/** A resource of the same name in another account. */
const ofStranger = (name: string) => name.replace(ACCOUNT, "210987654321");
const stackAtEdge = (name: string) => atEdge("cloudformation", `stack/pokedex-${name}/01234567-89ab-cdef-0123-456789abcdef`);
const secret = (name: string) => arn("secretsmanager", `secret:pokedex-${name}-Ab12Cd`);
const artifact = (key: string) => `arn:${PARTITION}:s3:::pokedex-artifacts-${ACCOUNT}-${REGION}/${key}`;
const bounded = (environment: Environment) => ({ "iam:PermissionsBoundary": boundary(environment) });
const passedTo = (service: string) => ({ "iam:PassedToService": `${service}.amazonaws.com` });
const exports = (environment: string) => arn("scheduler", `schedule/pokedex-${environment}-backups/export-accounts`);
const vault = (name: string) => `backup-vault:pokedex-${name}`;
const BILL = `arn:${PARTITION}:billing::${ACCOUNT}:billingview/primary`;
const ADMINISTRATOR = `arn:${PARTITION}:iam::aws:policy/AdministratorAccess`;
const TEMPLATE = `https://pokedex-artifacts-${ACCOUNT}-${REGION}.s3.${REGION}.amazonaws.com/templates/0.json`;
const proposal = (environment: Environment, url = TEMPLATE) => ({
  "cloudformation:RoleArn": role(`cloudformation-${environment}`),
  "cloudformation:TemplateUrl": url,
});

const request = (action: string, resource: string, context?: Record<string, string>): Request => ({
  action,
  resource,
  ...(context && { context }),
});

/** The requests that a role must allow, and those that it must refuse. */
interface Check {
  environment: Environment;
  role: "Boundary" | "CloudFormationRole" | "DeployRole" | "OperateRole" | "WatchPolicy" | "EdgePolicy" | "RecoveryPolicy";
  allowed: Request[];
  denied: Request[];
}

const CHECKS: Check[] = [
  {
    environment: "staging",
    role: "CloudFormationRole",
    allowed: [
      request("iam:CreateRole", role("staging-GetPokemonRole-1"), bounded("staging")),
      request("iam:PutRolePolicy", role("staging-GetPokemonRole-1"), bounded("staging")),
      request("iam:AttachRolePolicy", role("staging-GetPokemonRole-1"), {
        ...bounded("staging"),
        "iam:PolicyARN": global("policy/pokedex-staging-TracingPolicy-1"),
      }),
      request("iam:PassRole", role("staging-GetPokemonRole-1"), passedTo("lambda")),
      request("lambda:UpdateFunctionCode", lambda("staging-get-move")),
      request("scheduler:CreateSchedule", arn("scheduler", "schedule/pokedex-staging/pokedex-staging-jobs-1")),
      request("codedeploy:CreateDeployment", arn("codedeploy", "deploymentgroup:pokedex-staging-1/pokedex-staging-2")),
      request("dynamodb:CreateTable", table("staging-app")),
    ],
    denied: [
      // Without the boundary, or with another one.
      request("iam:CreateRole", role("staging-GetPokemonRole-1")),
      request("iam:CreateRole", role("staging-GetPokemonRole-1"), { "iam:PermissionsBoundary": ADMINISTRATOR }),
      request("iam:CreateRole", role("staging-GetPokemonRole-1"), bounded("prod")),
      request("iam:AttachRolePolicy", role("staging-GetPokemonRole-1"), {
        ...bounded("staging"),
        "iam:PolicyARN": ADMINISTRATOR,
      }),
      request("iam:DeleteRolePermissionsBoundary", role("staging-GetPokemonRole-1"), bounded("staging")),
      // Its own rights, and those of workflows.
      request("iam:CreatePolicyVersion", boundary("staging")),
      request("iam:PutRolePolicy", role("cloudformation-staging"), bounded("staging")),
      request("iam:PutRolePolicy", role("deploy-staging"), bounded("staging")),
      request("iam:UpdateAssumeRolePolicy", role("deploy-staging")),
      request("iam:PassRole", role("deploy-staging"), passedTo("lambda")),
      request("iam:PassRole", role("staging-GetPokemonRole-1"), passedTo("ec2")),
      // Another environment.
      request("iam:CreateRole", role("prod-GetPokemonRole-1"), bounded("staging")),
      request("lambda:UpdateFunctionCode", lambda("prod-get-move")),
      // Data of users.
      request("dynamodb:DeleteTable", table("staging-app")),
      request("secretsmanager:DeleteSecret", secret("staging-signing-keys")),
      request("secretsmanager:GetSecretValue", secret("staging-signing-keys")),
    ],
  },
  {
    environment: "staging",
    role: "WatchPolicy",
    allowed: [
      request("cloudwatch:PutMetricAlarm", atEdge("cloudwatch", "alarm:pokedex-staging-edge-errors")),
      request("cloudwatch:DeleteAlarms", atEdge("cloudwatch", "alarm:pokedex-staging-edge-outage")),
      request("sns:CreateTopic", atEdge("sns", "pokedex-staging-global-critical")),
      request("sns:SetTopicAttributes", atEdge("sns", "pokedex-staging-global-warnings")),
      request("route53:CreateHealthCheck", "*"),
      request("route53:UpdateHealthCheck", `arn:${PARTITION}:route53:::healthcheck/01234567-89ab-cdef-0123-456789abcdef`),
    ],
    denied: [
      request("cloudwatch:PutMetricAlarm", atEdge("cloudwatch", "alarm:pokedex-prod-edge-errors")),
      request("sns:CreateTopic", atEdge("sns", "pokedex-prod-global-critical")),
      request("sns:Publish", atEdge("sns", "pokedex-staging-global-critical")),
      request("route53:ChangeResourceRecordSets", `arn:${PARTITION}:route53:::hostedzone/Z0123456789`),
    ],
  },
  {
    environment: "staging",
    role: "EdgePolicy",
    allowed: ["Create", "Get", "Delete"].map((what) => request(`cloudfront:${what}MonitoringSubscription`, "*")),
    denied: [request("route53:CreateHealthCheck", "*")],
  },
  {
    environment: "staging",
    role: "RecoveryPolicy",
    allowed: [
      request("scheduler:CreateSchedule", exports("staging")),
      request("scheduler:CreateScheduleGroup", arn("scheduler", "schedule-group/pokedex-staging-backups")),
      request("backup:CreateBackupVault", arn("backup", vault("staging"))),
      request("backup:CreateBackupVault", atSecond("backup", vault("staging"))),
      request("backup:CreateBackupSelection", arn("backup", "backup-plan:01234567"), { "aws:ResourceTag/env": "staging" }),
      request("dynamodb:CreateTable", atSecond("dynamodb", "table/pokedex-staging-app")),
      request("dynamodb:CreateTableReplica", table("staging-app")),
      request("secretsmanager:ReplicateSecretToRegions", secret("staging-signing-keys")),
      request("secretsmanager:CreateSecret", atSecond("secretsmanager", "secret:pokedex-staging-signing-keys-Ab12Cd")),
      request("sns:CreateTopic", atSecond("sns", "pokedex-staging-notices")),
      request("kms:GenerateDataKey", arn("kms", "key/01234567"), { "kms:ViaService": `backup.${REGION}.amazonaws.com` }),
    ],
    denied: [
      // Another environment.
      request("scheduler:CreateSchedule", exports("prod")),
      request("backup:CreateBackupVault", arn("backup", vault("prod"))),
      request("backup:UpdateBackupPlan", arn("backup", "backup-plan:01234567"), { "aws:ResourceTag/env": "prod" }),
      request("dynamodb:CreateTable", atSecond("dynamodb", "table/pokedex-prod-app")),
      request("dynamodb:GetItem", table("prod-app")),
      request("secretsmanager:ReplicateSecretToRegions", secret("prod-signing-keys")),
      // Another account.
      request("scheduler:CreateSchedule", ofStranger(exports("staging"))),
      request("dynamodb:CreateTable", ofStranger(atSecond("dynamodb", "table/pokedex-staging-app"))),
      request("backup:CreateBackupVault", ofStranger(arn("backup", vault("staging")))),
      // The schedules of the jobs, the copies themselves, and keys without the service of backups.
      request("scheduler:CreateSchedule", arn("scheduler", "schedule/pokedex-staging/pokedex-staging-jobs-1")),
      request("backup:DeleteBackupVault", arn("backup", vault("staging"))),
      request("backup:DeleteRecoveryPoint", arn("backup", "recovery-point:01234567")),
      request("dynamodb:DeleteTable", table("staging-app")),
      request("kms:Decrypt", arn("kms", "key/01234567")),
    ],
  },
  {
    environment: "feature",
    role: "CloudFormationRole",
    allowed: [
      request("iam:CreateRole", role("f-pr12-admin-ListUsersRole-1"), bounded("feature")),
      request("dynamodb:DeleteTable", table("f-pr12-app")),
      request("scheduler:CreateScheduleGroup", arn("scheduler", "schedule-group/pokedex-f-pr12")),
    ],
    denied: [
      request("iam:CreateRole", role("prod-GetPokemonRole-1"), bounded("feature")),
      request("iam:CreatePolicyVersion", boundary("feature")),
      request("dynamodb:DeleteTable", table("prod-app")),
      request("lambda:UpdateFunctionCode", lambda("staging-get-move")),
    ],
  },
  {
    environment: "staging",
    role: "DeployRole",
    allowed: [
      ...["staging", "staging-data", "staging-jobs"].map((name) =>
        request("cloudformation:CreateChangeSet", stack(name), proposal("staging")),
      ),
      ...["staging-edge-logs", "staging-watch-global"].map((name) =>
        request("cloudformation:CreateChangeSet", stackAtEdge(name), proposal("staging")),
      ),
      request("sns:ListSubscriptionsByTopic", atEdge("sns", "pokedex-staging-global-critical")),
      request("cloudformation:DescribeStacks", stack("deployer-staging")),
      request("cloudformation:DeleteStack", stack("staging-jobs")),
      request("iam:PassRole", role("cloudformation-staging"), passedTo("cloudformation")),
      request("s3:PutObject", artifact("programs/0.zip")),
      request("s3:PutObject", artifact("bundles/0.json")),
      request("s3:PutObject", artifact("releases/staging/0.json")),
      request("secretsmanager:GetSecretValue", secret("staging-origin-verify")),
      request("lambda:InvokeFunction", lambda("staging-rotate-signing-key:live")),
      request("lambda:InvokeFunction", lambda("staging-verify-release:live")),
      request("lambda:InvokeFunction", lambda("staging-migrate-accounts:live")),
      request("sns:Publish", arn("sns", "pokedex-staging-notices")),
      { ...request("dynamodb:Query", table("staging-app")), keys: ["OVERRIDES"] },
      { ...request("dynamodb:GetItem", table("staging-app")), keys: ["SCHEMA"] },
      request("dynamodb:DescribeTable", table("staging-app")),
    ],
    denied: [
      request("cloudformation:CreateChangeSet", stack("staging"), { "cloudformation:TemplateUrl": TEMPLATE }),
      request("cloudformation:CreateChangeSet", stack("staging"), proposal("staging", "https://bucket.s3.amazonaws.com/0.json")),
      request("cloudformation:CreateChangeSet", stack("prod"), proposal("staging")),
      request("cloudformation:CreateChangeSet", stack("deployer-staging"), proposal("staging")),
      request("cloudformation:CreateChangeSet", stackAtEdge("prod-watch-global"), proposal("staging")),
      request("cloudformation:CreateChangeSet", stackAtEdge("deployer-staging"), proposal("staging")),
      request("cloudformation:DeleteStack", stack("staging-data")),
      request("iam:PassRole", role("cloudformation-prod"), passedTo("cloudformation")),
      request("iam:PassRole", role("cloudformation-staging"), passedTo("lambda")),
      request("iam:CreateRole", role("staging-GetPokemonRole-1"), bounded("staging")),
      request("s3:PutObject", artifact("releases/prod/0.json")),
      request("sns:Publish", arn("sns", "pokedex-prod-notices")),
      request("secretsmanager:GetSecretValue", secret("staging-signing-keys")),
      request("lambda:InvokeFunction", lambda("staging-delete-user:live")),
      { ...request("dynamodb:Query", table("staging-app")), keys: ["USER#1"] },
      request("dynamodb:Query", table("staging-app")),
    ],
  },
  {
    environment: "prod",
    role: "DeployRole",
    allowed: [
      request("s3:GetObject", artifact("releases/staging/0.json")),
      request("s3:PutObject", artifact("releases/prod/0.json")),
      request("s3:PutObject", artifact("templates/0.json")),
    ],
    denied: [
      // Prod runs what staging has run.
      ...["programs/0.zip", "bundles/0.json", "releases/staging/0.json"].map((name) => request("s3:PutObject", artifact(name))),
      request("cloudformation:DescribeStacks", stack("staging-data")),
    ],
  },
  {
    environment: "feature",
    role: "DeployRole",
    allowed: [
      request("cloudformation:DeleteStack", stack("f-pr12-data")),
      request("cloudformation:DescribeStacks", stack("f-pr12")),
      request("s3:PutObject", artifact("bundles/0.json")),
      request("s3:PutObject", artifact("releases/f-pr12/0.json")),
    ],
    denied: [
      request("cloudformation:DeleteStack", stack("prod-data")),
      request("cloudformation:CreateChangeSet", stack("staging"), proposal("feature")),
      request("s3:PutObject", artifact("releases/prod/0.json")),
    ],
  },
  {
    environment: "prod",
    role: "OperateRole",
    allowed: [
      request("lambda:UpdateAlias", lambda("prod-get-move")),
      request("s3:PutObject", artifact("releases/prod/0.json")),
      request("cloudformation:DetectStackDrift", stack("prod-data")),
      request("cloudformation:DetectStackDrift", stackAtEdge("prod-watch-global")),
      request("route53:GetHealthCheck", `arn:${PARTITION}:route53:::healthcheck/01234567-89ab-cdef-0123-456789abcdef`),
      request("cloudwatch:ListTagsForResource", atEdge("cloudwatch", "alarm:pokedex-prod-unreachable")),
      request("cloudfront:GetMonitoringSubscription", "*"),
      request("lambda:InvokeFunction", lambda("prod-migrate-accounts:live")),
      request("dynamodb:CreateBackup", table("prod-app")),
      { ...request("dynamodb:GetItem", table("prod-app")), keys: ["SCHEMA"] },
      request("sns:Publish", arn("sns", "pokedex-prod-notices")),
      request("dynamodb:DescribeBackup", `${table("prod-app")}/backup/01`),
      request("dynamodb:DeleteTable", table("prod-drill-20261129T011500Z")),
      request("dynamodb:ListTables", "*"),
      request("iam:GetRole", role("prod-GetMoveRole-1")),
      request("ce:GetCostAndUsage", BILL),
    ],
    denied: [
      request("lambda:UpdateAlias", lambda("staging-get-move")),
      request("lambda:UpdateFunctionCode", lambda("prod-get-move")),
      request("lambda:DeleteFunction", lambda("prod-get-move")),
      request("lambda:InvokeFunction", lambda("prod-delete-user:live")),
      request("dynamodb:CreateBackup", table("staging-app")),
      request("dynamodb:DeleteBackup", `${table("prod-app")}/backup/01`),
      request("dynamodb:DeleteTable", table("prod-app")),
      request("cloudformation:CreateChangeSet", stack("prod"), proposal("prod")),
      request("route53:DeleteHealthCheck", `arn:${PARTITION}:route53:::healthcheck/01234567-89ab-cdef-0123-456789abcdef`),
      request("secretsmanager:GetSecretValue", secret("prod-signing-keys")),
      request("dynamodb:GetItem", table("prod-app")),
    ],
  },
  {
    environment: "staging",
    role: "OperateRole",
    allowed: [request("lambda:UpdateAlias", lambda("staging-get-move"))],
    denied: [request("ce:GetCostAndUsage", BILL), request("lambda:UpdateAlias", lambda("prod-get-move"))],
  },
  {
    environment: "prod",
    role: "Boundary",
    allowed: [
      request("dynamodb:PutItem", table("prod-app")),
      request("secretsmanager:GetSecretValue", secret("prod-signing-keys")),
      request("lambda:InvokeFunction", lambda("prod-sync-pokeapi")),
    ],
    denied: [
      request("dynamodb:PutItem", table("staging-app")),
      request("dynamodb:DeleteTable", table("prod-app")),
      request("secretsmanager:GetSecretValue", secret("staging-signing-keys")),
      request("lambda:UpdateFunctionCode", lambda("prod-get-move")),
      request("iam:CreateRole", role("prod-GetPokemonRole-1"), bounded("prod")),
    ],
  },
];

await checkTheSimulator();
const wrong: string[] = [];
const everything = decider("everything", [EVERYTHING]);
let decisions = 0;
for (const { environment, role, allowed, denied } of CHECKS) {
  const policies = ALL[environment].get(role);
  if (!policies) {
    throw new Error(`${environment} has no ${role}`);
  }
  const decide = decider(`${role}-${environment}`, policies);
  for (const [requests, expected] of [[allowed, true], [denied, false]] as const) {
    for (const one of requests) {
      decisions += 1;
      const context = one.context ? `, ${JSON.stringify(one.context)}` : "";
      const shown = `${environment}, ${role}: ${described(one)}${context}`;
      if ((await decide(one)) !== expected) {
        wrong.push(`${shown}: expected ${expected ? "allowed" : "denied"}`);
      }
      // A refusal proves something only if a wider policy would allow the request.
      if (!(await everything(one))) {
        wrong.push(`${shown}: even a policy that allows everything refuses it`);
      }
    }
  }
}
wrong.forEach((line) => console.error(line));
if (wrong.length > 0) {
  process.exitCode = 1;
}
console.log(`iam-simulate: ${decisions} decisions about the rights of deployments, ${wrong.length} wrong`);
