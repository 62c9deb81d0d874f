//! The schedules of the jobs, and what all of them share: a group, a role, and a queue of the invocations that failed.

use api::jobs::{Job, Schedule, Switch};
use serde_json::{Value, json};

use crate::{
    function::{Function, IS_STABLE, NOTICES, Trigger, logical_id},
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

/// Returns the alarm on the queue, which notifies the subscribers of the environment.
fn alarm() -> Value {
    notifying(&json!({
        "AlarmDescription": "A schedule could not start its job (docs/runbooks/schedules.md).",
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": "ScheduleFailures.QueueName"}}],
        "Statistic": "Maximum",
        "Threshold": 1,
    }))
}

/// Returns the alarm on a job that runs every minute and fails more than once in five minutes, by logical id.
fn failing(function: &Function) -> (String, Value) {
    let alarm = notifying(&json!({
        "AlarmDescription": format!("{} fails (docs/runbooks/sync.md).", function.name),
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": format!("{}Function", function.id())}}],
        "Statistic": "Sum",
        "Threshold": 2,
    }));
    (format!("{}Alarm", function.id()), alarm)
}

/// Returns an alarm that fires as soon as a metric reaches its threshold within five minutes, and reports when it is over.
fn notifying(properties: &Value) -> Value {
    let mut alarm = json!({
        "Type": "AWS::CloudWatch::Alarm",
        "Condition": IS_STABLE,
        "Properties": {
            "Period": 300,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            // Neither service reports anything about what was not used.
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Fn::Sub": NOTICES}],
            "OKActions": [{"Fn::Sub": NOTICES}],
            "Tags": tags(),
        },
    });
    if let (Some(all), Some(own)) = (alarm["Properties"].as_object_mut(), properties.as_object()) {
        all.extend(own.clone());
    }
    alarm
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
    let is_of_edge = |function: &&&Function| matches!(function.trigger, Trigger::Job(job) if job.schedule.as_ref().is_some_and(|schedule| schedule.is_of_edge));
    let failing = functions.iter().filter(is_of_edge).map(|function| failing(function));
    let mut shared = vec![
        ("ScheduleGroup".to_owned(), group),
        ("ScheduleFailures".to_owned(), queue),
        ("ScheduleFailuresAlarm".to_owned(), alarm()),
        ("ScheduleRole".to_owned(), role),
    ];
    shared.extend(failing);
    shared
}
