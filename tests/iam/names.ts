// The names of one environment, and of another one.
import { ACCOUNT, arn, global, PARTITION, REGION } from "./template.js";

export const ENVIRONMENT = "dev";
export const ANOTHER = "staging";

/** The names of the tables by their parameters, without the environment. */
const TABLES: Record<string, string> = {
  CatalogTableName: "catalog",
  AppTableName: "app",
  EphemeralTableName: "ephemeral",
  AuditTableName: "audit",
};

const tableName = (parameter: string, environment: string) => `pokedex-${environment}-${TABLES[parameter]}`;

/** The values of the parameters that policies use. */
export const PARAMETERS: Record<string, string> = {
  Environment: ENVIRONMENT,
  SigningKeysName: `pokedex-${ENVIRONMENT}-signing-keys`,
  OriginVerifyName: `pokedex-${ENVIRONMENT}-origin-verify`,
  ...Object.fromEntries(Object.keys(TABLES).map((table) => [table, tableName(table, ENVIRONMENT)])),
};

/** Returns the ARN of a table, or of an index such as `AppTableName/index/gsi1`. */
export function tableArn(table: string, environment = ENVIRONMENT): string {
  const [parameter, ...index] = table.split("/");
  return arn("dynamodb", `table/${[tableName(parameter ?? "", environment), ...index].join("/")}`);
}

/** Secrets Manager adds six random characters to the name of a secret. */
export const secretArn = (environment = ENVIRONMENT) =>
  arn("secretsmanager", `secret:pokedex-${environment}-signing-keys-Ab12Cd`);

export const originArn = (environment = ENVIRONMENT) =>
  arn("secretsmanager", `secret:pokedex-${environment}-origin-verify-Ab12Cd`);

/** The secret with the credentials of the probe's account. */
export const probeArn = (environment = ENVIRONMENT) => arn("secretsmanager", `secret:pokedex-${environment}-probe-Ab12Cd`);

/** The topic for notices. */
export const topicArn = (environment = ENVIRONMENT) => arn("sns", `pokedex-${environment}-notices`);

/** A distribution, whose tags name its environment. */
export const DISTRIBUTION = `arn:${PARTITION}:cloudfront::${ACCOUNT}:distribution/E0123456789ABC`;
export const tagged = (environment = ENVIRONMENT) => ({ "aws:ResourceTag/app": "pokedex", "aws:ResourceTag/env": environment });

/** The deployments of functions, which have generated names. */
export const DEPLOYMENTS = arn("codedeploy", "deploymentgroup:application/group");

/** Returns the ARN of the role that the templates declare as `GetPokemonRole`, for example. */
export function roleArn(name: string): string {
  const words = name.split("-").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return global(`role/${words.join("")}Role`);
}

export const functionArn = (name: string, qualifier = "") =>
  arn("lambda", `function:pokedex-${ENVIRONMENT}-${name}${qualifier && `:${qualifier}`}`);

export const logGroupArn = (name: string) => arn("logs", `log-group:/aws/lambda/pokedex-${ENVIRONMENT}-${name}`);
export const logStreamArn = (name: string) => `${logGroupArn(name)}:log-stream:2026/11/23/[1]0123456789abcdef`;

const bucket = (purpose: string, environment: string) =>
  `arn:${PARTITION}:s3:::pokedex-${environment}-${purpose}-${ACCOUNT}-${REGION}`;
/** The bucket of exports. */
export const bucketArn = (environment = ENVIRONMENT) => bucket("exports", environment);
/** The bucket of mirrored pictures. */
export const assetsArn = (environment = ENVIRONMENT) => bucket("assets", environment);
/** A mirrored picture, and the list of those that no asset has any more. */
export const PICTURE = `${assetsArn()}/assets/front_default/25-0123456789.webp`;
export const ORPHANS = `${assetsArn()}/orphans.json`;
