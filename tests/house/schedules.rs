//! The schedules of the jobs, and what reports those that could not start their job.

use serde_json::json;
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
    // The schedule that knows the distribution is in its template.
    let edge = template("infra/edge.yaml")["Resources"]["InvalidateEdgeSchedule"]["Properties"].clone();
    assert_eq!(of_edge.len(), 1);
    assert_eq!(edge["ScheduleExpression"], format!("rate({} minute)", of_edge[0].minutes));
    assert_eq!(edge["GroupName"], json!({"Fn::Sub": "pokedex-${Environment}"}));
    let target = &edge["Target"];
    for (property, output) in [
        (&target["Arn"], "InvalidateEdgeArn"),
        (&target["RoleArn"], "ScheduleRoleArn"),
        (&target["DeadLetterConfig"]["Arn"], "ScheduleFailuresArn"),
    ] {
        assert_eq!(property, &json!({"Ref": output}));
        assert!(jobs["Outputs"][output].is_object(), "{output} is not an output of infra/jobs.yaml");
    }
    assert_eq!(target["Input"], json!({"Fn::Sub": "{\"distribution\": \"${Distribution}\"}"}));
    let invoked =
        &resources["ScheduleRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"];
    assert!(invoked.to_string().contains("InvalidateEdgeFunction.Alias"), "{invoked}");
    let failing = &resources["InvalidateEdgeAlarm"]["Properties"];
    assert_eq!((&failing["Namespace"], &failing["MetricName"]), (&json!("AWS/Lambda"), &json!("Errors")));
    assert_eq!(
        failing["Dimensions"],
        json!([{"Name": "FunctionName", "Value": {"Ref": "InvalidateEdgeFunction"}}])
    );
    assert_eq!(failing["AlarmActions"], resources["ScheduleFailuresAlarm"]["Properties"]["AlarmActions"]);
    let alarm = &resources["ScheduleFailuresAlarm"];
    assert_eq!(alarm["Condition"], "IsStable");
    let alarm = &alarm["Properties"];
    assert_eq!(alarm["Dimensions"][0]["Value"], json!({"Fn::GetAtt": "ScheduleFailures.QueueName"}));
    assert_eq!((&alarm["Threshold"], &alarm["Statistic"]), (&json!(1), &json!("Maximum")));
    let topic = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:pokedex-${Environment}-notices";
    assert_eq!(alarm["AlarmActions"], json!([{"Fn::Sub": topic}]), "the topic of infra/data.yaml");
    let trust = &resources["ScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Principal"], json!({"Service": "scheduler.amazonaws.com"}));
    assert_eq!(trust["Condition"]["StringEquals"]["aws:SourceAccount"], json!({"Ref": "AWS::AccountId"}));
    assert!(trust["Condition"].to_string().contains("aws:SourceArn"), "{trust}");
}
