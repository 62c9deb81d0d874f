//! The statements of a function's role: its log, its recorded accesses and transactions, and its needs.

use std::collections::{BTreeMap, BTreeSet};

use door::route::Need;
use serde_json::{Value, json};

use crate::{
    accesses::Rights,
    function::{ASSETS_BUCKET, EXPORTS_BUCKET, Function, PROBE_SECRET, Trigger, WRITER},
};

/// The tables in the order of the statements.
const TABLES: [&str; 4] = ["CatalogTableName", "AppTableName", "EphemeralTableName", "AuditTableName"];

/// The actions in their order: reads first.
const ACTIONS: [&str; 9] = [
    "GetItem",
    "BatchGetItem",
    "Query",
    "Scan",
    "ConditionCheckItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
];

/// The condition of the template under which a role also grants the keys of all items of a transaction together.
const UNION: &str = "UnionOfKeys";

/// Returns the statements of the role of `function`, whose recorded accesses are `rights`.
pub(crate) fn statements(function: &Function, rights: &Rights, transactions: &[Rights]) -> Vec<Value> {
    let log = json!({
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"Fn::GetAtt": format!("{}Logs.Arn", function.id())},
    });
    let mut statements = vec![log];
    let place = |table: &str| TABLES.iter().position(|known| table.starts_with(known));
    let mut tables: Vec<_> = rights.iter().collect();
    tables.sort_by_key(|(table, _)| (place(table), table.len()));
    statements.extend(tables.into_iter().flat_map(|(table, actions)| of_table(table, actions)));
    statements.extend(of_unions(rights, transactions));
    statements.extend(of_needs(function));
    statements
}

/// Returns a statement for each set of keys of a table: the actions on exactly these keys.
fn of_table(table: &str, actions: &BTreeMap<String, Option<BTreeSet<String>>>) -> Vec<Value> {
    let place = |action: &str| ACTIONS.iter().position(|known| *known == action).unwrap_or(ACTIONS.len());
    let mut actions: Vec<_> = actions.iter().collect();
    actions.sort_by_key(|(action, _)| place(action));
    let mut groups: Vec<(&Option<BTreeSet<String>>, Vec<String>)> = Vec::new();
    for (action, keys) in actions {
        let action = format!("dynamodb:{action}");
        match groups.iter_mut().find(|(group, _)| *group == keys) {
            Some((_, group)) => group.push(action),
            None => groups.push((keys, vec![action])),
        }
    }
    let (name, index) =
        table.split_once('/').map_or((table, String::new()), |(table, index)| (table, format!("/{index}")));
    let resource = format!("dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/${{{name}}}{index}");
    let statement = |(keys, actions): (&Option<BTreeSet<String>>, Vec<String>)| {
        let mut statement = allow(&actions, &resource);
        if let Some(keys) = keys {
            let operator =
                if keys.iter().any(|key| key.contains('*')) { "StringLike" } else { "StringEquals" };
            // ForAllValues is true for a request without a key, so the Null condition requires one.
            statement["Condition"] = json!({
                (format!("ForAllValues:{operator}")): {"dynamodb:LeadingKeys": keys},
                "Null": {"dynamodb:LeadingKeys": "false"},
            });
        }
        statement
    };
    groups.into_iter().map(statement).collect()
}

/// Returns a conditional statement for each table in which a transaction has an action whose keys in `rights` are not those of the whole
/// transaction. AWS does not document whether `dynamodb:LeadingKeys` holds the key of one item of a transaction, as `rights` assume, or the
/// keys of all its items in the table.
fn of_unions(rights: &Rights, transactions: &[Rights]) -> Vec<Value> {
    let mut unions: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for (table, items) in transactions.iter().flatten() {
        let keys: BTreeSet<&str> = items.values().flatten().flatten().map(String::as_str).collect();
        let is_covered = |action: &String| match rights.get(table).and_then(|granted| granted.get(action)) {
            Some(Some(granted)) => keys.iter().all(|key| granted.contains(*key)),
            Some(None) => true,
            None => false,
        };
        if !items.keys().all(is_covered) {
            let (all_actions, all_keys) = unions.entry(table).or_default();
            all_actions.extend(items.keys().map(String::as_str));
            all_keys.extend(keys);
        }
    }
    let statement = |(table, (actions, keys)): (&str, (BTreeSet<&str>, BTreeSet<&str>))| {
        let keys: BTreeSet<String> = keys.into_iter().map(str::to_owned).collect();
        of_table(table, &actions.into_iter().map(|action| (action.to_owned(), Some(keys.clone()))).collect())
    };
    let statements = unions.into_iter().flat_map(statement);
    statements.map(|statement| json!({"Fn::If": [UNION, statement, {"Ref": "AWS::NoValue"}]})).collect()
}

/// Returns the statements about the secret, the writer and the bucket.
fn of_needs(function: &Function) -> Vec<Value> {
    let secret = "secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SigningKeysName}-??????";
    let writer = format!("lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{WRITER}");
    let files = format!("s3:::{EXPORTS_BUCKET}/*");
    let mut statements = Vec::new();
    if function.has(Need::SigningKeys) {
        // A job with the secret renews it.
        let actions = match function.trigger {
            Trigger::Request(_) => &["secretsmanager:GetSecretValue"] as &[&str],
            Trigger::Job(_) => &["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        };
        statements.push(allow(actions, secret));
    }
    if function.has(Need::Writer) {
        statements.push(allow(&["lambda:InvokeFunction"], &writer));
    }
    if function.has(Need::Exports) {
        // A link grants read access only if its signer has it.
        statements.push(allow(&["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], &files));
    }
    if function.has(Need::ExportDeletion) {
        statements.push(allow(&["s3:DeleteObject"], &files));
    }
    statements.extend(of_assets(function));
    if function.has(Need::Notices) {
        let topic = "sns:${AWS::Region}:${AWS::AccountId}:pokedex-${Environment}-notices";
        statements.push(allow(&["sns:Publish"], topic));
    }
    if function.has(Need::Invalidation) {
        // The distribution is created after this function, so its tags name it.
        let mut statement =
            allow(&["cloudfront:CreateInvalidation"], "cloudfront::${AWS::AccountId}:distribution/*");
        statement["Condition"] = json!({"StringEquals": {
            "aws:ResourceTag/app": "pokedex",
            "aws:ResourceTag/env": {"Ref": "Environment"},
        }});
        statements.push(statement);
    }
    if function.has(Need::ProbeAccount) {
        let account =
            format!("secretsmanager:${{AWS::Region}}:${{AWS::AccountId}}:secret:{PROBE_SECRET}-??????");
        let actions = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"];
        statements.push(allow(&actions, &account));
    }
    if function.has(Need::Verification) {
        let origin = "secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${OriginVerifyName}-??????";
        statements.push(allow(&["secretsmanager:GetSecretValue"], origin));
        // A version of a function has no name before it is deployed.
        let versions = "lambda:${AWS::Region}:${AWS::AccountId}:function:pokedex-${Environment}-*:*";
        statements.push(allow(&["lambda:InvokeFunction"], versions));
        let groups = "codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:*/*";
        statements.push(allow(&["codedeploy:GetDeployment"], groups));
        // IAM has no narrower resource for this action.
        let report = "codedeploy:PutLifecycleEventHookExecutionStatus";
        statements.push(json!({"Effect": "Allow", "Action": report, "Resource": "*"}));
    }
    statements
}

/// Returns the statements about mirrored files: the mirror cannot delete any, and the deletion can store nothing but the list of orphans.
fn of_assets(function: &Function) -> Vec<Value> {
    let objects = |pattern: &str| format!("s3:::{ASSETS_BUCKET}/{pattern}");
    let own = match (function.has(Need::AssetStorage), function.has(Need::AssetDeletion)) {
        (false, false) => return Vec::new(),
        (true, _) => vec![allow(&["s3:PutObject"], &objects("assets/*"))],
        (_, true) => vec![
            allow(&["s3:DeleteObject"], &objects("assets/*")),
            allow(&["s3:GetObject", "s3:PutObject"], &objects("orphans.json")),
        ],
    };
    [vec![allow(&["s3:ListBucket"], &format!("s3:::{ASSETS_BUCKET}"))], own].concat()
}

fn allow<T: AsRef<str>>(actions: &[T], resource: &str) -> Value {
    let actions: Vec<_> = actions.iter().map(AsRef::as_ref).collect();
    let action = if let [one] = actions[..] { json!(one) } else { json!(actions) };
    json!({"Effect": "Allow", "Action": action, "Resource": {"Fn::Sub": format!("arn:${{AWS::Partition}}:{resource}")}})
}
