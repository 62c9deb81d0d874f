//! The copies of what cannot be rebuilt: backups, and the second region.

use deploy::{settings::Settings, stacks};
use serde_json::{Value, json};
use tests::{root, template};

use super::stacks::PRECIOUS;

fn tables(data: &Value) -> Vec<(&String, &Value)> {
    let resources = data["Resources"].as_object().expect("resources");
    resources.iter().filter(|(id, _)| id.ends_with("Table")).collect()
}

/// Data that cannot be restored from another source outlives its stack, and can be restored to any second of the last 35 days.
#[test]
fn irreplaceable_data_is_protected() {
    let data = template("infra/data.yaml");
    for (id, resource) in tables(&data) {
        let is_precious = PRECIOUS.contains(&id.as_str());
        let [deletion, replacement] =
            if is_precious { ["RetainExceptOnCreate", "Retain"] } else { ["Delete", "Delete"] };
        assert_eq!(
            (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]),
            (&json!(deletion), &json!(replacement)),
            "{id}"
        );
        let replica = &resource["Properties"]["Replicas"][0];
        let if_stable = json!({"Fn::If": ["IsStable", true, false]});
        let recovery = &replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        assert_eq!(*recovery, if is_precious { if_stable.clone() } else { json!(false) }, "{id}");
        let protection = &replica["DeletionProtectionEnabled"];
        assert_eq!(*protection, if is_precious { if_stable } else { Value::Null }, "{id}");
    }
    let is = |name: &str| json!({"Fn::Equals": [{"Ref": "Environment"}, name]});
    assert_eq!(data["Conditions"]["IsStable"], json!({"Fn::Or": [is("staging"), is("prod")]}));
    assert_eq!(data["Resources"]["SigningKeys"]["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(
        data["Resources"]["SigningKeys"]["Properties"].get("SecretString"),
        None,
        "it is made, not deployed"
    );
    let ttl = |id: &str| &data["Resources"][id]["Properties"]["TimeToLiveSpecification"];
    for id in ["EphemeralTable", "AuditTable"] {
        assert_eq!(*ttl(id), json!({"AttributeName": "expires_at", "Enabled": true}), "{id}");
    }
    for id in ["CatalogTable", "AppTable"] {
        assert_eq!(*ttl(id), Value::Null, "{id}");
    }
}

/// A second region has the same data under the same rules. Sessions are not worth their replication.
#[test]
fn a_second_region_has_replicas_of_everything_that_does_not_expire() {
    let data = template("infra/data.yaml");
    for (id, resource) in tables(&data) {
        let table = &resource["Properties"];
        let replicas = table["Replicas"].as_array().expect("replicas");
        let mut second = replicas[0].clone();
        second["Region"] = json!({"Ref": "ReplicaRegion"});
        let optional = json!({"Fn::If": ["HasReplica", second, {"Ref": "AWS::NoValue"}]});
        let expected = if id == "EphemeralTable" { None } else { Some(&optional) };
        assert_eq!((replicas.get(1), replicas.len() > 2), (expected, false), "{id}");
        // Replication reads the stream of a table.
        let stream = json!({"Fn::If": ["HasReplica", {"StreamViewType": "NEW_AND_OLD_IMAGES"}, {"Ref": "AWS::NoValue"}]});
        assert_eq!(
            table["StreamSpecification"],
            if expected.is_some() { stream } else { Value::Null },
            "{id}"
        );
    }
    for id in ["SigningKeys", "OriginVerify"] {
        let regions = &data["Resources"][id]["Properties"]["ReplicaRegions"]["Fn::If"];
        assert_eq!(
            (&regions[0], &regions[1]),
            (&json!("HasReplica"), &json!([{"Region": {"Ref": "ReplicaRegion"}}])),
            "{id}"
        );
    }
    // Functions find there, under the same names, whatever the first region has in its place.
    let standby = template("infra/dr.yaml");
    assert_eq!(standby["Resources"]["EphemeralTable"], data["Resources"]["EphemeralTable"]);
    assert_eq!(standby["Resources"]["ExportsBucket"], data["Resources"]["ExportsBucket"]);
    let of_functions = ["TableName", "TableArn", "ExportsBucketName"];
    for output in data["Outputs"].as_object().expect("outputs").keys() {
        let is_used = of_functions.iter().any(|end| output.ends_with(end));
        assert_eq!(standby["Outputs"].get(output).is_some(), is_used, "{output}");
    }
    // Both stacks of one environment have outputs of the same names, and those of its own region are used.
    let (stacks, _) = stacks::read(&root()).expect("stacks");
    let position = |name: &str| stacks.iter().position(|stack| stack.name == name).expect("a stack");
    assert!(position("dr") < position("data"));
    let region = stacks[position("dr")].region.clone();
    assert_eq!(
        region.as_ref(),
        Settings::read(&root(), "prod").expect("settings").parameters.get("ReplicaRegion")
    );
}

/// Nobody can shorten the life of a backup by a mistake, and a restored table is backed up as well.
#[test]
fn accounts_and_trail_are_backed_up_each_night_for_30_days_and_copied_to_the_second_region() {
    let backup = template("infra/backup.yaml");
    let resources = &backup["Resources"];
    let rule = &resources["Plan"]["Properties"]["BackupPlan"]["BackupPlanRule"][0];
    assert_eq!(rule["ScheduleExpression"], "cron(0 3 * * ? *)");
    assert_eq!(
        (&rule["ScheduleExpressionTimezone"], &rule["StartWindowMinutes"]),
        (&json!("Etc/UTC"), &json!(60))
    );
    assert_eq!(rule["Lifecycle"], json!({"DeleteAfterDays": 30}));
    let copy = &rule["CopyActions"]["Fn::If"][1][0];
    assert_eq!(copy["Lifecycle"], rule["Lifecycle"]);
    let selection = &resources["Selection"]["Properties"]["BackupSelection"]["Resources"];
    assert_eq!(*selection, json!([{"Ref": "AppTableArn"}, {"Ref": "AuditTableArn"}]));
    // One setting locks both vaults.
    let lock = json!({"MinRetentionDays": 30, "ChangeableForDays": 3});
    let optional = json!({"Fn::If": ["IsLocked", lock, {"Ref": "AWS::NoValue"}]});
    for file in ["infra/backup.yaml", "infra/dr.yaml"] {
        let with_vault = template(file);
        let vault = &with_vault["Resources"]["Vault"];
        assert_eq!(vault["DeletionPolicy"], "RetainExceptOnCreate", "{file}");
        assert_eq!(vault["Properties"]["LockConfiguration"], optional, "{file}");
        let is_locked = json!({"Fn::Equals": [{"Ref": "VaultLock"}, "true"]});
        assert_eq!(with_vault["Conditions"]["IsLocked"], is_locked, "{file}");
        assert_eq!(with_vault["Parameters"]["VaultLock"], backup["Parameters"]["VaultLock"], "{file}");
        let kept = &vault["Properties"]["AccessPolicy"]["Statement"][0];
        assert_eq!((&kept["Effect"], &kept["Principal"]), (&json!("Deny"), &json!("*")));
        assert!(kept["Action"].to_string().contains("backup:DeleteRecoveryPoint"), "{kept}");
    }
    let schedule = &resources["ExportSchedule"]["Properties"];
    assert_eq!(schedule["GroupName"], json!({"Ref": "ExportGroup"}), "that of the jobs is created later");
    let export = &schedule["Target"];
    assert_eq!(export["Arn"], "arn:aws:scheduler:::aws-sdk:dynamodb:exportTableToPointInTime");
    assert!(export["Input"].to_string().contains("AES256"), "{export}");
    let (stacks, _) = stacks::read(&root()).expect("stacks");
    let stack = stacks.iter().find(|stack| stack.name == "backup").expect("a stack");
    assert_eq!((stack.protected, &*stack.environments.join(" ")), (true, "staging prod"));
}

/// The files of exports hold all accounts.
#[test]
fn an_operator_reads_no_file_with_accounts() {
    let operator = template("infra/account.yaml")["Resources"]["Operator"]["Properties"].clone();
    let statements = operator["Policies"][0]["PolicyDocument"]["Statement"].as_array().expect("statements");
    let denied = statements.iter().filter(|one| one["Effect"] == "Deny");
    let denied: String = denied.map(|one| one["Resource"].to_string()).collect();
    for bucket in ["exports", "backups"] {
        assert!(denied.contains(&format!("pokedex-*-{bucket}-*/*")), "{bucket}: {denied}");
    }
}
