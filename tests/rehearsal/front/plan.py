"""What CloudFormation leaves to CodeDeploy in an update: the aliases with UpdatePolicy.CodeDeployLambdaAliasUpdate."""

import copy
from dataclasses import dataclass, field

from adapt import physical_name, unsupported
from intrinsics import NOTHING, Unresolved, Values

HOOKS = {"BeforeAllowTrafficHook": "BeforeAllowTraffic", "AfterAllowTrafficHook": "AfterAllowTraffic"}
# The start of the name of an export that does not exist. An output that imports it lets the emulator apply every resource, and then hold
# the update: it fails without a rollback, so that the update can still be finished or rolled back by the emulator's own means.
HOLD = "front-hold"


@dataclass
class Plan:
    """One alias under CodeDeploy. What needs the new resources is filled in by `complete`."""

    logical: str
    function: str
    alias: str
    current: str
    policy: dict
    physical: str
    target: str = ""
    application: str = ""
    group: str = ""
    config: str = ""
    hooks: dict = field(default_factory=dict)
    alarms: list = field(default_factory=list)
    lost_alarms: list = field(default_factory=list)
    auto_rollback: dict = field(default_factory=dict)


def values(template, parameters, stack_id, resources):
    """An evaluator of a template; the stack has no resources that the emulator cannot create."""
    names = {name: physical_name(name, resource) for name, resource in template["Resources"].items() if unsupported(resource)}
    return Values(template, parameters, stack_id, resources, names)


def aliases(emulator, known, existing):
    """The plans for a template that is about to be deployed: an alias must exist already, because the first version takes all traffic.
    `existing` holds the stack's resources as {logical id: (type, physical id)}."""
    plans = []
    for logical, resource in known.template["Resources"].items():
        if resource.get("Type") != "AWS::Lambda::Alias" or "UpdatePolicy" not in resource or logical not in existing:
            continue
        if not known.exists(logical):
            continue
        policy = resource["UpdatePolicy"]
        if set(policy) == {"Fn::If"}:
            condition, yes, no = policy["Fn::If"]
            policy = yes if known.condition(condition) else no
        if "CodeDeployLambdaAliasUpdate" not in policy:
            continue
        physical = existing[logical][1]
        function, alias = physical.split(":")[-2:]
        found = emulator.client("lambda").get_alias(FunctionName=function, Name=alias)
        plans.append(Plan(logical, function, alias, found["FunctionVersion"], policy["CodeDeployLambdaAliasUpdate"], physical))
    return plans


def held(adapted, plans, export):
    """The template whose deployment publishes new versions while the aliases stay where they are, and which ends in a hold."""
    template = copy.deepcopy(adapted)
    for plan in plans:
        template["Resources"][plan.logical]["Properties"]["FunctionVersion"] = plan.current
    template.setdefault("Outputs", {})["FrontHold"] = {"Value": {"Fn::ImportValue": export}}
    return template


def complete(plan, known):
    """Fills in what CodeDeploy needs to know, now that the new versions exist."""
    resources = known.template["Resources"]
    plan.target = str(known.value(resources[plan.logical]["Properties"]["FunctionVersion"]))
    plan.application = known.value(plan.policy["ApplicationName"])
    plan.group = known.value(plan.policy["DeploymentGroupName"])
    plan.hooks = {event: known.value(plan.policy[key]) for key, event in HOOKS.items() if plan.policy.get(key)}
    plan.hooks = {event: hook for event, hook in plan.hooks.items() if hook not in (NOTHING, "")}
    group = next((one for name, one in resources.items() if is_group(known, name, one, plan)), None)
    if group is None:
        raise Unresolved(f"the template has no deployment group {plan.group} in {plan.application}")
    properties = group["Properties"]
    plan.config = known.value(properties.get("DeploymentConfigName", "CodeDeployDefault.LambdaAllAtOnce"))
    plan.auto_rollback = known.value(properties.get("AutoRollbackConfiguration", {"Enabled": False}))
    configuration = properties.get("AlarmConfiguration", {})
    configuration = known.value(configuration) if "Fn::If" in configuration else configuration
    if configuration is NOTHING or str(configuration.get("Enabled", True)).lower() == "false":
        return
    for alarm in configuration.get("Alarms", []):
        lost = isinstance(alarm.get("Name"), dict) and unsupported(resources.get(alarm["Name"].get("Ref"), {}))
        name = known.value(alarm)
        if name is not NOTHING:
            (plan.lost_alarms if lost else plan.alarms).append(name["Name"])


def is_group(known, name, resource, plan):
    if resource.get("Type") != "AWS::CodeDeploy::DeploymentGroup" or not known.exists(name):
        return False
    application = known.value(resource["Properties"]["ApplicationName"])
    return (known.ref(name), application) == (plan.group, plan.application)
