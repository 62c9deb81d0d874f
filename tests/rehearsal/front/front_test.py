"""Tests of the front with a sample stack: real emulator, real functions, a real SDK client.

usage: front_test.py MINISTACK
"""

import contextlib
import json
import os
import pathlib
import sys
import tempfile
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).parent.parent))

import boto3  # noqa: E402 - the folder above has to be on the path first.
from machine import Steps, emulator, free_port, running, wait_until  # noqa: E402
from sample.client import STACK, Client, Load  # noqa: E402

# Seconds that stand for a minute: a canary of five minutes takes as many seconds.
MINUTE = 1
# The key of the emulator's root user; it checks every other key.
ROOT = "test"
# An alarm without a threshold, which cannot be created.
BROKEN = {"Type": "AWS::CloudWatch::Alarm", "Properties": {
    "MetricName": "m", "Namespace": "n", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
}}


def creates(steps, client):
    """First creation: neither hook nor canary, and the parts that the emulator lacks are invisible."""
    dev = {"Environment": "dev"}
    code, message = client.refused_change(client.template("A"), "CREATE", dev)
    steps.check("a rule is violated", (code, "dev has no canary" in message), ("ValidationError", True))
    steps.check("deployed", client.deploy(client.template("A"), kind="CREATE"), ("CREATE_COMPLETE", "EXECUTE_COMPLETE"))
    steps.check("deployments", client.own("deployments"), [])
    steps.check("versions", client.versions(), ["1", "1"])
    outputs = {one["OutputKey"]: one["OutputValue"] for one in client.stack()["Outputs"]}
    steps.check("an output names what the emulator lacks", outputs["Application"], f"{STACK}-Application")
    steps.check("the template is the client's", client.cloudformation.get_template(StackName=STACK)["TemplateBody"], client.template("A"))
    steps.check("buckets", [one["Name"] for one in client.s3.list_buckets()["Buckets"]], ["sample-artifacts"])
    with urllib.request.urlopen(f"{outputs['ApiUrl']}/one/7?query=1", timeout=10) as response:
        steps.check("the address of the API leads through the front", json.load(response), {"release": "A"})
    preflight = urllib.request.Request(f"{outputs['ApiUrl']}/anything", method="OPTIONS")
    with urllib.request.urlopen(preflight, timeout=10) as response:
        steps.check("a function answers a preflight request", json.load(response), {"release": "A"})
    return outputs["ApiId"]


def moves(steps, client, load):
    """A good release: the hook reports, a tenth of the requests goes to the new version, the aliases move."""
    start, change_set = time.time(), client.change(client.template("B"))
    other = client.change(client.template("C"))
    with load.running():
        client.execute(change_set)
        deployment = wait_until("traffic shifts", lambda: next((one for one in client.own("deployments") if one["share"] == 10), None))
        steps.check("status while it runs", client.stack()["StackStatus"], "UPDATE_IN_PROGRESS")
        steps.check("execution while it runs", client.execution(change_set), "EXECUTE_IN_PROGRESS")
        steps.check("outputs while it runs", "A" in [one["OutputValue"] for one in client.stack()["Outputs"]], True)
        steps.check("aliases while it runs", client.versions(), ["1", "1"])
        is_busy(steps, client, change_set, other)
        status = client.wait()
        moved = time.time()
        wait_until("more requests", lambda: sum(when > moved for when, *_ in load.seen) > 20)
    ended = (status, client.execution(change_set), client.versions())
    steps.check("the end", ended, ("UPDATE_COMPLETE", "EXECUTE_COMPLETE", ["2", "2"]))
    steps.check("status has no reason", client.stack().get("StackStatusReason", ""), "")
    steps.check("failures", [seen for seen in load.seen if seen[2] != 200], [])
    steps.check("afterwards the new version answers", {seen[3] for seen in load.seen if seen[0] > moved}, {"B"})
    is_shared(steps, client, load)
    info = boto3.client("codedeploy").get_deployment(deploymentId=deployment["deploymentId"])["deploymentInfo"]
    succeeded = ("Succeeded", "CodeDeployDefault.LambdaCanary10Percent5Minutes")
    steps.check("the deployment", (info["status"], info["deploymentConfigName"]), succeeded)
    events = client.events(start)
    for name in ("OneAlias", "TwoAlias"):
        alias = [(status, reason.rpartition(":")[0]) for logical, status, reason in events if logical == name]
        expected = [("UPDATE_IN_PROGRESS", ""), ("UPDATE_IN_PROGRESS", "CodeDeploy deployment started"), ("UPDATE_COMPLETE", "")]
        steps.check(f"events of {name}", alias, expected)
    stack = [(at, status) for at, (logical, status, _) in enumerate(events) if logical == STACK]
    steps.check("events of the stack", stack, [(0, "UPDATE_IN_PROGRESS"), (len(events) - 1, "UPDATE_COMPLETE")])
    steps.check("no shadow is left", [one["Name"] for one in boto3.client("apigatewayv2").get_apis()["Items"]], [STACK])


def is_busy(steps, client, change_set, other):
    """A stack under release refuses other operations as CloudFormation does."""
    steps.check("executed twice", client.refused("execute_change_set", ChangeSetName=change_set)[0], "InvalidChangeSetStatus")
    steps.check("another change set is gone", client.refused("execute_change_set", ChangeSetName=other)[0], "ChangeSetNotFound")
    stack_id = client.stack()["StackId"]
    words = ("ValidationError", f"Stack:{stack_id} is in UPDATE_IN_PROGRESS state and can not be updated.")
    steps.check("a new change set", client.refused_change(client.template("D")), words)
    words = ("ValidationError", f"Stack [{STACK}] cannot be deleted while in status UPDATE_IN_PROGRESS")
    steps.check("deleted", client.refused("delete_stack", StackName=STACK), words)
    steps.check("internal change sets", client.cloudformation.list_change_sets(StackName=STACK)["Summaries"], [])


def is_shared(steps, client, load):
    """Exactly every tenth request under canary went to the new version, by the front's counters and by what the client saw."""
    counted = client.own("traffic")
    deployment = client.own("deployments")[0]
    begun = {step["what"]: step["seconds"] for step in deployment["steps"]}
    steps.check("the canary lasted", 5 <= begun["100 %"] - begun["10 %"] < 7, True)
    for function in ("one", "two"):
        old = counted[f"{STACK}-{function}"]["1"]["requests"]
        releases = load.releases(function, float("inf"))
        steps.check(f"the old version of {function} answered under canary", old > 20 and releases["A"] >= old, True)
        order = [release for _, one, _, release in load.seen if one == function]
        first = order.index("B")
        # From the first request to the new version on: nine to the old one, one to the new one, and so on.
        canary = order[first:first + old // 9 * 10 // 2]
        new = [at for at, release in enumerate(canary) if release == "B"]
        steps.check(f"every tenth request of {function}", new, list(range(0, len(canary), 10)))


def callers_keep_their_rights(steps, client):
    """The front signs a changed request with its caller's key, so a role that may not execute a change set cannot do so. It reads from a
    bucket that accepts TLS only: the emulator takes the front's word for it."""
    iam, account = boto3.client("iam"), boto3.client("sts").get_caller_identity()["Account"]
    actions = ["cloudformation:CreateChangeSet", "cloudformation:Describe*", "s3:GetObject"]
    allowed = [{"Effect": "Allow", "Action": actions, "Resource": "*"}]
    trust = [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}]
    document = lambda statements: json.dumps({"Version": "2012-10-17", "Statement": statements})  # noqa: E731
    arn = iam.create_role(RoleName="planner", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="planner", PolicyName="plan", PolicyDocument=document(allowed))
    issued = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key", "SessionToken": "aws_session_token"}
    key = {name: issued[one] for one, name in names.items()}
    planner = Client(client.front, boto3.client("cloudformation", **key))
    read = boto3.client("s3", **key).get_object(Bucket="sample-artifacts", Key="program.zip")
    steps.check("a file behind TLS", read["ResponseMetadata"]["HTTPStatusCode"], 200)
    change_set = planner.change(client.template("P"))
    steps.check("execution by the planner", planner.refused("execute_change_set", ChangeSetName=change_set)[0], "AccessDenied")
    steps.check("the stack", client.stack()["StackStatus"], "UPDATE_COMPLETE")
    left = client.cloudformation.list_change_sets(StackName=STACK)["Summaries"]
    steps.check("change sets", [one["ChangeSetId"] for one in left], [change_set])


def hook_fails(steps, client):
    """The hook rejects the first function's new version: no alias moves, and the events say why."""
    start = time.time()
    ended = client.deploy(client.template("E", behaviour="unhealthy"))
    steps.check("the end", (*ended, client.versions()), ("UPDATE_ROLLBACK_COMPLETE", "EXECUTE_FAILED", ["2", "2"]))
    failed = next(one for one in client.own("deployments") if one["function"] == f"{STACK}-one" and one["status"] == "Failed")
    message = "The deployment failed because one or more of the lifecycle event validation functions failed."
    steps.check("the error", failed["error"], {"code": "HOOK_EXECUTION_FAILURE", "message": message})
    steps.check("no traffic was shifted", [step["what"] for step in failed["steps"] if "%" in step["what"]], [])
    events = client.events(start)
    reason = next(reason for logical, status, reason in events if (logical, status) == ("OneAlias", "UPDATE_FAILED"))
    steps.check("the reason", reason.startswith(f'Resource handler returned message: "{failed["deploymentId"]} failed. {message}"'), True)
    cancelled = next(reason for logical, status, reason in events if (logical, status) == ("TwoAlias", "UPDATE_FAILED"))
    steps.check("the other alias", cancelled, "Resource update cancelled")
    stack = [(status, reason) for logical, status, reason in events if logical == STACK]
    steps.check("the stack rolls back", stack[1], (
        "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [OneAlias, TwoAlias]. "
    ))
    steps.check("its last event", stack[-1], ("UPDATE_ROLLBACK_COMPLETE", ""))
    steps.check("the template is the old one", client.cloudformation.get_template(StackName=STACK)["TemplateBody"], client.template("B"))


def hook_is_silent(steps, client):
    client.own("settings", {"hookTimeout": 1.5})
    ended = client.deploy(client.template("F", hook="silent"))
    steps.check("the end", (*ended, client.versions()), ("UPDATE_ROLLBACK_COMPLETE", "EXECUTE_FAILED", ["2", "2"]))
    steps.check("the error", timed_out(client)["error"]["code"], "TIMEOUT")
    client.own("settings", {"hookTimeout": 30})


def timed_out(client):
    return next(one for one in reversed(client.own("deployments")) if (one["error"] or {}).get("code") == "TIMEOUT")


def errors_of_hooks(client):
    """The errors of the hook functions whose deployments are in progress."""
    under_way = [one for one in client.own("deployments") if one["status"] == "InProgress"]
    return [hook["functionError"] for one in under_way for hook in one["hooks"].values()]


def hook_has_no_right(steps, client):
    """The role of the hook may not report. An operator cancels what would wait for the hook."""
    start = time.time()
    client.execute(client.change(client.template("K", rights=["codedeploy:GetDeployment"])))
    error = wait_until("the hook ends", lambda: next(filter(None, errors_of_hooks(client)), None))
    steps.check("the hook's error", "AccessDenied" in error, True)
    client.cloudformation.cancel_update_stack(StackName=STACK)
    steps.check("the end", (client.wait(), client.versions()), ("UPDATE_ROLLBACK_COMPLETE", ["2", "2"]))
    stack = [(status, reason) for logical, status, reason in client.events(start) if logical == STACK]
    steps.check("the stack rolls back", stack[1], ("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"))


def resource_fails(steps, client):
    """A resource fails before any deployment: the emulator's own rollback, with its events."""
    start, deployments = time.time(), len(client.own("deployments"))
    ended = client.deploy(client.template("R", more={"Broken": BROKEN}))
    steps.check("the end", (*ended, client.versions()), ("UPDATE_ROLLBACK_COMPLETE", "EXECUTE_FAILED", ["2", "2"]))
    steps.check("deployments", len(client.own("deployments")), deployments)
    events = client.events(start)
    steps.check("its event", [status for logical, status, _ in events if logical == "Broken"], ["UPDATE_IN_PROGRESS", "UPDATE_FAILED"])
    stack = [(status, reason) for logical, status, reason in events if logical == STACK]
    steps.check("the stack rolls back", stack[1], ("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Broken]. "))


def traffic_fails(steps, client, load, behaviour, alarm):
    """The new version fails under traffic only: an alarm stops the deployment, and nobody but the canary's share saw a failure."""
    client.own("traffic/reset", {})
    start = time.time()
    more = {"Added": topic("RetainExceptOnCreate", f"added-{behaviour}")}
    with load.running():
        ended = client.deploy(client.template(f"G{behaviour}", behaviour=behaviour, more=more))
        after = time.time()
        wait_until("more requests", lambda: sum(when > after for when, *_ in load.seen) > 40)
    steps.check("the end", (*ended, client.versions()), ("UPDATE_ROLLBACK_COMPLETE", "EXECUTE_FAILED", ["2", "2"]))
    stopped = alarmed(client)
    steps.check("the alarm", alarm in stopped["error"]["message"], True)
    steps.check("the deployment", (stopped["status"], stopped["error"]["code"]), ("Stopped", "ALARM_ACTIVE"))
    requests = [seen for seen in load.seen if seen[0] >= start]
    failures = [seen for seen in requests if seen[2] >= 500]
    steps.check("there were failures", len(failures) > 0, True)
    steps.check("only the first function failed", {seen[1] for seen in failures}, {"one"})
    under_canary = [seen for seen in requests if seen[1] == "one" and failures[0][0] <= seen[0] <= failures[-1][0]]
    steps.check("at most every tenth request failed", len(failures) <= len(under_canary) / 10 + 1, True)
    steps.check("none failed afterwards", [seen for seen in failures if seen[0] > after], [])
    counted = client.own("traffic")[f"{STACK}-one"]
    steps.check("counters", (sum(one["failures"] for one in counted.values()), counted["2"]["failures"]), (len(failures), 0))
    reason = next(reason for logical, status, reason in client.events(start) if (logical, status) == ("OneAlias", "UPDATE_FAILED"))
    steps.check("the reason", stopped["deploymentId"] in reason and "Activated alarms: <" in reason, True)
    topics = [one["TopicArn"] for one in boto3.client("sns").list_topics()["Topics"]]
    steps.check("what the release had added is gone", [one for one in topics if "added" in one], [])


def alarmed(client):
    return next(one for one in reversed(client.own("deployments")) if (one["error"] or {}).get("code") == "ALARM_ACTIVE")


def operator_raises_an_alarm(steps, client):
    """An operator sets the state of an alarm, under a linear deployment."""
    change_set = client.change(client.template("H", config="LambdaLinear10PercentEvery1Minute"))
    client.execute(change_set)
    wait_until("a fifth is shifted", lambda: any(one["share"] == 20 for one in client.own("deployments")))
    names = [one["AlarmName"] for one in boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]]
    name = next(one for one in names if "TwoErrors" in one)
    boto3.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a rehearsal")
    steps.check("the end", (client.wait(), client.versions()), ("UPDATE_ROLLBACK_COMPLETE", ["2", "2"]))
    steps.check("the alarm", name in alarmed(client)["error"]["message"], True)
    boto3.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a rehearsal")


def all_at_once(steps, client):
    """AllAtOnce after a rollback, and then parameters that switch the canary off."""
    for release in ("I", "I2"):
        before, deployments = client.versions(), len(client.own("deployments"))
        ended = client.deploy(client.template(release, config="LambdaAllAtOnce"), change_set="always-the-same")
        steps.check("the end", (*ended, set(client.versions()) & set(before)), ("UPDATE_COMPLETE", "EXECUTE_COMPLETE", set()))
        new = client.own("deployments")[deployments:]
        steps.check("both shifted", [one["steps"][-2]["what"] for one in new], ["100 %", "100 %"])
    before = len(client.own("deployments"))
    steps.check("without a canary", client.deploy(client.template("J"), parameters={"Canary": "false"})[0], "UPDATE_COMPLETE")
    steps.check("deployments", len(client.own("deployments")), before)
    steps.check("nothing to do", client.refused_execution(client.template("J"), parameters={"Canary": "false"}), "InvalidChangeSetStatus")


def topic(policy, name):
    return {"Type": "AWS::SNS::Topic", "DeletionPolicy": policy, "Properties": {"TopicName": name}}


def creation_fails(steps, client):
    """RetainExceptOnCreate: a creation that fails leaves nothing; Retain leaves its resource."""
    last = {**BROKEN, "DependsOn": ["A", "B"]}
    template = {"Resources": {"A": topic("RetainExceptOnCreate", "except"), "B": topic("Retain", "retained"), "C": last}}
    steps.check("the end", client.deploy(template, kind="CREATE", name="broken")[0], "ROLLBACK_COMPLETE")
    topics = [one["TopicArn"].rsplit(":", 1)[1] for one in boto3.client("sns").list_topics()["Topics"]]
    steps.check("what is left", topics, ["retained"])


def passes_everything_on(steps, client):
    """A large upload in parts, a chunked one, and a presigned address arrive as they were sent."""
    data = os.urandom(12 * 1024 * 1024)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        client.s3.upload_fileobj(file, "sample-artifacts", "large")
    address = client.s3.generate_presigned_url("get_object", Params={"Bucket": "sample-artifacts", "Key": "large"})
    with urllib.request.urlopen(address, timeout=30) as response:
        steps.check("large", response.read() == data, True)
    sts = boto3.client("sts")
    steps.check("identity", sts.get_caller_identity()["Arn"].endswith(":root"), True)


def deletes(steps, client):
    client.cloudformation.update_termination_protection(StackName=STACK, EnableTerminationProtection=True)
    steps.check("protected", client.refused("delete_stack", StackName=STACK)[0], "ValidationError")
    client.cloudformation.update_termination_protection(StackName=STACK, EnableTerminationProtection=False)
    client.cloudformation.delete_stack(StackName=STACK)
    gone = lambda: client.refused("describe_stacks", StackName=STACK)  # noqa: E731
    steps.check("gone", wait_until("the stack is deleted", gone)[0], "ValidationError")
    steps.check("functions", boto3.client("lambda").list_functions()["Functions"], [])


def main(ministack):
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(tempfile.TemporaryDirectory(prefix="front-"))
        port, inner = free_port(), free_port()
        front = f"http://127.0.0.1:{port}"
        os.environ.update(
            AWS_ENDPOINT_URL=front, AWS_REGION="eu-central-1", AWS_DEFAULT_REGION="eu-central-1", AWS_ACCESS_KEY_ID=ROOT,
            AWS_SECRET_ACCESS_KEY=ROOT, AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null",
            AWS_SHARED_CREDENTIALS_FILE="/dev/null", HOME=run,
        )
        os.environ.pop("AWS_SESSION_TOKEN", None)
        steps, log = Steps(), f"{run}/front.log"
        stack.enter_context(emulator(ministack, run, inner, AWS_ENDPOINT_URL_CODEDEPLOY=front))
        command = [sys.executable, str(pathlib.Path(__file__).parent), "--port", str(port), "--emulator", str(inner)]
        stack.enter_context(running([*command, "--minute", str(MINUTE), "--hook-timeout", "30", "--as-tls"], log))
        # Printed before the folder with the log is removed.
        stack.callback(lambda: sys.exc_info()[0] and print(pathlib.Path(log).read_text()[-4000:], file=sys.stderr))
        for address in (f"http://127.0.0.1:{inner}/_ministack/health", f"{front}/_front/health"):
            wait_until(f"{address} answers", lambda address=address: urllib.request.urlopen(address, timeout=1).status == 200)
        client = Client(front)
        client.upload()
        steps.done("emulator and front up")
        api = creates(steps, client)
        steps.done("creates")
        moves(steps, client, Load(front, api))
        steps.done("moves")
        callers_keep_their_rights(steps, client)
        hook_fails(steps, client)
        steps.done("a role may not execute, and a hook fails")
        hook_is_silent(steps, client)
        hook_has_no_right(steps, client)
        steps.done("a hook is silent, and one has no right")
        resource_fails(steps, client)
        steps.done("a resource fails")
        traffic_fails(steps, client, Load(front, api), "crash", "OneCrashes")
        steps.done("a version crashes under traffic")
        traffic_fails(steps, client, Load(front, api), "errors", "OneErrors")
        steps.done("a version answers 500 under traffic")
        operator_raises_an_alarm(steps, client)
        steps.done("an operator raises an alarm")
        all_at_once(steps, client)
        steps.done("all at once, and without a canary")
        creation_fails(steps, client)
        passes_everything_on(steps, client)
        deletes(steps, client)
        steps.done("creation fails, pass-through, deleted")
    print(f"front: {steps.checks} passed, 0 failed")


if __name__ == "__main__":
    main(str(pathlib.Path(sys.argv[1]).absolute()))
