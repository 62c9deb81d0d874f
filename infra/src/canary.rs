//! The traffic shift of a new version: CodeDeploy invokes the verification, moves a share of the traffic, reads alarms, and rolls back.

use serde_json::{Value, json};

use crate::{
    function::Function,
    stack::{Stack, Traffic},
    tags::tags,
};

/// The condition under which new versions receive their traffic in steps.
const CONDITION: &str = "HasCanaries";

/// The alarm on the errors of a release in all functions of a stack.
const RELEASE_ALARM: &str = "ReleaseErrorsAlarm";

/// Returns the property of `function` that makes its alias move by a deployment; `None` in a stack without deployments.
pub(crate) fn preference(function: &Function, stack: Stack) -> Option<Value> {
    let mut preference = json!({
        "Enabled": {"Ref": "Canaries"},
        "Role": {"Ref": "CodeDeployRoleArn"},
        "Hooks": {"PreTraffic": {"Ref": "VerifyReleaseArn"}},
    });
    match stack.traffic()? {
        Traffic::InSteps => {
            preference["Type"] = json!({"Ref": "TrafficShift"});
            let alarms = json!([{"Ref": format!("{}Alarm", function.id())}, {"Ref": RELEASE_ALARM}]);
            preference["Alarms"] = json!({"Fn::If": [CONDITION, alarms, [{"Ref": "AWS::NoValue"}]]});
        }
        // A share of little traffic shows nothing: the verification decides.
        Traffic::AtOnce => preference["Type"] = json!("AllAtOnce"),
    }
    Some(preference)
}

/// Returns the alarm on crashes and time-outs of the new version of `function`, by logical id.
pub(crate) fn alarm(function: &Function, stack: Stack) -> Option<(String, Value)> {
    if stack.traffic()? == Traffic::AtOnce {
        return None;
    }
    let id = function.id();
    let dimensions = json!([
        {"Name": "FunctionName", "Value": {"Ref": format!("{id}Function")}},
        {"Name": "Resource", "Value": {"Fn::Sub": format!("${{{id}Function}}:live")}},
        {"Name": "ExecutedVersion", "Value": {"Fn::GetAtt": format!("{id}Function.Version.Version")}},
    ]);
    let alarm = counting(
        "AWS/Lambda",
        "Errors",
        &dimensions,
        1,
        &format!("A new version of {} fails", function.name),
    );
    Some((format!("{id}Alarm"), alarm))
}

/// Returns what the deployments of a stack share, by logical id.
pub(crate) fn shared(stack: Stack) -> Vec<(String, Value)> {
    if stack.traffic() != Some(Traffic::InSteps) {
        return Vec::new();
    }
    // The deployment replaces the text, as in the variable RELEASE.
    let dimensions = json!([
        {"Name": "env", "Value": {"Ref": "Environment"}},
        {"Name": "release", "Value": "development"},
    ]);
    let description = "Functions of a new release answer with server errors";
    vec![(RELEASE_ALARM.to_owned(), counting("Pokedex", "ServerErrors", &dimensions, 3, description))]
}

/// An alarm that fires as soon as a metric's sum over a minute reaches `threshold`.
fn counting(namespace: &str, metric: &str, dimensions: &Value, threshold: u32, description: &str) -> Value {
    json!({
        "Type": "AWS::CloudWatch::Alarm",
        "Condition": CONDITION,
        "Properties": {
            "AlarmDescription": format!("{description}: its deployment is rolled back (docs/runbooks/release.md)."),
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": dimensions,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "Tags": tags(),
        },
    })
}

/// Returns the role of the deployments. SAM's own may invoke only functions whose names have a certain prefix.
pub(crate) fn role() -> Value {
    let functions =
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:pokedex-${Environment}-*";
    json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "codedeploy.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                }],
            },
            "Policies": [{
                "PolicyName": "deployments",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
                        "Resource": {"Fn::Sub": functions},
                    },
                    {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Ref": "VerifyReleaseFunction.Alias"}},
                    // CloudWatch has no narrower resource for this action.
                    {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": "*"},
                ]},
            }],
            "Tags": tags(),
        },
    })
}
