"""Rehearses releases on this machine: the program that deploys on AWS deploys here, to an emulator, and everything it promises is checked.

usage: rehearse.py MINISTACK LOCAL DEPLOY PROGRAM [--kills N]

MINISTACK is the emulator, LOCAL the product, DEPLOY the program of `cargo xtask deploy`, PROGRAM the functions' program, built for this
machine. Run from the root of the repository by `cargo xtask rehearse`. The front (front/) does what the emulator lacks.
"""

import argparse
import contextlib
import os
import pathlib
import random
import subprocess
import tempfile
import time

import account
import boto3
import edge
import machine
import pictures
import probe
import recovery
import rights
import watch
from machine import REGION, Steps, answers, free_port, wait_until
from product import Api, Traffic, register, see_accounts, see_catalogue
from source import Source

# The share of the requests that may fail while a tenth of them goes to a broken version.
MOST_FAILED = 0.1
# The seconds of a minute in that step: in a shorter one, a tenth of the requests has too few failures for the alarm.
LONG_MINUTE = 10
MONTH = 30 * 24 * 3600
# The jobs that run every hour.
HOURLY = ["rotate-signing-key", "finish-deletions"]
# A resource that cannot be created: an alarm without a threshold.
BROKEN = """  Broken:
    Type: AWS::CloudWatch::Alarm
    DependsOn: [AppTable, SigningKeys]
    Properties: {Namespace: n, MetricName: m, ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1}
"""

# The steps after the first deployments, in their order.
STEPS = [
    "rights", "refusals", "watched", "at_one_address", "probed", "mirrored", "rotated", "good_release", "rejected_by_its_hook",
    "stopped_by_its_alarm", "rolled_back_by_hand", "migrated", "repeated", "keys_promoted", "restored", "without_a_right",
    "failed_first_deployment", "killed", "schedules", "deleted",
]


class Rehearsal:
    def __init__(self, source, local, steps, kills):
        self.source, self.local, self.steps, self.kills = source, local, steps, kills

    def api(self, environment):
        stack = boto3.client("cloudformation").describe_stacks(StackName=f"pokedex-{environment}")["Stacks"][0]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        return Api(environment, outputs["ApiUrl"])

    def deploy(self, environment, *options, fails=False):
        return self.source.run("deploy", environment, *options, fails=fails)

    def grant(self, environment, username):
        granted = subprocess.run(
            [self.local, "admin", "grant", username, "--aws", environment], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, env={**os.environ, "AWS_REGION": REGION}, check=False,
        )
        return granted.stdout

    def first_deployments(self):
        """Several environments side by side: each is seeded, has keys, and passes the smoke test before the command ends."""
        for environment in ["dev", "staging", "f-branch"]:
            output = self.deploy(environment)
            self.steps.check_that(f"{environment}: seeded", "the bundled snapshot is the catalogue" in output)
            self.steps.check_that(f"{environment}: keys", "signing keys: made" in output)
            # The API itself, and everything at the address of the edge.
            for passed in [24] if environment.startswith("f-") else [24, 29]:
                self.steps.check_that(f"{environment}: smoke test", f"{passed} passed, 0 failed" in output)
            self.steps.done(f"{environment}: deployed for the first time")
        promoted = self.source.run("promote", "--override", "a rehearsal")
        self.steps.check_that("prod: promoted without another upload", "programs/" not in promoted and "live:" in promoted)
        self.steps.done("prod: promoted from staging")
        for environment in ["dev", "staging", "prod", "f-branch"]:
            see_catalogue(self.steps, self.api(environment))
        self.steps.done("four environments answer side by side")
        for environment in ["dev", "staging"]:
            see_accounts(self.steps, self.api(environment), self.grant)
        self.user = register(self.api("staging"), "brock")[1]
        self.subscription = account.Subscription("staging")
        self.steps.done("accounts, exports and administrators, in three stacks behind one address")

    def rights(self):
        rights.check(self.source, self.source.folder.parent, self.steps)

    def refusals(self):
        refused = self.deploy("prod", fails=True)
        self.steps.check_that("prod: the window", "--override REASON" in refused)
        catalogue = self.source.run("seed", "staging", "--dry-run")
        self.steps.check_that("staging: the catalogue, as a dry run shows it", "was published at" in catalogue)
        shown = self.deploy("staging", "--dry-run")
        self.steps.check_that("staging: a dry run of the same release", "nothing to deploy" in shown)
        unchanged = self.deploy("staging")
        self.steps.check_that("staging: an unchanged tree", "nothing to deploy: staging runs the release" in unchanged)
        self.source.edit("infra/data.yaml", "AttributeName: sk\n          KeyType: RANGE", "AttributeName: rk\n          KeyType: RANGE")
        self.source.edit("infra/data.yaml", "- AttributeName: sk\n", "- AttributeName: rk\n")
        lost = self.deploy("staging", fails=True)
        self.steps.check_that("staging: a change that loses a table", "would replace or delete CatalogTable" in lost)
        self.source.reset()
        self.replaced_program()
        self.steps.done("refused: outside the window, an unchanged tree, a change that would lose a table, a replaced program")

    def replaced_program(self):
        """The bucket holds another program than the one that staging has proven."""
        files = boto3.client("s3")
        bucket = next(one["Name"] for one in files.list_buckets()["Buckets"] if one["Name"].startswith("pokedex-artifacts-"))
        for file in files.list_objects_v2(Bucket=bucket, Prefix="programs/")["Contents"]:
            program = files.get_object(Bucket=bucket, Key=file["Key"])["Body"].read()
            files.put_object(Bucket=bucket, Key=file["Key"], Body=program + b"more")
            refused = self.source.run("promote", "--override", "a rehearsal", fails=True)
            self.steps.check_that("prod: a replaced program", "does not have the content that its name says" in refused)
            files.put_object(Bucket=bucket, Key=file["Key"], Body=program)

    def watched(self):
        watch.see(self.steps, self.source, self.api("staging"))
        watch.drifts(self.steps, self.source, "staging")

    def at_one_address(self):
        for environment in ["dev", "staging"]:
            edge.see(self.steps, self.api(environment))

    def probed(self):
        probe.see(self.steps, self.api("staging"))

    def mirrored(self):
        pictures.see(self.steps, self.source, self.api("dev"))

    def rotated(self):
        edge.rotate(self.steps, self.source, self.api("staging"), self.user)

    def good_release(self):
        """Another log level reaches every function, step by step, and no request fails."""
        api, before = self.api("staging"), account.versions("staging")
        self.source.set("staging", "LogLevel=info,adapters=debug")
        with Traffic(api, self.user) as traffic:
            output = self.deploy("staging")
            time.sleep(1)
        after = account.versions("staging")
        still = [name for name in before if before[name] == after[name]]
        self.steps.check("a changed parameter moves every alias", still, [])
        self.steps.check("a good release fails no request", traffic.failures(), [])
        self.steps.check_that("a good release is live", f"live: {api.release()}" in output)
        self.steps.done(f"a release in steps of 10 % under traffic: {traffic.summary()}")

    def rejected_by_its_hook(self):
        """A release whose functions do not start never receives a request."""
        api, before = self.api("staging"), account.versions("staging")
        self.source.set("staging", "SpriteBaseUrl=nowhere")
        with Traffic(api, self.user) as traffic:
            output = self.deploy("staging", fails=True)
            time.sleep(1)
        self.steps.check("every alias is where it was", account.versions("staging"), before)
        self.steps.check("a release that its hook rejects fails no request", traffic.failures(), [])
        self.steps.check_that("the deployment says so", "was not deployed" in output)
        self.source.reset()
        self.steps.done(f"a release that does not start: rejected by its hook, {traffic.summary()}")

    def stopped_by_its_alarm(self):
        """A release that passes its probes and fails under traffic loses it again, within its share of the requests."""
        api, before = self.api("staging"), account.versions("staging")
        self.source.set("staging", "TrafficShift=CodeDeployDefault.LambdaCanary10Percent5Minutes")
        self.source.edit("template.yaml", "AUDIT_TABLE: !Ref AuditTableName", "AUDIT_TABLE: pokedex-staging-nowhere")
        with machine.minute(LONG_MINUTE), Traffic(api, self.user, per_second=20, patient=False) as traffic:
            output = self.deploy("staging", fails=True)
            returned = time.monotonic()
            time.sleep(5)
        self.steps.check_that("the release failed under traffic", traffic.failures())
        share = len(traffic.failures()) / len(traffic.results)
        self.steps.check_that(f"{share:.0%} of the requests failed", share <= MOST_FAILED)
        self.steps.check("nothing fails afterwards", traffic.failures(returned), [])
        self.steps.check_that("requests were sent afterwards", traffic.since(returned) > 20)
        self.steps.check("every alias is back", account.versions("staging"), before)
        self.steps.check_that("the deployment says so", "was not deployed" in output)
        self.source.reset()
        failed, sent = len(traffic.failures()), len(traffic.results)
        self.steps.done(f"a release that fails under traffic: {failed} of {sent} requests failed, then rolled back, 0 afterwards")

    def rolled_back_by_hand(self):
        """Every alias returns to the release before; the rolled back release cannot come back by itself."""
        api = self.api("staging")
        live = api.release()
        with Traffic(api, self.user) as traffic:
            output = self.source.run("rollback", "staging")
        self.steps.check("a rollback fails no request", traffic.failures(), [])
        self.steps.check_that("the earlier release serves", api.release() not in (live, None) and "0 failed" in output)
        self.steps.done(f"rolled back by hand: {traffic.summary()}")
        self.source.set("staging", "LogLevel=info,adapters=debug")
        again = self.deploy("staging", fails=True)
        self.steps.check_that("the same release again", "was rolled back" in again)
        self.source.set("staging", "LogLevel=debug")
        self.deploy("staging")
        self.source.reset()
        subjects = [subject for subject, _ in self.subscription.received()]
        expected = ["deployment started", "live", "DEPLOYMENT FAILED", "ROLLED BACK"]
        missing = [state for state in expected if not any(f"staging: {state}, " in subject for subject in subjects)]
        self.steps.check("subscribers receive notices", missing, [])
        self.steps.done("after a rollback, the same release is refused, and the next one is deployed")

    def migrated(self):
        """Stored accounts go to the version before and return, under traffic; a version that the release cannot serve with is refused."""
        user = self.user["user"]["id"]
        with Traffic(self.api("staging"), self.user) as traffic:
            self.source.run("migrate", "staging", "--to", "2")
            back = account.profile("staging", user)
            time.sleep(1)
            self.source.run("migrate", "staging")
            forth = account.profile("staging", user)
            time.sleep(1)
        self.steps.check_that("the user is in both lists", "listed_in" in back and "gsi1pk" in back)
        self.steps.check_that("the user is in the new list only", "listed_in" not in forth and "gsi1pk" in forth)
        self.steps.check("a migration fails no request", traffic.failures(), [])
        self.steps.check_that("requests were sent meanwhile", len(traffic.results) > 10)
        self.steps.check("each migration begins with a backup", account.backups("staging"), 2)
        refused = self.source.run("migrate", "staging", "--to", "1", fails=True)
        self.steps.check_that("staging: a version that the release cannot serve with", "serves with the versions 2 to 3" in refused)
        account.set_version("staging", 1)
        self.source.set("staging", "LogLevel=warn")
        refused = self.deploy("staging", fails=True)
        self.steps.check_that("staging: a release that cannot serve with the accounts", "migrate staging --to 2" in refused)
        account.set_version("staging", 3)
        self.source.reset()
        self.steps.done(f"accounts migrated back and forth: {traffic.summary()}")

    def repeated(self):
        """A deployment that failed for a passing reason, here the age of the catalogue, succeeds when it is repeated unchanged."""
        api, before = self.api("staging"), account.versions("staging")
        self.source.set("staging", "LogLevel=info,adapters=info")
        account.publication_is_older("staging", MONTH)
        output = self.deploy("staging", "--all-at-once", fails=True)
        account.publication_is_older("staging", -MONTH)
        self.steps.check_that("the smoke test fails", "readiness" in output and "were moved back" in output)
        self.steps.check("every alias is back", account.versions("staging"), before)
        output = self.deploy("staging", "--all-at-once")
        self.steps.check_that("the same release is live", f"live: {api.release()}" in output)
        self.source.reset()
        self.steps.done("a deployment that failed for a passing reason is repeated")

    def keys_promoted(self):
        recovery.promote_keys(self.steps, self.api("staging"), "brock")

    def restored(self):
        api = self.api("staging")
        users = [recovery.sign_in(api, username) for username in ("brock", "ash_ketchum")]
        recovery.see(self.steps, self.source, api, users, self.kills)

    def without_a_right(self):
        """The smoke test finds a missing right, which no linter sees; the denial is in the log."""
        text = (self.source.folder / "template.yaml").read_text()
        role = text[text.index("  GetPokemonRole:"):text.index("  GetPokemonLogs:")]
        statement = role[role.index("          - Effect: Allow\n            Action: dynamodb:GetItem"):]
        statement = statement[:statement.index("      Tags:")]
        self.source.edit("template.yaml", statement, "")
        output = self.deploy("dev", fails=True)
        self.steps.check_that("the smoke test fails", "detail and ETag" in output)
        log = "/aws/lambda/pokedex-dev-get-pokemon"
        denials = lambda: [  # noqa: E731
            one for one in boto3.client("logs").filter_log_events(logGroupName=log)["events"] if "AccessDeniedException" in one["message"]
        ]
        self.steps.check_that("AccessDenied is in the log", wait_until("the log records it", denials, 20))
        self.source.reset()
        self.deploy("dev")
        self.steps.done("a policy line less: found by the smoke test, recorded in the log, and put back")

    def failed_first_deployment(self):
        """A first deployment that fails leaves nothing behind, and works once its cause is gone."""
        self.source.edit("infra/data.yaml", "\nOutputs:\n", BROKEN + "\nOutputs:\n")
        output = self.deploy("f-broken", fails=True)
        self.steps.check_that("the failure is reported", "pokedex-f-broken-data could not be changed" in output)
        self.steps.check("a failed creation leaves nothing", account.leftovers("f-broken"), {})
        self.source.reset()
        self.steps.done("a failed first deployment leaves nothing")

    def killed(self):
        """A deployment that was killed while it changed the stacks is completed by the next one."""
        rng = random.Random(13)
        for number in range(self.kills):
            self.source.set("dev", f"LogLevel=info,adapters=debug,kill{number}=info")
            process = self.source.start("deploy", "dev")
            time.sleep(rng.uniform(0.2, 8))
            process.kill()
            process.communicate()
            output = self.deploy("dev")
            release = self.api("dev").release()
            self.steps.check_that(f"kill {number}: the next deployment completes it", f"{release}" in output)
        self.source.reset()
        self.steps.done(f"{self.kills} deployments were killed, and completed by the next")

    def schedules(self):
        """The schedules invoke the jobs with their own role."""
        for _ in HOURLY:
            self.source.edit("infra/jobs.yaml", "ScheduleExpression: rate(1 hour)", "ScheduleExpression: rate(1 minute)")
        self.deploy("f-branch", "--only", "jobs")
        for job in HOURLY:
            before = self.runs(job)
            fires = wait_until(f"the schedule of {job} fires", lambda job=job, before=before: self.runs(job) > before, 100)
            self.steps.check_that(f"the schedule of {job} fires", fires)
        self.source.reset()
        for environment in ["dev", "staging"]:
            edge.forgets_changes(self.steps, environment)
        self.steps.done("the schedules fire, and the edge forgets a changed catalogue")

    def runs(self, job):
        """The number of runs of a job in the environment of the branch, which its log records."""
        events = boto3.client("logs").filter_log_events(logGroupName=f"/aws/lambda/pokedex-f-branch-{job}")["events"]
        return len([one for one in events if '"outcome"' in one["message"]])

    def deleted(self):
        shown = self.source.run("env", "delete", "f-branch", "--dry-run")
        self.steps.check_that("a dry run deletes nothing", "would be deleted" in shown and account.leftovers("f-branch"))
        self.source.run("env", "delete", "f-branch")
        self.steps.check("a deleted environment leaves nothing", account.leftovers("f-branch"), {})
        self.source.run("env", "delete", "staging", fails=True)
        self.steps.done("the environment of a branch is deleted, and a stable one is not")
        self.source.run("env", "delete", "dev")
        self.steps.check("dev leaves nothing", account.leftovers("dev"), {})
        pruned = self.source.run("prune", "staging", "--keep", "1")
        self.steps.check_that("old versions are deleted", "0 versions" not in pruned)
        self.steps.check("staging serves", self.api("staging").answer("/api/v1/pokemon/25")[0], 200)
        self.steps.done("dev is deleted, old versions of staging are pruned")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", nargs=4, type=lambda path: str(pathlib.Path(path).absolute()))
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=STEPS, default=STEPS, help="the steps after the first deployments")
    arguments = parser.parse_args()
    ministack, local, deploy, program = arguments.programs
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-"))
        port, emulator_port = free_port(), free_port()
        os.environ.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION,
            # The key of the emulator's root user; it checks every other key.
            AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
            AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", HOME=run,
        )
        steps = Steps()
        stack.enter_context(machine.emulator(ministack, run, emulator_port, **through_front(port)))
        wait_until("the emulator answers", answers(f"http://127.0.0.1:{emulator_port}/_ministack/health"))
        stack.enter_context(machine.front(run, port, emulator_port))
        wait_until("the front answers", answers(f"http://127.0.0.1:{port}/_front/health"))
        steps.done("emulator and front up")
        rehearsal = Rehearsal(Source(os.getcwd(), run, program, deploy), local, steps, arguments.kills)
        try:
            rehearsal.first_deployments()
            for name in arguments.only:
                getattr(rehearsal, name)()
        except SystemExit:
            keep_logs(run)
            print_server_errors()
            raise
    print(f"rehearsal: {steps.checks} passed, 0 failed")


def through_front(port):
    """The services that functions reach through the front: CodeDeploy, which the emulator lacks, and S3, which demands TLS."""
    return {f"AWS_ENDPOINT_URL_{service}": f"http://127.0.0.1:{port}" for service in ("CODEDEPLOY", "S3")}


def keep_logs(run):
    """Keeps the logs of the servers for the person who looks for the cause."""
    place = pathlib.Path("target/rehearsal")
    place.mkdir(parents=True, exist_ok=True)
    for log in pathlib.Path(run).glob("*.log"):
        (place / log.name).write_bytes(log.read_bytes())
    print(f"the logs are in {place}")


def print_server_errors():
    """Prints the lines of functions that answered with a server error: they name its cause, which no response does."""
    logs = boto3.client("logs")
    for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName"):
        for event in logs.filter_log_events(logGroupName=group)["events"]:
            if '"status":5' in event["message"]:
                print(event["message"].partition('"_aws"')[0])


if __name__ == "__main__":
    main()
