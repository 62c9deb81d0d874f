//! The schedules of the jobs, and what reports those that could not start their job.

use serde_json::json;
use tests::template;

/// A schedule that cannot invoke its function leaves the event, with the cause, in a queue; and no other schedule can use the role.
#[test]
fn every_schedule_has_a_queue_for_its_failures_and_a_role_of_this_account() {
    let resources = template("infra/jobs.yaml")["Resources"].clone();
    let of_type = |kind: &str| {
        let resources = resources.as_object().expect("resources").values();
        resources.filter(|resource| resource["Type"] == kind).cloned().collect::<Vec<_>>()
    };
    let schedules = of_type("AWS::Scheduler::Schedule");
    assert_eq!(schedules.len(), api::jobs::JOBS.iter().filter(|job| job.schedule.is_some()).count());
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
