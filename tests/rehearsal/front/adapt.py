"""Adapts a template to the emulator (ministack 1.5.33): this file holds every difference between what a client sends and what the
emulator deploys. docs/adr/0010-rehearsals.md lists the gaps that have no workaround.
"""

import copy
import re

# The resources that the emulator cannot create: type, property that such a resource has, and reason. The resources are dropped, and so is every reference.
UNSUPPORTED = [
    ("AWS::CodeDeploy::Application", None, "CodeDeploy is missing: the front answers for it"),
    ("AWS::CodeDeploy::DeploymentGroup", None, "CodeDeploy is missing: the front carries out the deployments"),
    ("AWS::CloudWatch::Alarm", "Metrics", "metric math is missing"),
    ("AWS::CloudWatch::CompositeAlarm", None, "the resource type is missing"),
    ("AWS::Backup::BackupSelection", None, "the resource type is missing"),
    ("AWS::Budgets::Budget", None, "the resource type is missing"),
    ("AWS::CloudFront::MonitoringSubscription", None, "the resource type is missing"),
    ("AWS::CloudTrail::Trail", None, "the resource type is missing"),
    ("AWS::IAM::OIDCProvider", None, "the resource type is missing"),
    ("AWS::Logs::QueryDefinition", None, "the resource type is missing"),
    ("AWS::Logs::Delivery", None, "log deliveries are missing"),
    ("AWS::Logs::DeliveryDestination", None, "log deliveries are missing"),
    ("AWS::Logs::DeliverySource", None, "log deliveries are missing"),
    ("AWS::Route53::HealthCheck", None, "the resource type is missing"),
    ("AWS::SecretsManager::RotationSchedule", None, "the resource type is missing"),
]

# The property that names a dropped resource, for references to it.
NAMED_BY = {
    "AWS::CodeDeploy::Application": "ApplicationName",
    "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
}

# The host of an HTTP API as an origin, and the address of a distribution.
ORIGIN = re.compile(r"\$\{(\w+)\}\.execute-api\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}")
EDGE = re.compile(r"https://\$\{(\w+)\.DomainName\}")
# The address of an HTTP API, as templates compose it.
ADDRESS = re.compile(r"https://\$\{(\w+)\}\.execute-api\.\$\{AWS::Region\}\.(?:\$\{AWS::URLSuffix\}|amazonaws\.com)")


def adapted(template, front=None):
    """The template that the emulator deploys, and the dropped resources as {logical id: reason}. `front` is the front's address."""
    template = copy.deepcopy(template)
    resources = template.get("Resources", {})
    dropped = {name: reason for name, resource in resources.items() if (reason := unsupported(resource))}
    names = {name: physical_name(name, resources.pop(name)) for name in dropped}
    for name, resource in resources.items():
        resources[name] = without(resource, names)
    template["Outputs"] = without(template.get("Outputs", {}), names)
    if front:
        template["Outputs"] = through(template["Outputs"], front)
        template["Resources"] = resources = through(resources, front)
        for resource in resources.values():
            if resource["Type"] == "AWS::CloudFront::Distribution":
                reach_apis(resource, front)
    if not resources:
        # CloudFormation creates no empty stack.
        resources["Nothing"] = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    forgive_absent_keys(resources)
    forgive_tags_of_distributions(resources)
    if not template["Outputs"]:
        del template["Outputs"]
    return template, dropped


def unsupported(resource):
    """Why the emulator cannot create a resource; None if it can."""
    for kind, only_with, reason in UNSUPPORTED:
        if resource.get("Type") == kind and (only_with is None or only_with in resource.get("Properties", {})):
            return reason
    return None


def physical_name(logical, resource):
    """The name of a resource that the emulator does not have. CloudFormation would add a random suffix to a generated name."""
    named = resource.get("Properties", {}).get(NAMED_BY.get(resource["Type"], ""))
    return named if named is not None else {"Fn::Sub": f"${{AWS::StackName}}-{logical}"}


def without(node, names):
    """The node with the name of each dropped resource instead of the references to it, and without the dependencies on it."""
    if isinstance(node, list):
        return [without(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"} and node["Ref"] in names:
        return names[node["Ref"]]
    if set(node) == {"Fn::GetAtt"}:
        of = node["Fn::GetAtt"]
        of = of.split(".")[0] if isinstance(of, str) else of[0]
        return names[of] if of in names else node
    if set(node) == {"Fn::Sub"}:
        return substituted(node, names)
    changed = {key: without(value, names) for key, value in node.items()}
    if "DependsOn" in node and "Type" in node:
        needed = [node["DependsOn"]] if isinstance(node["DependsOn"], str) else node["DependsOn"]
        changed["DependsOn"] = [name for name in needed if name not in names]
    return changed


def substituted(node, names):
    """An Fn::Sub whose references to dropped resources are variables of its own."""
    text, variables = node["Fn::Sub"] if isinstance(node["Fn::Sub"], list) else (node["Fn::Sub"], {})
    variables = without(variables, names)
    for name, value in names.items():
        if name not in variables and re.search(rf"\$\{{{name}(\.\w+)?\}}", text):
            text = re.sub(rf"\$\{{{name}(\.\w+)?\}}", f"${{{name}}}", text)
            variables[name] = value
    return {"Fn::Sub": [text, variables] if variables else text}


def through(node, front):
    """The node with the front's addresses of HTTP APIs. No name below localhost is needed, because not every machine resolves one."""
    if isinstance(node, list):
        return [through(item, front) for item in node]
    if not isinstance(node, dict):
        if not isinstance(node, str):
            return node
        return EDGE.sub(rf"{front}/_front/edge/${{\1.DomainName}}", ADDRESS.sub(rf"{front}/_front/api/${{\1}}", node))
    if set(node) == {"Fn::GetAtt"}:
        name, attribute = node["Fn::GetAtt"].split(".", 1) if isinstance(node["Fn::GetAtt"], str) else node["Fn::GetAtt"]
        return {"Fn::Sub": f"{front}/_front/api/${{{name}}}"} if attribute == "ApiEndpoint" else node
    return {key: through(value, front) for key, value in node.items()}


def reach_apis(distribution, front):
    """Sends the requests of a distribution for an HTTP API to the front: the emulator dials no host of AWS."""
    for origin in distribution["Properties"]["DistributionConfig"]["Origins"]:
        found = ORIGIN.fullmatch(str(origin.get("DomainName", {}).get("Fn::Sub", ""))) if isinstance(origin.get("DomainName"), dict) else None
        if found:
            host, port = front.removeprefix("http://").split(":")
            origin["DomainName"], origin["OriginPath"] = host, {"Fn::Sub": f"/_front/api/${{{found[1]}}}"}
            origin["CustomOriginConfig"] = {
                **origin["CustomOriginConfig"], "OriginProtocolPolicy": "http-only", "HTTPPort": int(port),
            }


def forgive_absent_keys(resources):
    """The emulator never sets dynamodb:LeadingKeys: a condition that requires its presence would refuse everything. The rest of the
    condition always holds, so only tests/house/access.rs proves the keys themselves."""
    for statement in statements_of_roles(resources):
        statement.get("Condition", {}).pop("Null", None)


def forgive_tags_of_distributions(resources):
    """The emulator never sets aws:ResourceTag for CloudFront: a condition on it would refuse everything. `iam-simulate` proves it."""
    for statement in statements_of_roles(resources):
        if str(statement.get("Action")).startswith("cloudfront:"):
            statement.pop("Condition", None)


def statements_of_roles(resources):
    for resource in resources.values():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"].get("Policies", []):
            statements = policy["PolicyDocument"]["Statement"] if isinstance(policy, dict) and "PolicyDocument" in policy else []
            yield from [one for one in (statements if isinstance(statements, list) else [statements]) if "Action" in one]
