//! The resources of a function: the function itself, its role, its log group, and what invokes it.

use serde_json::{Value, json};

use crate::{
    accesses::Rights,
    canary,
    function::{Function, Trigger},
    gateway,
    policy::statements,
    schedule,
    stack::Stack,
    tags::tags,
};

/// Returns the resources of `function`, which belongs to `stack`, by logical id in their order.
pub(crate) fn of(
    function: &Function,
    stack: Stack,
    rights: &Rights,
    transactions: &[Rights],
) -> Vec<(String, Value)> {
    let id = function.id();
    let mut resources = vec![
        (format!("{id}Function"), definition(function, stack)),
        (format!("{id}Role"), role(function, rights, transactions)),
        (format!("{id}Logs"), log_group(function)),
    ];
    resources.extend(canary::alarm(function, stack));
    match function.trigger {
        Trigger::Request(spec) => resources.extend(gateway::of(spec, stack)),
        Trigger::Job(job) => {
            let schedules = job.schedule.iter().filter(|schedule| !schedule.is_of_edge);
            resources.extend(schedules.map(|schedule| schedule::of(job, schedule)));
        }
    }
    resources
}

fn definition(function: &Function, stack: Stack) -> Value {
    let id = function.id();
    let mut properties = json!({
        "FunctionName": {"Fn::Sub": format!("pokedex-${{Environment}}-{}", function.name)},
        "Description": function.description,
        "CodeUri": ".",
        "Handler": function.name,
        "Role": {"Fn::GetAtt": format!("{id}Role.Arn")},
        "AutoPublishAliasAllProperties": true,
    });
    if let Some(memory) = function.memory {
        properties["MemorySize"] = json!(memory);
    }
    if let Some(timeout) = function.timeout {
        properties["Timeout"] = json!(timeout);
    }
    if let Trigger::Job(job) = function.trigger
        && let Some(condition) = job.alone
    {
        // The lease in the store prevents two simultaneous runs; this setting prevents the start of a second one.
        let limit = json!([condition, 1, {"Ref": "AWS::NoValue"}]);
        properties["ReservedConcurrentExecutions"] = json!({"Fn::If": limit});
    }
    properties["LoggingConfig"] = json!({"LogGroup": {"Ref": format!("{id}Logs")}});
    if !function.variables.is_empty() {
        properties["Environment"] = json!({"Variables": function.variables});
    }
    if matches!(function.trigger, Trigger::Job(_)) {
        // A failed run appears in the function's Errors metric and is not retried: the next run is the retry.
        properties["EventInvokeConfig"] = json!({"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 300});
    }
    if let Some(preference) = canary::preference(function, stack) {
        properties["DeploymentPreference"] = preference;
    }
    json!({
        "Type": "AWS::Serverless::Function",
        "Metadata": {"BuildMethod": "makefile"},
        "Properties": properties,
    })
}

fn role(function: &Function, rights: &Rights, transactions: &[Rights]) -> Value {
    let statements = statements(function, rights, transactions);
    json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
                }],
            },
            "ManagedPolicyArns": [{"Ref": "TracingPolicy"}],
            "Policies": [{
                "PolicyName": "function",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            }],
            "Tags": tags(),
        },
    })
}

fn log_group(function: &Function) -> Value {
    json!({
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "LogGroupName": {"Fn::Sub": format!("/aws/lambda/pokedex-${{Environment}}-{}", function.name)},
            "RetentionInDays": 30,
            "Tags": tags(),
        },
    })
}
