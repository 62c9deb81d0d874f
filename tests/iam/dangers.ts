// Dangerous requests: every one of them must be refused, for every function that is not recorded to make it.
import { entries, FOREIGN, item, KEYED, WRITER, type Families, type Rights } from "./accesses.js";
import { ANOTHER, assetsArn, bucketArn, DISTRIBUTION, functionArn, logGroupArn, logStreamArn, ORPHANS, originArn, PARAMETERS, PICTURE, probeArn, roleArn, secretArn, tableArn, tagged, topicArn } from "./names.js";
import type { Request } from "./simulator.js";
import { ACCOUNT, arn, global, PARTITION, REGION } from "./template.js";

/** Actions on a whole table. */
const TABLE = [
  "CreateBackup",
  "DeleteTable",
  "ExportTableToPointInTime",
  "PutResourcePolicy",
  "Scan",
  "UpdateContinuousBackups",
  "UpdateTable",
  "UpdateTimeToLive",
];
/** Actions of PartiQL, which bypass policies that name only the other actions. */
const PARTIQL = ["PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"];

/** Returns dangerous requests of the function `name` with these recorded `rights`; `known` are the families of each table. */
export function dangers(name: string, rights: Rights, known: Families): Request[] {
  const tables = [...known].flatMap(([table, families]) => inTable(table, [...families, FOREIGN]));
  return [...tables, ...besides(rights), ...elsewhere(name)];
}

/** Returns requests to a table or an index: each action with a key of each family and without a key. */
function inTable(table: string, families: string[]): Request[] {
  const [keyed, whole] = table.includes("/index/") ? [["Query"], ["Scan"]] : [[...KEYED, ...PARTIQL], TABLE];
  const index = table.includes("/index/") ? [] : [item(`${table}/index/another`, "Query", [FOREIGN])];
  const requests = keyed.flatMap((action) => {
    return [item(table, action), ...families.map((family) => item(table, action, [family]))];
  });
  return [...requests, ...whole.map((action) => item(table, action)), ...index];
}

/** Returns requests that differ little from the recorded ones: with a further key, or to a table with a similar name or place. */
function besides(rights: Rights): Request[] {
  return entries(rights).flatMap(([table, action, families]) => {
    const { resource } = item(table, action);
    const similar = [tableArn(table, ANOTHER), resource.replace(/(?=$|\/index)/, "-copy"), resource.replace(REGION, "us-east-1")];
    const same = item(table, action, families ?? undefined);
    const further = families ? [item(table, action, [...families, FOREIGN])] : [];
    return [...further, ...similar.map((resource) => ({ ...same, resource }))];
  });
}

/** Returns requests to services other than DynamoDB. */
function elsewhere(name: string): Request[] {
  const another = name === WRITER ? "get-pokemon" : WRITER;
  const stack = arn("cloudformation", `stack/pokedex-${PARAMETERS["Environment"]}/0123abcd`);
  const key = arn("kms", "key/01234567-89ab-cdef-0123-456789abcdef");
  const schedule = arn("scheduler", "schedule/default/sync");
  const anotherBucket = `arn:${PARTITION}:s3:::another-bucket`;
  const onEach = (resources: string[], ...actions: string[]): Request[] => {
    return resources.flatMap((resource) => actions.map((action) => ({ action, resource })));
  };
  return [
    ...onEach(
      [
        ...[secretArn(), secretArn(ANOTHER), secretArn().replace("-keys-", "-keys-former-")],
        ...[originArn(), originArn(ANOTHER), probeArn(), probeArn(ANOTHER), probeArn().replace("-probe-", "-probe-former-")],
      ],
      "secretsmanager:DeleteSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutResourcePolicy",
      "secretsmanager:PutSecretValue",
      "secretsmanager:UpdateSecret",
    ),
    ...onEach(
      [roleArn(name), roleArn(another), global("role/Administrator")],
      "iam:AttachRolePolicy",
      "iam:PassRole",
      "iam:PutRolePolicy",
      "iam:UpdateAssumeRolePolicy",
      "sts:AssumeRole",
    ),
    ...onEach([global("user/intruder")], "iam:CreateAccessKey", "iam:CreateUser"),
    ...onEach(
      [functionArn(name), functionArn(another)],
      "lambda:AddPermission",
      "lambda:DeleteFunction",
      "lambda:InvokeFunction",
      "lambda:UpdateAlias",
      "lambda:UpdateFunctionCode",
      "lambda:UpdateFunctionConfiguration",
    ),
    ...onEach(
      [
        functionArn(name, "live"),
        functionArn(WRITER, "live"),
        functionArn(WRITER, "1"),
        functionArn(WRITER, "$LATEST"),
        functionArn("rotate-signing-key", "live"),
      ],
      "lambda:InvokeFunction",
    ),
    ...onEach(
      [bucketArn(), assetsArn(), assetsArn(ANOTHER), anotherBucket],
      "s3:DeleteBucket",
      "s3:ListBucket",
      "s3:PutBucketPolicy",
    ),
    ...onEach(
      [
        ...[bucketArn(), bucketArn(ANOTHER), assetsArn(), anotherBucket].map((bucket) => `${bucket}/0123456789abcdef.zip`),
        PICTURE,
        ORPHANS,
      ],
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:PutObject",
      "s3:PutObjectAcl",
    ),
    ...onEach([key], "kms:CreateGrant", "kms:Decrypt", "kms:ScheduleKeyDeletion"),
    ...onEach(
      [logGroupArn(name), logGroupArn(another), `${logGroupArn(name)}:*`],
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:FilterLogEvents",
      "logs:PutRetentionPolicy",
    ),
    ...onEach([logStreamArn(another)], "logs:CreateLogStream", "logs:PutLogEvents"),
    ...onEach([logStreamArn(name), logStreamArn(another)], "logs:DeleteLogStream", "logs:GetLogEvents"),
    ...onEach(
      [stack],
      "cloudformation:CreateChangeSet",
      "cloudformation:DeleteStack",
      "cloudformation:ExecuteChangeSet",
      "cloudformation:UpdateStack",
    ),
    ...onEach([arn("codedeploy", "deploymentgroup:pokedex/functions")], "codedeploy:CreateDeployment"),
    ...onEach([schedule], "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"),
    ...onEach([`arn:${PARTITION}:apigateway:${REGION}::/domainnames/api.example.com`], "apigateway:DELETE", "apigateway:PATCH"),
    ...onEach([arn("ssm", "parameter/pokedex")], "ssm:GetParameter"),
    ...onEach([topicArn(), topicArn(ANOTHER)], "sns:Publish", "sns:SetTopicAttributes", "sns:Subscribe"),
    ...["CreateInvalidation", "DeleteDistribution", "UpdateDistribution"].flatMap((action) => {
      return [tagged(), tagged(ANOTHER), {}].map((context) => ({ action: `cloudfront:${action}`, resource: DISTRIBUTION, context }));
    }),
    ...onEach([`arn:${PARTITION}:cloudtrail:${REGION}:${ACCOUNT}:trail/trail`], "cloudtrail:StopLogging"),
  ];
}
