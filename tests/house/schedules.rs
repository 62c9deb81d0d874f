//! The schedules of the jobs, and what reports those that could not start their job.

use api::jobs::Switch;
use serde_json::{Value, json};
use tests::template;

/// A schedule that cannot invoke its function leaves the event, with the cause, in a queue; and no other schedule can use the role.
#[test]
fn every_schedule_has_a_queue_for_its_failures_and_a_role_of_this_account() {
    let jobs = template("infra/jobs.yaml");
    let resources = jobs["Resources"].clone();
    let of_type = |kind: &str| {
        let resources = resources.as_object().expect("resources").values();
        resources.filter(|resource| resource["Type"] == kind).cloned().collect::<Vec<_>>()
    };
    let schedules = of_type("AWS::Scheduler::Schedule");
    let of_jobs = api::jobs::JOBS.iter().filter_map(|job| job.schedule.as_ref());
    let (of_edge, own): (Vec<_>, Vec<_>) = of_jobs.partition(|schedule| schedule.is_of_edge);
    assert_eq!(schedules.len(), own.len());
    for schedule in schedules {
        let target = &schedule["Properties"]["Target"];
        assert_eq!(
            target["DeadLetterConfig"]["Arn"],
            json!({"Fn::GetAtt": "ScheduleFailures.Arn"}),
            "{schedule}"
        );
        assert_eq!(target["RoleArn"], json!({"Fn::GetAtt": "ScheduleRole.Arn"}), "{schedule}");
        assert_eq!(schedule["Properties"]["GroupName"], json!({"Ref": "ScheduleGroup"}), "{schedule}");
    }
    // The schedules that know the distribution are in its template.
    let edge = template("infra/edge.yaml")["Resources"].clone();
    assert_eq!(of_edge.len(), 2);
    for (id, schedule) in [("InvalidateEdge", of_edge[0]), ("ProbeApi", of_edge[1])] {
        let properties = &edge[format!("{id}Schedule")]["Properties"];
        assert_eq!(properties["ScheduleExpression"], format!("rate({} minute)", schedule.minutes), "{id}");
        assert_eq!(properties["GroupName"], json!({"Fn::Sub": "pokedex-${Environment}"}), "{id}");
        let state = match schedule.switch {
            Switch::Parameter(name) => json!({"Ref": name}),
            _ => Value::Null,
        };
        assert_eq!(properties["State"], state, "{id}");
        let target = &properties["Target"];
        for (property, output) in [
            (&target["Arn"], format!("{id}Arn")),
            (&target["RoleArn"], "ScheduleRoleArn".to_owned()),
            (&target["DeadLetterConfig"]["Arn"], "ScheduleFailuresArn".to_owned()),
        ] {
            assert_eq!(property, &json!({"Ref": output}));
            assert!(jobs["Outputs"][&output].is_object(), "{output} is not an output of infra/jobs.yaml");
        }
        let invoked = &resources["ScheduleRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
            [0]["Resource"];
        assert!(invoked.to_string().contains(&format!("{id}Function.Alias")), "{invoked}");
    }
    let input = |id: &str| edge[id]["Properties"]["Target"]["Input"].clone();
    assert_eq!(
        input("InvalidateEdgeSchedule"),
        json!({"Fn::Sub": "{\"distribution\": \"${Distribution}\"}"})
    );
    let address = |host: &str| json!({"Fn::Sub": format!("{{\"address\": \"https://${{{host}}}\"}}")});
    assert_eq!(
        input("ProbeApiSchedule"),
        json!({"Fn::If": ["HasDomain", address("DomainName"), address("Distribution.DomainName")]})
    );
    // A run that fails is followed by the next one within a minute.
    let retries = &edge["ProbeApiSchedule"]["Properties"]["Target"]["RetryPolicy"];
    assert_eq!(*retries, json!({"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}));
    // The export of the accounts is a schedule of its own stack, which exists before that of the jobs.
    let backup = template("infra/backup.yaml")["Resources"].clone();
    let queue = json!({"Fn::GetAtt": "ExportFailures.Arn"});
    assert_eq!(backup["ExportSchedule"]["Properties"]["Target"]["DeadLetterConfig"]["Arn"], queue);
    let rights = &backup["ExportRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    let sends = |right: &Value| right["Action"] == "sqs:SendMessage" && right["Resource"] == queue;
    assert!(rights.as_array().expect("statements").iter().any(sends), "{rights}");
    let watched = template("infra/watch.yaml")["Resources"]["SchedulesFail"]["Properties"].clone();
    let queues = [&resources["ScheduleFailures"], &backup["ExportFailures"]];
    for (nth, queue) in (1_usize..).zip(queues) {
        let dimension = &watched["Metrics"][nth]["MetricStat"]["Metric"]["Dimensions"][0]["Value"];
        assert_eq!(*dimension, queue["Properties"]["QueueName"]);
        assert_eq!(queue["Properties"]["MessageRetentionPeriod"], 1_209_600);
        assert_eq!(queue["Properties"]["SqsManagedSseEnabled"], true);
    }
    let trust = &resources["ScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Principal"], json!({"Service": "scheduler.amazonaws.com"}));
    assert_eq!(trust["Condition"]["StringEquals"]["aws:SourceAccount"], json!({"Ref": "AWS::AccountId"}));
    assert!(trust["Condition"].to_string().contains("aws:SourceArn"), "{trust}");
}
