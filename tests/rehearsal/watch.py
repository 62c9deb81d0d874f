"""An alarm, from the lines of functions to the message of its topic, and the check of all alarms."""

import json
import os
import urllib.request

import account
import boto3
from machine import wait_until
from product import PASSWORD

# One more than the alarm tolerates within five minutes.
REPLAYS = 6
ALARM = "tokens-replayed"
FUNCTION = "refresh-session"


def see(steps, source, api):
    """Old refresh tokens end sessions; the lines of these requests raise an alarm, its topic tells, and the alarm clears by itself."""
    environment = api.environment
    checked = source.run("alarms", environment, fails=True)
    unread = [line for line in checked.splitlines() if "has no confirmed subscription" in line]
    steps.check_that("alarms whose topic nobody receives are reported", any("pokedex-staging-warnings" in line for line in unread))
    # The emulator has one of the alarms of the edge: the others are metric math.
    of_edge = [line for line in unread if ":us-east-1:" in line]
    steps.check_that("the alarms in us-east-1 are checked there", any("pokedex-staging-global-warnings" in line for line in of_edge))
    steps.check("nothing else is wrong with the alarms", [line for line in checked.splitlines() if "does not exist" in line or "tells nobody" in line], [])
    subscriber = account.Subscription(environment, "warnings")
    name = f"pokedex-{environment}-{ALARM}"
    evaluate(environment, name, FUNCTION)
    for number in range(REPLAYS):
        replay(steps, api, number)
    fires = wait_until("the alarm fires", lambda: evaluate(environment, name, FUNCTION) == "ALARM", 30)
    steps.check_that("the alarm fires", fires)
    firing = source.run("alarms", environment, fails=True)
    steps.check_that("the check names the alarm", f"{name} is firing" in firing)
    wait_until("the alarm clears", lambda: evaluate(environment, name, FUNCTION) == "OK", 60)
    states = [json.loads(text)["NewStateValue"] for _, text in subscriber.received() if json.loads(text)["AlarmName"] == name]
    steps.check_that(f"the subscriber receives that it fires and that it is over: {states}", "ALARM" in states and states[-1] == "OK")
    steps.done("an alarm fires, tells its topic, and clears")


def replay(steps, api, number):
    """Signs in, and uses the first refresh token again after its successor was used."""
    body = {"username": "brock", "password": PASSWORD}
    status, session = api.answer("/api/v1/auth/login", "POST", body)
    steps.check(f"session {number}", status, 200)
    first = session["refresh_token"]
    second = api.answer("/api/v1/auth/refresh", "POST", {"refresh_token": first})[1]["refresh_token"]
    steps.check("its successor", api.answer("/api/v1/auth/refresh", "POST", {"refresh_token": second})[0], 200)
    steps.check("an old token", api.answer("/api/v1/auth/refresh", "POST", {"refresh_token": first})[0], 401)


def evaluate(environment, name, function):
    """The state of an alarm, after the front has read the new lines of a function."""
    groups = [f"/aws/lambda/pokedex-{environment}-{function}"]
    url, body = f"{os.environ['AWS_ENDPOINT_URL']}/_front/watch", {"groups": groups, "alarms": [name]}
    request = urllib.request.Request(url, data=json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read()).get(name)


def drifts(steps, source, environment):
    """A setting that a person changes is reported, and only that."""
    logs, group = boto3.client("logs"), f"/aws/lambda/pokedex-{environment}-{FUNCTION}"
    reported = lambda: {line for line in finished(source.start("drift", environment)).splitlines() if " was modified" in line}  # noqa: E731
    before = reported()
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    after = reported()
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    steps.check("a changed retention is drift", {line.partition(": ")[2] for line in after - before}, {"RefreshSessionLogs was modified"})
    steps.check("the former retention again", reported(), before)
    steps.done("a change by hand is found")


def finished(process):
    output, _ = process.communicate()
    return output
