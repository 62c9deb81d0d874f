"""CodeDeploy: deployments of Lambda aliases, and the operations that a hook function and an operator call.

The wording of errors is CodeDeploy's.
"""

import datetime
import hashlib
import json
import re
import secrets
import threading
import time

from wire import answer

ENDED = ("Succeeded", "Failed", "Stopped")
HOOK_FAILED = "The deployment failed because one or more of the lifecycle event validation functions failed."
HOOK_SILENT = (
    "The deployment timed out while waiting for a status callback. "
    "CodeDeploy expects a status callback within one hour after a deployment hook is invoked."
)
ALARMED = (
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments "
    "have been stopped. Activated alarms: {}"
)


def new_id():
    return f"d-{secrets.token_hex(5)[:9].upper()}"


def phases(config):
    """The shares of traffic of a deployment configuration: [(per cent, minutes)], before all of it."""
    if config == "CodeDeployDefault.LambdaAllAtOnce":
        return []
    found = re.fullmatch(r"CodeDeployDefault\.Lambda(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minutes?", config)
    if not found:
        raise ValueError(f"the front does not know the deployment configuration {config}")
    kind, percent, minutes = found[1], int(found[2]), int(found[3])
    return [(share, minutes) for share in (range(percent, 100, percent) if kind == "Linear" else [percent])]


class Failure(Exception):
    """The end of a deployment that did not succeed."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Deployment:
    """The shift of one alias from its version to another one."""

    def __init__(self, plan, stack_id):
        self.id, self.plan, self.stack_id = new_id(), plan, stack_id
        self.status, self.share, self.error, self.rollback_id = "Created", 0, None, None
        self.created, self.started, self.completed = time.time(), None, None
        self.steps, self.hooks, self.alarms = [], {}, {}
        self.stop = threading.Event()

    def step(self, what):
        self.steps.append({"seconds": round(time.time() - self.created, 2), "what": what})

    def begin(self):
        self.status, self.started = "InProgress", time.time()

    def end(self, status, code=None, message=None):
        self.status, self.completed = status, time.time()
        self.error = {"code": code, "message": message} if code else None
        self.step(status)

    def app_spec(self):
        plan = self.plan
        properties = {"Name": plan.function, "Alias": plan.alias, "CurrentVersion": plan.current, "TargetVersion": plan.target}
        hooks = [{event: hook} for event, hook in plan.hooks.items()]
        resource = {plan.function: {"Type": "AWS::Lambda::Function", "Properties": properties}}
        return json.dumps({"version": 0.0, "Resources": [resource], **({"Hooks": hooks} if hooks else {})})

    def info(self):
        """DeploymentInfo of the API."""
        content = self.app_spec()
        info = {
            "applicationName": self.plan.application, "deploymentGroupName": self.plan.group, "deploymentConfigName": self.plan.config,
            "deploymentId": self.id, "status": self.status, "createTime": self.created, "startTime": self.started,
            "completeTime": self.completed, "errorInformation": self.error, "creator": "user", "computePlatform": "Lambda",
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "autoRollbackConfiguration": self.plan.auto_rollback, "ignoreApplicationStopFailures": False,
            "revision": {
                "revisionType": "AppSpecContent",
                "appSpecContent": {"content": content, "sha256": hashlib.sha256(content.encode()).hexdigest()},
            },
        }
        if self.rollback_id:
            message = f"Deployment {self.id} terminated. Automatic rollback is triggered with a DeploymentId {self.rollback_id}."
            info["rollbackInfo"] = {"rollbackDeploymentId": self.rollback_id, "rollbackMessage": message}
        return {name: value for name, value in info.items() if value is not None}

    def shown(self):
        """What GET /_front/deployments reports."""
        time_of = lambda at: at and datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="milliseconds")  # noqa: E731
        return {
            "deploymentId": self.id, "stackId": self.stack_id, "application": self.plan.application, "group": self.plan.group,
            "config": self.plan.config, "function": self.plan.function, "alias": self.plan.alias, "currentVersion": self.plan.current,
            "targetVersion": self.plan.target, "status": self.status, "share": self.share, "error": self.error,
            "rollbackDeploymentId": self.rollback_id, "created": time_of(self.created), "completed": time_of(self.completed),
            "seconds": round((self.completed or time.time()) - self.created, 2), "steps": self.steps, "alarms": self.alarms,
            "alarmsWithoutEmulation": self.plan.lost_alarms, "hooks": {hook.event: hook.shown() for hook in self.hooks.values()},
        }


class Hook:
    """One run of a hook function."""

    def __init__(self, event, function):
        self.event, self.function, self.id = event, function, secrets.token_urlsafe(48)
        self.status, self.error, self.reported = "InProgress", None, threading.Event()

    def report(self, status):
        self.status = status
        self.reported.set()

    def shown(self):
        return {"function": self.function, "status": self.status, "functionError": self.error}


class CodeDeploy:
    def __init__(self, emulator):
        self.emulator, self.deployments, self.lock = emulator, {}, threading.Lock()

    def add(self, deployment):
        with self.lock:
            self.deployments[deployment.id] = deployment

    def all(self):
        with self.lock:
            return list(self.deployments.values())

    def answer(self, request, access_key):
        """The response to a request of the JSON 1.1 protocol."""
        operation = request.header("x-amz-target").partition(".")[2]
        body = json.loads(request.content() or b"{}")
        act = {
            "GetDeployment": self.get_deployment, "BatchGetDeployments": self.batch_get_deployments,
            "ListDeployments": self.list_deployments, "PutLifecycleEventHookExecutionStatus": self.put_status,
        }.get(operation)
        if act is None:
            return refusal("InvalidOperationException", f"The front does not implement {operation}.")
        if denied := self.denied(operation, body, access_key):
            return denied
        return act(body)

    def denied(self, operation, body, access_key):
        """Applies the policies of the hook's role: the emulator simulates them. Signatures of CodeDeploy requests are not verified, and
        every key but the front's own counts as the hook's."""
        deployment = self.deployments.get(body.get("deploymentId"))
        if deployment is None or access_key == self.emulator.key or not deployment.hooks:
            return None
        function = next(iter(deployment.hooks.values())).function
        role = self.emulator.client("lambda").get_function_configuration(FunctionName=function)["Role"]
        region, account = deployment.stack_id.split(":")[3:5]
        group = f"arn:aws:codedeploy:{region}:{account}:deploymentgroup:{deployment.plan.application}/{deployment.plan.group}"
        results = self.emulator.client("iam").simulate_principal_policy(
            PolicySourceArn=role, ActionNames=[f"codedeploy:{operation}"], ResourceArns=[group]
        )["EvaluationResults"]
        if all(result["EvalDecision"] == "allowed" for result in results):
            return None
        name = role.rsplit("/", 1)[1]
        who = f"arn:aws:sts::{account}:assumed-role/{name}/{function}"
        message = f"User: {who} is not authorized to perform: codedeploy:{operation} on resource: {group}"
        return refusal("AccessDeniedException", f"{message} because no identity-based policy allows the codedeploy:{operation} action")

    def get_deployment(self, body):
        deployment = self.deployments.get(body.get("deploymentId"))
        if deployment is None:
            return missing(body.get("deploymentId"))
        return success({"deploymentInfo": deployment.info()})

    def batch_get_deployments(self, body):
        found = [self.deployments[one] for one in body.get("deploymentIds", []) if one in self.deployments]
        return success({"deploymentsInfo": [deployment.info() for deployment in found]})

    def list_deployments(self, body):
        """Filters by application, group and status; the newest comes first."""
        wanted = [("applicationName", "application"), ("deploymentGroupName", "group")]
        found = [
            deployment.id for deployment in reversed(self.all())
            if all(name not in body or body[name] == getattr(deployment.plan, own) for name, own in wanted)
            and deployment.status in body.get("includeOnlyStatuses", [deployment.status])
        ]
        return success({"deployments": found})

    def put_status(self, body):
        deployment = self.deployments.get(body.get("deploymentId"))
        if deployment is None:
            return missing(body.get("deploymentId"))
        hook, status = deployment.hooks.get(body.get("lifecycleEventHookExecutionId")), body.get("status")
        if hook is None:
            return refusal("InvalidLifecycleEventHookExecutionIdException", "The lifecycle event hook execution ID is invalid")
        if status not in ("Succeeded", "Failed"):
            return refusal("InvalidLifecycleEventHookExecutionStatusException", f"The status {status} is invalid")
        if hook.reported.is_set():
            return refusal("LifecycleEventAlreadyCompletedException", "The lifecycle event has already completed")
        hook.report(status)
        return success({"lifecycleEventHookExecutionId": hook.id})


def success(body):
    return answer(200, json.dumps(body).encode(), "application/x-amz-json-1.1")


def refusal(code, message):
    return answer(400, json.dumps({"__type": code, "message": message}).encode(), "application/x-amz-json-1.1")


def missing(deployment_id):
    return refusal("DeploymentDoesNotExistException", f"The deployment {deployment_id} could not be found")
