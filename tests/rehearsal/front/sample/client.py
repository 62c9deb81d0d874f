"""A deployment program in small, and a load of requests. Both see nothing but the front."""

import contextlib
import io
import json
import pathlib
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
import zipfile

import boto3
from machine import wait_until
from sample import stack

BUCKET = "sample-artifacts"
STACK = "sample"
PARAMETERS = {"Environment": "staging", "Canary": "true", "Hidden": "not shown"}


def artifact():
    """The sample's program as Lambda wants it; its interpreter is this one, which has an AWS SDK."""
    program = pathlib.Path(__file__).with_name("bootstrap.py").read_text()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bootstrap", f"#!{sys.executable}\n{program}")
    return packed.getvalue()


class Client:
    def __init__(self, front, cloudformation=None):
        self.front, self.s3 = front, boto3.client("s3")
        self.cloudformation = cloudformation or boto3.client("cloudformation")

    def upload(self):
        """The program, in a bucket such as the project's: it keeps versions and accepts TLS only."""
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        resources = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources, "Condition": plain}
        self.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied]}))
        self.s3.put_object(Bucket=BUCKET, Key="program.zip", Body=artifact())

    def template(self, release, **options):
        return stack.template(BUCKET, "program.zip", release, **options)

    def change(self, template, kind="UPDATE", parameters=None, name=STACK, change_set=None):
        """Creates a change set from a template in S3; its id."""
        key = f"{uuid.uuid4()}.json"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(template).encode())
        parameters = {one: value for one, value in {**PARAMETERS, **(parameters or {})}.items() if one in template.get("Parameters", {})}
        return self.cloudformation.create_change_set(
            StackName=name, ChangeSetName=change_set or f"change-{uuid.uuid4()}", ChangeSetType=kind,
            TemplateURL=f"https://{BUCKET}.s3.eu-central-1.amazonaws.com/{key}", Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": one, "ParameterValue": value} for one, value in parameters.items()],
            Tags=[{"Key": "app", "Value": "sample"}],
        )["Id"]

    def execute(self, change_set):
        self.cloudformation.execute_change_set(ChangeSetName=change_set)

    def deploy(self, *arguments, name=STACK, **options):
        """Deploys a template, and returns the final status of the stack and of the change set."""
        change_set = self.change(*arguments, name=name, **options)
        self.cloudformation.execute_change_set(ChangeSetName=change_set.split("/")[1], StackName=name)
        status = self.wait(name)
        return status, self.execution(change_set)

    def stack(self, name=STACK):
        return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def wait(self, name=STACK):
        return wait_until(f"{name} ends", lambda: self.ended(name))

    def ended(self, name):
        status = self.stack(name)["StackStatus"]
        return None if status.endswith("_IN_PROGRESS") else status

    def execution(self, change_set):
        return self.cloudformation.describe_change_set(ChangeSetName=change_set)["ExecutionStatus"]

    def events(self, since):
        """(logical id, status, reason) of the stack's events since a moment, the oldest first."""
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK)
        found = [event for page in pages for event in page["StackEvents"] if event["Timestamp"].timestamp() >= since - 0.001]
        return [(event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason", "")) for event in reversed(found)]

    def own(self, path, body=None):
        """An operation of the front itself."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.front}/_front/{path}", data=data, timeout=10) as response:
            return json.load(response)

    def versions(self):
        """The versions that the aliases of both functions have."""
        return [boto3.client("lambda").get_alias(FunctionName=f"{STACK}-{name}", Name="live")["FunctionVersion"] for name in ("one", "two")]

    def refused(self, operation, **arguments):
        """The code and message with which an operation is refused."""
        try:
            getattr(self.cloudformation, operation)(**arguments)
        except self.cloudformation.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        return None

    def refused_change(self, *arguments):
        try:
            self.change(*arguments)
        except self.cloudformation.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        return None

    def refused_execution(self, *arguments, **options):
        return self.refused("execute_change_set", ChangeSetName=self.change(*arguments, **options))[0]


class Load:
    """Requests to both routes, one after the other, until it ends."""

    def __init__(self, front, api):
        self.front, self.host, self.ended = front, f"{api}.execute-api.localhost:{front.rsplit(':', 1)[1]}", threading.Event()
        self.seen = []  # (time, function, status, release)

    def ask(self, path):
        request = urllib.request.Request(f"{self.front}{path}", headers={"Host": self.host})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response).get("release")
        except urllib.error.HTTPError as error:
            return error.code, None

    def run(self):
        while not self.ended.is_set():
            for function, path in [("one", "/one/7"), ("two", "/anything")]:
                self.seen.append((time.time(), function, *self.ask(path)))
            time.sleep(0.01)

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            thread.join()

    def releases(self, function, until):
        """How often each release of a function has answered before a moment; None stands for a failure."""
        counts = {}
        for when, one, _, release in self.seen:
            if one == function and when < until:
                counts[release] = counts.get(release, 0) + 1
        return counts
