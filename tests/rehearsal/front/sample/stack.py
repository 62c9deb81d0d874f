"""The template of the sample stack: two functions behind an HTTP API, a hook, and deployment groups with alarms."""

LIVE = "live"
INVOKED = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"


REPORTS = ("codedeploy:GetDeployment", "codedeploy:PutLifecycleEventHookExecutionStatus")


def template(bucket, key, release, behaviour="ok", hook="reports", config="LambdaCanary10Percent5Minutes", more=None, rights=REPORTS):
    """`behaviour` belongs to the first function; the second one is always good. `rights` are the hook's rights in CodeDeploy."""
    resources = {
        "FunctionRole": role([]),
        "HookRole": role([
            statement("lambda:InvokeFunction", "*"),
            statement(
                list(rights),
                {"Fn::Sub": "arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:${Application}/*"},
            ),
        ]),
        "DeployRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": trust("codedeploy.amazonaws.com"),
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"],
            },
        },
        "Hook": function("hook", "hook", "HookRole", bucket, key, {"HOOK": hook}),
        "Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": {"Ref": "AWS::StackName"}, "ProtocolType": "HTTP"}},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
            "ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True,
        }},
        **part("One", "GET /one/{id}", bucket, key, release, behaviour, config),
        **part("Two", "$default", bucket, key, release, "ok", config),
        **(more or {}),
    }
    return {
        "Parameters": {
            "Environment": {"Type": "String"},
            "Canary": {"Type": "String", "Default": "true"},
            "Hidden": {"Type": "String", "NoEcho": True},
        },
        "Conditions": {"Canary": {"Fn::Equals": [{"Ref": "Canary"}, "true"]}},
        "Rules": {"DevHasNoCanary": {
            "RuleCondition": {"Fn::Equals": [{"Ref": "Environment"}, "dev"]},
            "Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "Canary"}, "false"]}, "AssertDescription": "dev has no canary"}],
        }},
        "Resources": resources,
        "Outputs": {
            "ApiId": {"Value": {"Ref": "Api"}},
            "ApiUrl": {"Value": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}},
            "Application": {"Value": {"Ref": "Application"}},
            "Release": {"Value": release},
        },
    }


def part(name, route, bucket, key, release, behaviour, config):
    """A function with its version, alias, route, deployment group and alarms."""
    variables = {"RELEASE": release, "BEHAVIOUR": behaviour, "HIDDEN": {"Ref": "Hidden"}}
    version = f"{name}Version{release}"
    return {
        name: function(name.lower(), "function", "FunctionRole", bucket, key, variables),
        version: {"Type": "AWS::Lambda::Version", "DeletionPolicy": "Retain", "Properties": {"FunctionName": {"Ref": name}}},
        f"{name}Alias": {
            "Type": "AWS::Lambda::Alias",
            "UpdatePolicy": {"Fn::If": ["Canary", {"CodeDeployLambdaAliasUpdate": {
                "ApplicationName": {"Ref": "Application"}, "DeploymentGroupName": {"Ref": f"{name}Group"},
                "BeforeAllowTrafficHook": {"Ref": "Hook"},
            }}, {"Ref": "AWS::NoValue"}]},
            "Properties": {"FunctionName": {"Ref": name}, "FunctionVersion": {"Fn::GetAtt": [version, "Version"]}, "Name": LIVE},
        },
        f"{name}Group": {
            "Type": "AWS::CodeDeploy::DeploymentGroup",
            "Properties": {
                "ApplicationName": {"Ref": "Application"}, "ServiceRoleArn": {"Fn::GetAtt": ["DeployRole", "Arn"]},
                "DeploymentConfigName": f"CodeDeployDefault.{config}",
                "DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
                "AutoRollbackConfiguration": {"Enabled": True, "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
                "AlarmConfiguration": {"Enabled": True, "Alarms": [
                    {"Name": {"Ref": f"{name}Crashes"}}, {"Name": {"Ref": f"{name}Errors"}}, {"Name": {"Ref": f"{name}Math"}},
                ]},
            },
        },
        f"{name}Crashes": alarm("AWS/Lambda", "Errors", {
            "FunctionName": {"Ref": name}, "Resource": {"Fn::Sub": f"${{{name}}}:{LIVE}"},
            "ExecutedVersion": {"Fn::GetAtt": [version, "Version"]},
        }),
        f"{name}Errors": alarm("Sample", "ServerErrors", {"function": {"Ref": name}}),
        f"{name}Math": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "Metrics": [{"Id": "e", "Expression": "1"}], "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
            "Threshold": 1,
        }},
        f"{name}Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
            "IntegrationUri": {"Fn::Sub": f"{INVOKED}/${{{name}Alias}}/invocations"},
        }},
        f"{name}Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
            "ApiId": {"Ref": "Api"}, "RouteKey": route, "Target": {"Fn::Sub": f"integrations/${{{name}Integration}}"},
        }},
    }


def function(name, handler, role_name, bucket, key, variables):
    return {"Type": "AWS::Lambda::Function", "Properties": {
        "FunctionName": {"Fn::Sub": f"${{AWS::StackName}}-{name}"}, "Runtime": "provided.al2023", "Handler": handler, "Timeout": 20,
        "Code": {"S3Bucket": bucket, "S3Key": key}, "Role": {"Fn::GetAtt": [role_name, "Arn"]}, "Environment": {"Variables": variables},
    }}


def alarm(namespace, metric, dimensions):
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": {
        "Namespace": namespace, "MetricName": metric, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }}


def role(statements):
    policies = [{"PolicyName": "function", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}] if statements else []
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust("lambda.amazonaws.com"), "Policies": policies}}


def trust(service):
    allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allowed]}


def statement(actions, resource):
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
