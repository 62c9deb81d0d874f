//! The rights of deployments: the roles of workflows, CloudFormation's role, and the boundary of every other role.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::template;

use super::stacks::TEMPLATES;

const DEPLOYER: &str = "infra/deployer.yaml";
const WORKFLOWS: &str = "infra/workflows.yaml";

/// The action that creates a resource of each type.
const CREATES: [(&str, &str); 39] = [
    ("AWS::ApiGatewayV2::Api", "apigateway:POST"),
    ("AWS::ApiGatewayV2::Integration", "apigateway:POST"),
    ("AWS::ApiGatewayV2::Route", "apigateway:POST"),
    ("AWS::ApiGatewayV2::Stage", "apigateway:POST"),
    ("AWS::Backup::BackupPlan", "backup:CreateBackupPlan"),
    ("AWS::Backup::BackupSelection", "backup:CreateBackupSelection"),
    ("AWS::Backup::BackupVault", "backup:CreateBackupVault"),
    ("AWS::CertificateManager::Certificate", "acm:RequestCertificate"),
    ("AWS::CloudFront::CachePolicy", "cloudfront:CreateCachePolicy"),
    ("AWS::CloudFront::Distribution", "cloudfront:CreateDistribution"),
    ("AWS::CloudFront::Function", "cloudfront:CreateFunction"),
    ("AWS::CloudFront::MonitoringSubscription", "cloudfront:CreateMonitoringSubscription"),
    ("AWS::CloudFront::OriginAccessControl", "cloudfront:CreateOriginAccessControl"),
    ("AWS::CloudFront::ResponseHeadersPolicy", "cloudfront:CreateResponseHeadersPolicy"),
    ("AWS::CloudWatch::Alarm", "cloudwatch:PutMetricAlarm"),
    ("AWS::CloudWatch::CompositeAlarm", "cloudwatch:PutCompositeAlarm"),
    ("AWS::CloudWatch::Dashboard", "cloudwatch:PutDashboard"),
    ("AWS::DynamoDB::GlobalTable", "dynamodb:CreateTable"),
    ("AWS::IAM::ManagedPolicy", "iam:CreatePolicy"),
    ("AWS::IAM::Role", "iam:CreateRole"),
    ("AWS::Lambda::Permission", "lambda:AddPermission"),
    ("AWS::Logs::Delivery", "logs:CreateDelivery"),
    ("AWS::Logs::DeliveryDestination", "logs:PutDeliveryDestination"),
    ("AWS::Logs::DeliverySource", "logs:PutDeliverySource"),
    ("AWS::Logs::LogGroup", "logs:CreateLogGroup"),
    ("AWS::Logs::QueryDefinition", "logs:PutQueryDefinition"),
    ("AWS::Route53::HealthCheck", "route53:CreateHealthCheck"),
    ("AWS::Route53::RecordSetGroup", "route53:ChangeResourceRecordSets"),
    ("AWS::S3::Bucket", "s3:CreateBucket"),
    ("AWS::S3::BucketPolicy", "s3:PutBucketPolicy"),
    ("AWS::SNS::Subscription", "sns:Subscribe"),
    ("AWS::SNS::Topic", "sns:CreateTopic"),
    ("AWS::SNS::TopicPolicy", "sns:SetTopicAttributes"),
    ("AWS::SQS::Queue", "sqs:CreateQueue"),
    ("AWS::Scheduler::Schedule", "scheduler:CreateSchedule"),
    ("AWS::Scheduler::ScheduleGroup", "scheduler:CreateScheduleGroup"),
    ("AWS::SecretsManager::Secret", "secretsmanager:CreateSecret"),
    ("AWS::Serverless::Function", "lambda:CreateFunction"),
    ("AWS::WAFv2::WebACL", "wafv2:CreateWebACL"),
];

/// The resources of a template.
fn resources(file: &str) -> Vec<(String, Value)> {
    let template = template(file);
    let resources = template["Resources"].as_object().expect("resources");
    resources.iter().map(|(id, resource)| (id.clone(), resource.clone())).collect()
}

/// The statements of a policy document, with both branches of a condition.
fn of_document(document: &Value) -> Vec<Value> {
    let of = |statement: &Value| match statement["Fn::If"].as_array() {
        Some(branches) => {
            branches[1..].iter().filter(|branch| branch["Effect"].is_string()).cloned().collect()
        }
        None => vec![statement.clone()],
    };
    document["Statement"].as_array().expect("statements").iter().flat_map(of).collect()
}

/// The statements of a role or of a managed policy.
fn statements(resource: &Value) -> Vec<Value> {
    let properties = &resource["Properties"];
    let inline = properties["Policies"].as_array().into_iter().flatten();
    let documents = inline.map(|policy| &policy["PolicyDocument"]).chain(properties.get("PolicyDocument"));
    documents.flat_map(of_document).collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

fn actions(statements: &[Value]) -> BTreeSet<String> {
    statements.iter().flat_map(|statement| texts(&statement["Action"])).collect()
}

/// Each statement of both templates with the id of its resource.
fn all_statements() -> Vec<(String, Value)> {
    let of = |(id, resource): (String, Value)| {
        statements(&resource).into_iter().map(move |statement| (id.clone(), statement))
    };
    [DEPLOYER, WORKFLOWS].into_iter().flat_map(resources).flat_map(of).collect()
}

#[test]
fn a_workflow_signs_in_from_one_repository_and_environment() {
    let expected = |environment: &str| {
        let issuer = "token.actions.githubusercontent.com";
        let provider = format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:oidc-provider/{issuer}");
        json!([{
            "Effect": "Allow",
            "Principal": {"Federated": {"Fn::Sub": provider}},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                (format!("{issuer}:aud")): "sts.amazonaws.com",
                (format!("{issuer}:sub")): {"Fn::Sub": format!("repo:${{Repository}}:environment:{environment}")},
            }},
        }])
    };
    let roles = resources(WORKFLOWS);
    let trusts: Vec<_> = roles
        .iter()
        .map(|(id, role)| (&**id, &role["Properties"]["AssumeRolePolicyDocument"]["Statement"]))
        .collect();
    let (deploy, operate) = (expected("${Environment}"), expected("${Environment}-operations"));
    assert_eq!(trusts, [("DeployRole", &deploy), ("OperateRole", &operate)]);
    let pattern = &template(WORKFLOWS)["Parameters"]["Repository"]["AllowedPattern"];
    assert_eq!(*pattern, "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", "a name, without a wildcard");
    let provider = of_account("GitHub");
    assert_eq!(provider["Properties"]["ClientIdList"], json!(["sts.amazonaws.com"]));
}

fn of_account(id: &str) -> Value {
    let found = resources("infra/account.yaml").into_iter().find(|(name, _)| name == id);
    found.unwrap_or_else(|| panic!("infra/account.yaml has no {id}")).1
}

#[test]
fn the_trail_records_every_region_and_cannot_be_altered() {
    let trail = of_account("Trail")["Properties"].clone();
    for property in
        ["IsLogging", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation"]
    {
        assert_eq!(trail[property], true, "{property}");
    }
    let bucket = of_account("TrailBucket");
    assert_eq!(bucket["DeletionPolicy"], "RetainExceptOnCreate");
    let blocks = bucket["Properties"]["PublicAccessBlockConfiguration"].as_object().expect("blocks").clone();
    assert!(blocks.len() == 4 && blocks.values().all(|block| *block == true), "{blocks:?}");
    assert_eq!(bucket["Properties"]["VersioningConfiguration"]["Status"], "Enabled");
    let statements = of_account("TrailBucketPolicy")["Properties"]["PolicyDocument"]["Statement"].clone();
    for statement in statements.as_array().expect("statements") {
        let is_denial = statement["Effect"] == "Deny";
        assert!(is_denial || statement["Condition"].to_string().contains("trail/pokedex"), "{statement}");
    }
    assert_eq!(of_account("Analyzer")["Properties"]["Type"], "ACCOUNT");
}

#[test]
fn a_budget_notifies_at_80_percent_and_when_the_forecast_reaches_it() {
    let budget = of_account("Budget")["Properties"].clone();
    let notices = budget["NotificationsWithSubscribers"].as_array().expect("notices").clone();
    let limits: Vec<_> = notices
        .iter()
        .map(|one| (&one["Notification"]["NotificationType"], &one["Notification"]["Threshold"]))
        .collect();
    assert_eq!(limits, [(&json!("ACTUAL"), &json!(80)), (&json!("FORECASTED"), &json!(100))]);
    assert!(notices.iter().all(|one| one["Subscribers"][0]["Address"] == json!({"Ref": "BudgetEmail"})));
}

/// People who move traffic show a second factor, and read no data of users.
#[test]
fn an_operator_needs_a_second_factor_and_reads_no_data() {
    let operator = of_account("Operator")["Properties"].clone();
    let trust = &operator["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Condition"]["Bool"]["aws:MultiFactorAuthPresent"], "true");
    assert_eq!(trust["Condition"]["NumericLessThan"]["aws:MultiFactorAuthAge"], "3600");
    let statements = operator["Policies"][0]["PolicyDocument"]["Statement"].clone();
    let denied: Vec<_> =
        statements.as_array().expect("statements").iter().filter(|one| one["Effect"] == "Deny").collect();
    let denied: Vec<_> = denied.iter().flat_map(|one| texts(&one["Action"])).collect();
    for action in [
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "secretsmanager:GetSecretValue",
        "s3:GetObject",
        "s3:GetObjectVersion",
    ] {
        assert!(denied.iter().any(|one| one == action), "{action}");
    }
}

/// Reads alone may be named by their beginning, and only actions without a resource have all.
#[test]
fn no_right_is_wider_than_the_environment() {
    for (id, statement) in all_statements() {
        let named = format!("{id}, {}", statement["Sid"]);
        if statement["Effect"] == "Deny" {
            continue;
        }
        for action in texts(&statement["Action"]) {
            let (_, name) = action.split_once(':').unwrap_or_else(|| panic!("{named}: {action}"));
            let is_read = ["Get", "List", "Describe"].iter().any(|start| name.starts_with(start));
            assert!(!name.contains('*') || is_read && name.ends_with('*'), "{named}: {action}");
        }
        let without_resource = ["WithoutResource", "Observation", "ListStacks", "KeyOfTheService"];
        for resource in texts(&statement["Resource"]) {
            let is_ours = resource.contains("pokedex-");
            // Their ids are random. Tags limit the rights to distributions and certificates.
            let has_random_id = [
                "cloudfront::",
                "certificate/*",
                "managedruleset/*",
                "route53:::",
                ":delivery:*",
                ":recovery-point:*",
                ":backup-plan:*",
            ]
            .iter()
            .any(|part| resource.contains(part));
            if [":distribution/*", ":certificate/*"].iter().any(|part| resource.ends_with(part)) {
                let tag = &statement["Condition"]["StringEqualsIfExists"]["aws:ResourceTag/env"];
                assert_eq!(*tag, json!({"Ref": "Environment"}), "{named}: {resource}");
            }
            let is_exempt = has_random_id
                || resource == "*"
                    && statement["Sid"].as_str().is_some_and(|id| without_resource.contains(&id))
                || [
                    "::/apis",
                    "::/tags/*",
                    ":deploymentconfig:CodeDeployDefault.*",
                    ":role/aws-service-role/*",
                ]
                .iter()
                .any(|place| resource.contains(place));
            assert!(is_ours || is_exempt, "{named}: {resource}");
        }
    }
}

#[test]
fn a_role_is_passed_only_to_the_services_that_use_it() {
    let passed: Vec<_> = all_statements()
        .into_iter()
        .filter(|(_, one)| texts(&one["Action"]).contains(&"iam:PassRole".to_owned()))
        .collect();
    let shown: Vec<_> = passed
        .iter()
        .map(|(id, one)| {
            (&**id, texts(&one["Resource"]), texts(&one["Condition"]["StringEquals"]["iam:PassedToService"]))
        })
        .collect();
    let role = |name: &str| vec![format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{name}")];
    let service =
        |names: &[&str]| names.iter().map(|name| format!("{name}.amazonaws.com")).collect::<Vec<_>>();
    let expected = [
        (
            "CloudFormationRole",
            role("pokedex-${Names}-*"),
            service(&["lambda", "scheduler", "codedeploy", "backup"]),
        ),
        ("DeployRole", role("pokedex-cloudformation-${Environment}"), service(&["cloudformation"])),
    ];
    assert_eq!(shown, expected);
}

/// Without the boundary, a template could create a role that may do everything.
#[test]
fn a_role_without_the_boundary_cannot_be_created_or_changed() {
    let guarded =
        ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"];
    let mut found = BTreeSet::new();
    for (id, statement) in all_statements() {
        let actions = texts(&statement["Action"]);
        for action in guarded.iter().filter(|action| actions.iter().any(|one| one == *action)) {
            let boundary = &statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"];
            assert_eq!(*boundary, json!({"Ref": "Boundary"}), "{id}: {action}");
            found.insert(*action);
        }
        let removes = actions.iter().any(|action| action == "iam:DeleteRolePermissionsBoundary");
        assert!(!removes, "{id} removes boundaries");
    }
    assert_eq!(found.len(), guarded.len());
}

/// A deployment that could change one of these names could give itself every right.
#[test]
fn the_rights_of_deployments_have_names_that_no_environment_has() {
    let mut names = Vec::new();
    for (_, resource) in [DEPLOYER, WORKFLOWS].into_iter().flat_map(resources) {
        let properties = &resource["Properties"];
        names.extend(["RoleName", "ManagedPolicyName"].iter().flat_map(|name| texts(&properties[*name])));
    }
    let expected = ["boundary", "watch", "recovery", "edge", "cloudformation", "deploy", "operate"]
        .map(|name| format!("pokedex-{name}-${{Environment}}"));
    assert_eq!(names, expected);
    for file in [DEPLOYER, WORKFLOWS] {
        let parameters = &template(file)["Parameters"];
        assert_eq!(parameters["Names"]["AllowedValues"], json!(["staging", "prod", "f-*"]), "{file}");
        assert_eq!(
            parameters["Environment"]["AllowedValues"],
            json!(["staging", "prod", "feature"]),
            "{file}"
        );
    }
}

/// A new action of a function fails here instead of in its first request on AWS, and an old one does not remain.
#[test]
fn the_boundary_allows_exactly_the_actions_of_the_roles() {
    let (_, boundary) = resources(DEPLOYER).into_iter().find(|(id, _)| id == "Boundary").expect("a boundary");
    let bounded = actions(&statements(&boundary));
    let used =
        TEMPLATES.into_iter().flat_map(resources).flat_map(|(_, resource)| match resource["Type"].as_str() {
            Some("AWS::IAM::Role" | "AWS::IAM::ManagedPolicy") => actions(&statements(&resource)),
            _ => BTreeSet::new(),
        });
    let used: BTreeSet<String> = used.collect();
    assert_eq!(bounded, used, "infra/deployer.yaml, and the roles of the stacks");
}

/// IAM counts the characters of a policy without its white space: 10,240 for all inline policies of a role, 6,144 for a managed policy.
#[test]
fn the_policies_of_deployments_are_small_enough_and_not_empty() {
    let size = |document: &Value| {
        document.to_string().replace("{\"Fn::Sub\":", "").replace("${AWS::Partition}", "aws").len()
    };
    for (id, resource) in [DEPLOYER, WORKFLOWS].into_iter().flat_map(resources) {
        let properties = &resource["Properties"];
        let inline = properties["Policies"].as_array().cloned().unwrap_or_default();
        for policy in &inline {
            let statements = policy["PolicyDocument"]["Statement"].as_array().expect("statements");
            let is_unconditional = statements.iter().any(|statement| statement["Effect"].is_string());
            assert!(is_unconditional, "{id}: {} would be empty without its conditions", policy["PolicyName"]);
        }
        let inline: usize = inline.iter().map(|policy| size(&policy["PolicyDocument"])).sum();
        // References are longer than the values that replace them.
        assert!(inline <= 10_240, "{id} has {inline} characters");
        assert!(size(&properties["PolicyDocument"]) <= 6_144, "{id}");
    }
}

#[test]
fn cloudformation_may_create_every_type_of_the_stacks() {
    let of = |name: &str| {
        let (_, found) = resources(DEPLOYER).into_iter().find(|(id, _)| id == name).expect("a resource");
        actions(&statements(&found))
    };
    let allowed: BTreeSet<String> = ["CloudFormationRole", "EdgePolicy", "RecoveryPolicy", "WatchPolicy"]
        .into_iter()
        .flat_map(of)
        .collect();
    let types: BTreeSet<String> = TEMPLATES
        .into_iter()
        .flat_map(resources)
        .map(|(_, resource)| resource["Type"].as_str().expect("a type").to_owned())
        .collect();
    assert_eq!(types.iter().map(String::as_str).collect::<Vec<_>>(), CREATES.map(|(kind, _)| kind));
    for (kind, action) in CREATES {
        assert!(allowed.contains(action), "{kind}: {action}");
    }
}

/// Stable environments hold data of users.
#[test]
fn no_workflow_deletes_data_of_a_stable_environment() {
    let deletes = |action: &String| {
        ["dynamodb:DeleteTable", "s3:DeleteBucket", "secretsmanager:DeleteSecret"].contains(&action.as_str())
    };
    let role = resources(DEPLOYER).into_iter().find(|(id, _)| id == "CloudFormationRole").expect("a role").1;
    for policy in role["Properties"]["Policies"].as_array().expect("policies") {
        for statement in policy["PolicyDocument"]["Statement"].as_array().expect("statements") {
            match statement["Fn::If"].as_array() {
                Some(branches) => {
                    assert_eq!(branches[0], "IsStable");
                    assert!(!texts(&branches[1]["Action"]).iter().any(deletes), "{}", branches[1]["Sid"]);
                }
                None => assert!(!texts(&statement["Action"]).iter().any(deletes), "{}", statement["Sid"]),
            }
        }
    }
    for (id, policy) in resources(DEPLOYER).into_iter().filter(|(_, one)| one["Condition"] == "IsStable") {
        assert!(!actions(&statements(&policy)).iter().any(deletes), "{id}");
    }
    let kept = all_statements().into_iter().find(|(_, statement)| statement["Sid"] == "KeepTheData");
    let (_, kept) = kept.expect("a statement");
    assert_eq!((&kept["Effect"], &kept["Action"]), (&json!("Deny"), &json!("cloudformation:DeleteStack")));
}

#[test]
fn the_rights_of_deployments_have_all_tags() {
    for (id, resource) in [DEPLOYER, WORKFLOWS, "infra/account.yaml"].into_iter().flat_map(resources) {
        if ["AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy"].iter().any(|kind| resource["Type"] == *kind) {
            continue;
        }
        let name = if resource["Type"] == "AWS::Budgets::Budget" { "ResourceTags" } else { "Tags" };
        let tags = resource["Properties"][name].as_array().unwrap_or_else(|| panic!("{id} has no tags"));
        let names: Vec<_> = tags.iter().filter_map(|tag| tag["Key"].as_str()).collect();
        assert_eq!(names, ["app", "env", "owner", "cost-center"], "{id}");
    }
}
