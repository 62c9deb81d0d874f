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
    let watched = template("infra/watch.yaml")["Resources"]["SchedulesFail"]["Properties"].clone();
    let queue = &resources["ScheduleFailures"]["Properties"]["QueueName"];
    assert_eq!(&watched["Dimensions"][0]["Value"], queue);
    let trust = &resources["ScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Principal"], json!({"Service": "scheduler.amazonaws.com"}));
    assert_eq!(trust["Condition"]["StringEquals"]["aws:SourceAccount"], json!({"Ref": "AWS::AccountId"}));
    assert!(trust["Condition"].to_string().contains("aws:SourceArn"), "{trust}");
}
