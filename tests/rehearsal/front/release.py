"""An update whose aliases move under CodeDeploy, in the background, as CloudFormation carries it out.

1. The emulator applies the new template with the aliases held at their versions (see `plan.HOLD`).
2. Each changed alias has a deployment, all at the same time: a hook before, the shares of traffic under the alarms, a hook after.
3. Every deployment succeeded: the emulator executes the template as it is, and the aliases move. Otherwise it rolls the update back.
"""

import contextlib
import re
import sys
import threading
import time
import traceback
import uuid

import codedeploy
import plan as planning
from botocore.exceptions import ClientError
from codedeploy import Deployment, Failure, Hook
from metrics import LogReader

TICK = 0.5
INTERNAL = "front-internal-"


class Settings:
    """`minute`: how many seconds stand for a minute of a deployment configuration or of an alarm's period."""

    def __init__(self, minute, hook_timeout, hooks_at_once):
        self.minute, self.hook_timeout = minute, hook_timeout
        self.hooks_at_once = threading.BoundedSemaphore(hooks_at_once)


class Release:
    def __init__(self, services, change_set, plans, described):
        self.services, self.change_set, self.plans, self.described = services, change_set, plans, described
        self.stack_id, self.stack_name = change_set.stack_id, change_set.stack_name
        self.deployments, self.events = [], []
        self.status, self.execution = "UPDATE_IN_PROGRESS", "EXECUTE_IN_PROGRESS"
        self.done, self.cancelled = threading.Event(), threading.Event()
        self.tokens = {stage: f"front-{stage}-{uuid.uuid4()}" for stage in ("hold", "move", "back")}
        self.hold = f"{planning.HOLD}-{uuid.uuid4()}"
        self.client_token, self.rollback_reason, self.disable_rollback = "", "", False

    def start(self):
        threading.Thread(target=self.run, name=f"release of {self.stack_name}", daemon=True).start()

    def run(self):
        try:
            self.carry_out()
        except Exception as error:  # noqa: BLE001 - whatever it is, the stack must reach an end that the client sees.
            traceback.print_exc(file=sys.stderr)
            self.roll_back(f"The front failed: {error}")
        finally:
            self.forget_internal_change_sets()
            self.done.set()

    def carry_out(self):
        reason = self.wait("UPDATE_FAILED")
        if self.hold not in reason:
            self.roll_back(self.resource_failed(reason))
            return
        for deployment in self.make_deployments():
            self.deployments.append(deployment)
            self.services.codedeploy.add(deployment)
        with self.services.traffic.shifting(self.deployments):
            failed = self.deploy()
            if not failed:
                self.move()
                return
            self.roll_back(f"The following resource(s) failed to update: [{', '.join(failed)}]. ")

    def resource_failed(self, reason):
        """CloudFormation's reason of the rollback for the emulator's reason of a failed update."""
        failed = re.match(r"Resource (\w+) failed: ", reason)
        if not failed:
            return reason
        verb = "update" if failed[1] in self.services.resources(self.stack_id) else "create"
        return f"The following resource(s) failed to {verb}: [{failed[1]}]. "

    def make_deployments(self):
        physical = self.services.physical_ids(self.stack_id)
        known = planning.values(self.change_set.template, self.change_set.parameters, self.stack_id, physical)
        for plan in self.plans:
            planning.complete(plan, known)
        return [Deployment(plan, self.stack_id) for plan in self.plans if plan.target != plan.current]

    def deploy(self):
        """Runs the deployments; the logical ids of the aliases that did not move."""
        if not self.deployments:
            return []
        self.read_alarms()  # CodeDeploy does not start to shift traffic under an active alarm.
        runs = [threading.Thread(target=self.run_deployment, args=[one], daemon=True) for one in self.deployments]
        watch = threading.Thread(target=self.watch, daemon=True)
        for thread in [*runs, watch]:
            thread.start()
        for thread in runs:
            thread.join()
        return sorted(one.plan.logical for one in self.deployments if one.status != "Succeeded")

    def run_deployment(self, deployment):
        logical = deployment.plan.logical
        self.event(deployment.plan, "UPDATE_IN_PROGRESS")
        self.event(deployment.plan, "UPDATE_IN_PROGRESS", f"CodeDeploy deployment started: {deployment.id}")
        deployment.begin()
        try:
            self.hook(deployment, "BeforeAllowTraffic")
            for share, minutes in codedeploy.phases(deployment.plan.config):
                self.shift(deployment, share, minutes * self.services.settings.minute)
            self.shift(deployment, 100, 0)
            self.hook(deployment, "AfterAllowTraffic")
            deployment.end("Succeeded")
            self.event(deployment.plan, "UPDATE_COMPLETE")
        except Failure as failure:
            self.fail(deployment, failure.status, failure.code, failure.message)
        except Exception as error:  # noqa: BLE001 - a deployment that ends without a status would hold the release forever.
            traceback.print_exc(file=sys.stderr)
            self.fail(deployment, "Failed", "INTERNAL_ERROR", f"The front failed at {logical}: {error}")

    def shift(self, deployment, share, seconds):
        self.check(deployment)
        deployment.share = share
        deployment.step(f"{share} %")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            deployment.stop.wait(min(TICK, max(0.0, end - time.monotonic())))
            self.check(deployment)

    def check(self, deployment):
        """Ends the deployment if an alarm is active or another alias has failed."""
        active = [name for name, state in deployment.alarms.items() if state == "ALARM"]
        if active:
            named = " ".join(f"<{name}>" for name in active)
            raise Failure("Stopped", "ALARM_ACTIVE", codedeploy.ALARMED.format(named))
        if deployment.stop.is_set():
            raise Failure("Stopped", "MANUAL_STOP", "The deployment was stopped.")

    def hook(self, deployment, event):
        """Invokes a hook function as CodeDeploy does: what counts is the status that it reports, not its response."""
        function = deployment.plan.hooks.get(event)
        if function is None:
            return
        with self.services.settings.hooks_at_once:
            self.check(deployment)
            hook = Hook(event, function)
            deployment.hooks[hook.id] = hook
            deployment.step(f"{event} started")
            threading.Thread(target=self.services.invoke, args=[deployment, hook], daemon=True).start()
            end = time.monotonic() + self.services.settings.hook_timeout
            while not hook.reported.wait(0.1) and time.monotonic() < end:
                self.check(deployment)
        if not hook.reported.is_set():
            hook.report("Unknown")
            raise Failure("Failed", "TIMEOUT", codedeploy.HOOK_SILENT)
        deployment.step(f"{event} {hook.status}")
        if hook.status != "Succeeded":
            raise Failure("Failed", "HOOK_EXECUTION_FAILURE", codedeploy.HOOK_FAILED)

    def fail(self, deployment, status, code, message):
        """Takes the traffic back, and stops the other deployments: CloudFormation cancels what is in progress when a resource fails."""
        deployment.share = 0
        cancelled = code == "MANUAL_STOP"
        if not cancelled:
            automatic = "DEPLOYMENT_STOP_ON_ALARM" if status == "Stopped" else "DEPLOYMENT_FAILURE"
            rollback = deployment.plan.auto_rollback
            if str(rollback.get("Enabled")).lower() == "true" and automatic in rollback.get("Events", []):
                deployment.rollback_id = codedeploy.new_id()
                self.event(deployment.plan, "UPDATE_IN_PROGRESS", f"CodeDeploy rollback deployment started: {deployment.rollback_id}")
        deployment.end(status, code, message)
        reason = f'Resource handler returned message: "{deployment.id} failed. {message}" ' \
                 f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: InternalFailure)"
        self.event(deployment.plan, "UPDATE_FAILED", "Resource update cancelled" if cancelled else reason)
        for other in self.deployments:
            if other is not deployment and other.status not in codedeploy.ENDED:
                other.stop.set()

    def watch(self):
        """Keeps the metrics and the alarms up to date while a deployment runs."""
        reader = LogReader(self.services.emulator, self.services.metrics, self.services.log_groups(self.deployments))
        while any(one.status not in codedeploy.ENDED for one in self.deployments):
            with contextlib.suppress(ClientError):
                reader.poll()
                self.services.metrics.publish()
                self.read_alarms()
            if self.cancelled.is_set():
                for deployment in self.deployments:
                    deployment.stop.set()
            time.sleep(TICK)

    def read_alarms(self):
        states = self.services.alarms.states(sorted({name for one in self.deployments for name in one.plan.alarms}))
        for deployment in self.deployments:
            deployment.alarms = {name: states[name] for name in deployment.plan.alarms if name in states}

    def move(self):
        """Executes the client's change set in the emulator; the held one has removed it, so it is made again."""
        self.services.execute_again(self.change_set, self.tokens["move"])
        self.wait("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
        self.execution = "EXECUTE_COMPLETE" if self.services.stack(self.stack_id)["StackStatus"] == "UPDATE_COMPLETE" else "EXECUTE_FAILED"

    def roll_back(self, reason):
        self.execution, self.rollback_reason = "EXECUTE_FAILED", "User Initiated" if self.cancelled.is_set() else reason
        if self.disable_rollback:
            return
        self.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        if self.services.stack(self.stack_id)["StackStatus"] == "UPDATE_FAILED":
            self.services.emulator.client("cloudformation").rollback_stack(StackName=self.stack_id, ClientRequestToken=self.tokens["back"])
            self.wait("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
        for deployment in self.deployments:
            self.event(deployment.plan, "UPDATE_COMPLETE")

    def wait(self, *ends):
        """Waits for one of these statuses of the emulator's stack, and returns the reason of the status."""
        while True:
            stack = self.services.stack(self.stack_id)
            if stack["StackStatus"] in ends:
                return stack.get("StackStatusReason", "")
            time.sleep(0.05)

    def forget_internal_change_sets(self):
        client = self.services.emulator.client("cloudformation")
        with contextlib.suppress(ClientError):
            for one in client.list_change_sets(StackName=self.stack_name)["Summaries"]:
                if one["ChangeSetName"].startswith(INTERNAL):
                    client.delete_change_set(ChangeSetName=one["ChangeSetId"])

    def event(self, plan, status, reason=""):
        """An event of the alias, which the emulator does not record."""
        self.events.append({
            "StackId": self.stack_id, "StackName": self.stack_name, "EventId": f"{plan.logical}-{uuid.uuid4()}",
            "LogicalResourceId": plan.logical, "PhysicalResourceId": plan.physical, "ResourceType": "AWS::Lambda::Alias",
            "ResourceStatus": status, "ResourceStatusReason": reason, "At": time.time(), "ClientRequestToken": self.client_token,
        })
