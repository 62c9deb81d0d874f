"""The probe from outside: it passes at the edge, names the step of a broken route, and raises its alarm until the route works again."""

import contextlib
import json

import account
import boto3
import machine
import pictures
import watch
from edge import Edge
from machine import wait_until

JOB = "probe-api"
ALARM = "probe-fails"
# The function whose rights are taken away, and the step that needs it.
BROKEN, STEP = "get-pokemon", "pokemon"
# The seconds of a minute in this step: several runs end within each.
MINUTE = 10


def see(steps, api):
    """The probe registers its account, passes, and does not sign in again; a broken route raises its alarm."""
    environment, address = api.environment, Edge(api.environment).url
    alarm = f"pokedex-{environment}-{ALARM}"
    run = lambda: pictures.invoke(environment, JOB, {"address": address})  # noqa: E731
    state = lambda: watch.evaluate(environment, alarm, JOB)  # noqa: E731
    checked = pictures.invoke(environment, JOB, {"task": "check"})
    steps.check("a check makes no account", (checked["outcome"], checked["account"]), ("checked", False))
    # The emulator sometimes does not answer a function in time, and the journey ends.
    first = wait_until("the probe passes", lambda: passed(run()), 90)
    steps.check("readiness reports nothing", first["reader"]["old"], [])
    steps.check_that("the probe has used the API as a user", first["user"]["steps"] >= 4)
    kept = wait_until("a run keeps the session", lambda: passed(run(), "refreshed"), 90)
    steps.check("no other account", kept["user"]["played"].get("account"), None)
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=f"pokedex-{environment}-probe")["SecretString"]
    steps.check_that("the credentials are in the secret", json.loads(secret)["username"].startswith("probe_"))
    subscriber = account.Subscription(environment, "warnings")
    with machine.minute(MINUTE):
        state()
        with without_rights(f"pokedex-{environment}-{BROKEN}"):
            failure = wait_until("the probe names the step", lambda: named(run()), 90)
            request, status = failure["request"], failure["status"]
            steps.check_that(f"the broken route: {failure}", request.startswith("GET /api/v1/pokemon/") and status >= 500)
            steps.check_that("its request id leads to the line of its function", recorded(environment, failure["request_id"]))
            fires = wait_until("the alarm fires", lambda: run()["failed"] == 1 and state() == "ALARM", 150)
            steps.check_that("the alarm fires", fires)
    states = [json.loads(text)["NewStateValue"] for _, text in subscriber.received() if json.loads(text)["AlarmName"] == alarm]
    steps.check_that(f"the subscriber receives that it fires: {states}", "ALARM" in states)
    # Silence is a fault, and a run takes about as long as a minute here: another step shows that an alarm clears.
    wait_until("the probe passes again", lambda: passed(run()), 90)
    lines = boto3.client("logs").filter_log_events(logGroupName=f"/aws/lambda/pokedex-{environment}-{JOB}")["events"]
    steps.check("the lines do not contain the password", [one for one in lines if json.loads(secret)["password"] in one["message"]], [])
    steps.done(f"{environment}: the probe passes, names a broken route, raises its alarm, and passes again")


def passed(result, part=None):
    """A result without a failure; with this part of the user's journey, if one is given."""
    is_wanted = result["outcome"] == "passed" and part in (None, result["user"]["played"]["part"])
    return result if is_wanted else None


def named(result):
    """The failure of the step whose function is broken, with its response."""
    return next((failure for failure in result["failures"] if failure["step"] == STEP and failure["status"]), None)


def recorded(environment, request_id):
    """Whether the function has a line about a request."""
    group = f"/aws/lambda/pokedex-{environment}-{BROKEN}"
    lines = lambda: boto3.client("logs").filter_log_events(logGroupName=group)["events"]  # noqa: E731
    return wait_until("the function's log has the request", lambda: [one for one in lines() if request_id in one["message"]], 20)


@contextlib.contextmanager
def without_rights(function):
    """Takes the rights of a function, and gives them back."""
    iam = boto3.client("iam")
    role = boto3.client("lambda").get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    policy = {"RoleName": role, "PolicyName": "function"}
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    iam.delete_role_policy(**policy)
    try:
        yield
    finally:
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
