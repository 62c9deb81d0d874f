//! The schedules of the jobs, and what all of them share: a group, a role, and a queue of the invocations that failed.

use api::jobs::{Job, Schedule, Switch};
use serde_json::{Value, json};

use crate::{
    function::{Function, Trigger, logical_id},
    tags::tags,
};

/// Returns `schedule` of `job` by logical id. It retries only an invocation that Lambda did not accept.
pub(crate) fn of(job: &Job, schedule: &Schedule) -> (String, Value) {
    let id = logical_id(job.name);
    let expression = match schedule.minutes {
        60 => "rate(1 hour)".to_owned(),
        1440 => "rate(1 day)".to_owned(),
        minutes => format!("rate({minutes} minutes)"),
    };
    let mut properties = json!({
        "Description": job.summary,
        "GroupName": {"Ref": "ScheduleGroup"},
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ScheduleExpression": expression,
    });
    match schedule.switch {
        Switch::AlwaysOn => {}
        Switch::Parameter(name) => properties["State"] = json!({"Ref": name}),
        Switch::Condition(name) => {
            properties["State"] = json!({"Fn::If": [name, "ENABLED", "DISABLED"]});
        }
    }
    properties["Target"] = json!({
        "Arn": {"Ref": format!("{id}Function.Alias")},
        "RoleArn": {"Fn::GetAtt": "ScheduleRole.Arn"},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300},
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": "ScheduleFailures.Arn"}},
    });
    (format!("{id}Schedule"), json!({"Type": "AWS::Scheduler::Schedule", "Properties": properties}))
}

/// Returns the resources that the schedules of `functions` share, by logical id.
pub(crate) fn shared(functions: &[&Function]) -> Vec<(String, Value)> {
    let is_scheduled =
        |function: &&&Function| matches!(function.trigger, Trigger::Job(job) if job.schedule.is_some());
    let targets: Vec<Value> = functions
        .iter()
        .filter(is_scheduled)
        .map(|function| json!({"Ref": format!("{}Function.Alias", function.id())}))
        .collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let group = json!({
        "Type": "AWS::Scheduler::ScheduleGroup",
        "Properties": {"Name": {"Fn::Sub": "pokedex-${Environment}"}, "Tags": tags()},
    });
    // An invocation that could not be started is kept for two weeks, with its cause.
    let queue = json!({
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": {"Fn::Sub": "pokedex-${Environment}-schedule-failures"},
            "MessageRetentionPeriod": 1_209_600,
            "SqsManagedSseEnabled": true,
            "Tags": tags(),
        },
    });
    let group_arn = "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/pokedex-${Environment}";
    let statement = json!({
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        // No other account's scheduler, and no other schedule of this one.
        "Condition": {"StringEquals": {
            "aws:SourceAccount": {"Ref": "AWS::AccountId"},
            "aws:SourceArn": {"Fn::Sub": group_arn},
        }},
    });
    let role = json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "Policies": [{
                "PolicyName": "schedules",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": targets},
                    {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": "ScheduleFailures.Arn"}},
                ]},
            }],
            "Tags": tags(),
        },
    });
    vec![
        ("ScheduleGroup".to_owned(), group),
        ("ScheduleFailures".to_owned(), queue),
        ("ScheduleRole".to_owned(), role),
    ]
}
