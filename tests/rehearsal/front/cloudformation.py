"""CloudFormation: templates are adapted on their way to the emulator, and an update whose aliases move under CodeDeploy is a release."""

import json
import re
import threading
import urllib.parse
import uuid

import adapt
import plan as planning
import view
from aws import UnknownKey
from botocore.exceptions import ClientError
from intrinsics import Unresolved
from release import INTERNAL, Release
from samtranslator.yaml_helper import yaml_parse

INLINE = 51200
WITH_TEMPLATE = ("CreateChangeSet", "CreateStack", "UpdateStack", "ValidateTemplate", "GetTemplateSummary", "EstimateTemplateCost")
# Refused while a release runs, with CloudFormation's words.
BUSY = {
    "CreateChangeSet": "Stack:{id} is in {status} state and can not be updated.",
    "UpdateStack": "Stack:{id} is in {status} state and can not be updated.",
    "DeleteStack": "Stack [{name}] cannot be deleted while in status {status}",
    "RollbackStack": "RollbackStack cannot be called from current stack status",
    "ContinueUpdateRollback": "Stack:{id} is in {status} state and can not continue an update rollback.",
}


class ChangeSet:
    """A change set that a client has created, with its template before and after the adaptation."""

    def __init__(self, form, template, adapted, response):
        body = response.content()
        self.form, self.template, self.adapted = form, template, adapted
        self.id, self.stack_id = view.text_of(body, "Id"), view.text_of(body, "StackId")
        self.name, self.stack_name = form["ChangeSetName"], self.stack_id.split("/")[1]
        self.parameters = {}


class CloudFormation:
    def __init__(self, emulator, services):
        self.emulator, self.services = emulator, services
        self.lock = threading.Lock()
        self.change_sets, self.originals, self.dropped = {}, {}, {}
        self.releases = []

    def answer(self, request):
        try:
            return self.act(request)
        except UnknownKey as error:
            return view.refusal("InvalidClientTokenId", str(error), 403)
        except Unresolved as error:
            return view.refusal("ValidationError", f"the front does not evaluate {error}")

    def act(self, request):
        form = dict(urllib.parse.parse_qsl(request.content().decode(), keep_blank_values=True))
        operation, stack = form.get("Action", ""), form.get("StackName", "")
        if (release := self.running(stack)) and operation in BUSY:
            words = BUSY[operation].format(id=release.stack_id, name=release.stack_name, status=release.status)
            return view.refusal("ValidationError", words)
        if operation in WITH_TEMPLATE and ("TemplateBody" in form or "TemplateURL" in form or form.get("UsePreviousTemplate") == "true"):
            return self.with_template(request, form)
        if operation == "ExecuteChangeSet":
            return self.execute(request, form)
        if operation == "CancelUpdateStack" and release:
            release.cancelled.set()
            return view.result("CancelUpdateStack", "")
        if form.get("NextToken", "").startswith(view.TOKEN):
            # The emulator does not know the token; it still decides whether the caller may read.
            request = self.emulator.signed(request, {name: value for name, value in form.items() if name != "NextToken"})
        response = self.emulator.forward(request)
        if operation == "DescribeChangeSet" and response.status != 200 and (release := self.release_of(form)):
            return view.change_set(release)
        return self.seen(operation, form, response) if response.status == 200 else response

    def seen(self, operation, form, response):
        if operation in ("DescribeStacks", "ListStacks"):
            return view.stacks(response, {one.stack_id: one for one in self.releases if not one.done.is_set()})
        if operation == "DescribeChangeSet":
            return view.replacements(response)
        if operation == "ListChangeSets":
            return view.change_sets(response)
        if operation == "GetTemplate":
            return self.original(response)
        if operation == "DescribeStackEvents":
            stack_id = view.text_of(response.content(), "StackId")
            releases = [one for one in self.releases if one.stack_id == stack_id]
            if releases:
                pages = self.emulator.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_id)
                recorded = [event for page in pages for event in page["StackEvents"]]
                return view.events(recorded, releases, form.get("NextToken", ""))
        return response

    def running(self, stack):
        """The release that runs on a stack, by its name or id."""
        return next((one for one in self.releases if stack in (one.stack_name, one.stack_id) and not one.done.is_set()), None)

    def release_of(self, form):
        """The release that a change set has become."""
        return next((one for one in reversed(self.releases) if is_named(one.change_set, form)), None)

    def with_template(self, request, form):
        try:
            text = self.template_text(form)
            template = parsed(text)
        except ClientError as error:
            return view.refusal("ValidationError", f"S3 error: {error.response['Error']['Message']}")
        except ValueError:
            return self.emulator.forward(request)  # The emulator words the error.
        if text is None:
            return self.emulator.forward(request)
        adapted, dropped = adapt.adapted(template, self.services.address)
        response = self.send(form, adapted, lambda changed: self.emulator.forward(self.emulator.signed(request, changed)))
        if response.status == 200 and form["Action"] in ("CreateChangeSet", "CreateStack", "UpdateStack"):
            self.originals[canonical(adapted)] = text
            self.dropped[form["StackName"]] = dropped
        if response.status == 200 and form["Action"] == "CreateChangeSet":
            change_set = ChangeSet(form, template, adapted, response)
            self.change_sets[change_set.id] = change_set
        return response

    def template_text(self, form):
        """The client's template; None if the emulator is to refuse it for its size."""
        if "TemplateBody" in form:
            return form["TemplateBody"] if len(form["TemplateBody"].encode()) <= INLINE else None
        if "TemplateURL" in form:
            return self.emulator.fetched(form["TemplateURL"])
        used = self.emulator.client("cloudformation").get_template(StackName=form["StackName"], TemplateStage="Original")["TemplateBody"]
        used = used if isinstance(used, str) else json.dumps(used)
        return self.originals.get(canonical(parsed(used)), used)

    def send(self, form, template, use):
        """Calls `use` with the form whose template is this one."""
        kept = {name: value for name, value in form.items() if name not in ("TemplateBody", "TemplateURL", "UsePreviousTemplate")}
        return self.emulator.stored(json.dumps(template), lambda url: use({**kept, "TemplateURL": url}))

    def original(self, response):
        """GetTemplate with the template that the client has sent."""
        sent = view.text_of(response.content(), "TemplateBody")
        try:
            text = self.originals.get(canonical(json.loads(sent)))
        except ValueError:
            text = None
        if text is None:
            return response
        body = re.sub(rb"<TemplateBody>.*</TemplateBody>", lambda _: f"<TemplateBody>{view.escape(text)}</TemplateBody>".encode(),
                      response.content(), flags=re.S)
        return response.with_body(body)

    def execute(self, request, form):
        with self.lock:
            # The newest one: a name may be used again.
            change_set = next((one for one in reversed(self.change_sets.values()) if is_named(one, form)), None)
            if change_set is None:
                return self.emulator.forward(request)
            running = self.running(change_set.stack_id)
            if running and running.change_set is change_set:
                words = f"ChangeSet [{change_set.id}] cannot be executed in its current execution status of [EXECUTE_IN_PROGRESS]"
                return view.refusal("InvalidChangeSetStatus", words)
            described = self.emulator.query({"Action": "DescribeChangeSet", "Version": "2010-05-15", "ChangeSetName": change_set.id})
            available = described.status == 200 and view.text_of(described.content(), "ExecutionStatus") == "AVAILABLE"
            plans = self.plans(change_set) if available and change_set.form.get("ChangeSetType", "UPDATE") == "UPDATE" else []
            if not plans:
                return self.emulator.forward(request)
            return self.release(request, form, Release(self.services, change_set, plans, described))

    def plans(self, change_set):
        client = self.emulator.client("cloudformation")
        described = client.describe_change_set(ChangeSetName=change_set.id)
        change_set.parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described["Parameters"]}
        existing = self.services.resources(change_set.stack_id)
        physical = {logical: one for logical, (_, one) in existing.items()}
        known = planning.values(change_set.template, change_set.parameters, change_set.stack_id, physical)
        return planning.aliases(self.emulator, known, existing)

    def release(self, request, form, release):
        """Starts a release: the caller executes a change set that holds the aliases, so that the caller's policies apply."""
        self.emulator.known(request)
        template = planning.held(release.change_set.adapted, release.plans, release.hold)
        self.originals[canonical(template)] = self.originals[canonical(release.change_set.adapted)]
        held = self.create_again(release.change_set, template)
        release.client_token = form.get("ClientRequestToken", "")
        on_failure = release.change_set.form.get("OnStackFailure", "")
        release.disable_rollback = form.get("DisableRollback", "").lower() == "true" or on_failure == "DO_NOTHING"
        changed = {
            **{name: value for name, value in form.items() if name not in ("StackName", "ChangeSetName")},
            "ChangeSetName": held, "DisableRollback": "true", "ClientRequestToken": release.tokens["hold"],
        }
        response = self.emulator.forward(self.emulator.signed(request, changed))
        if response.status != 200:
            self.emulator.client("cloudformation").delete_change_set(ChangeSetName=held)
            return response
        self.releases.append(release)
        release.start()
        return response

    def create_again(self, change_set, template):
        """An internal change set with the client's parameters, tags and capabilities, and another template; its id."""
        form = {name: value for name, value in change_set.form.items() if name not in ("OnStackFailure", "ClientToken")}
        response = self.send({**form, "ChangeSetName": f"{INTERNAL}{uuid.uuid4()}"}, template, self.emulator.query)
        if response.status != 200:
            raise RuntimeError(response.content().decode())
        return view.text_of(response.content(), "Id")

    def execute_again(self, change_set, token):
        moved = self.create_again(change_set, change_set.adapted)
        self.emulator.client("cloudformation").execute_change_set(ChangeSetName=moved, ClientRequestToken=token)


def is_named(change_set, form):
    """Whether a form names the change set, by its id or by its name and stack."""
    if form.get("ChangeSetName") == change_set.id:
        return True
    return form.get("ChangeSetName") == change_set.name and form.get("StackName") in (change_set.stack_name, change_set.stack_id)


def parsed(text):
    """A template of JSON or YAML; None without a text."""
    if text is None:
        return None
    template = json.loads(text) if text.lstrip().startswith("{") else yaml_parse(text)
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise ValueError("not a template")
    return template


def canonical(template):
    return json.dumps(template, sort_keys=True)
