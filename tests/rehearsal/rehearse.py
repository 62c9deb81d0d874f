"""Deploys the stacks to an AWS emulator on this machine with the real SAM CLI and the real program, and checks that they work.

usage: rehearse.py MINISTACK LOCAL

MINISTACK is the emulator's program, LOCAL the product's (its engine fills the tables). `cargo lambda build` has built the functions
for this machine. Run from the root of the repository by `cargo xtask rehearse`. Every server binds to 127.0.0.1.
"""

import contextlib
import copy
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
import zipfile

import boto3
from emulator import for_emulator
from machine import Steps, emulator, free_port, running, wait_until

REGION = "eu-central-1"
BUCKET = "rehearsal"
ENVIRONMENTS = ["dev", "staging"]
LOCAL_TABLE = "pokedex-local-catalog"
# The secret that the CDN would send; staging does not start without its hash.
VERIFY = "rehearsal"


def send(port, api, path, method="GET", body=None, token=None):
    """Status, headers and body of a request through the emulated HTTP API, as the CDN would send it."""
    headers = {"Host": f"{api}.execute-api.localhost:{port}", "X-Origin-Verify": VERIFY, "X-Forwarded-For": "192.0.2.1, 198.51.100.1"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None
    if body is not None:
        headers["Content-Type"], data = "application/json", json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def answer(port, api, path, method="GET", body=None, token=None):
    """Status and JSON body of a request through the emulated HTTP API."""
    status, _, text = send(port, api, path, method, body, token)
    return status, json.loads(text or b"null")


def see_head(steps, port, api, what, path, expected, token=None):
    """The function of GET answers HEAD too: the same status, ETag and type without a body."""
    status, headers, _ = send(port, api, path, token=token)
    steps.check(f"{what}: GET", status, expected)
    head, without, body = send(port, api, path, "HEAD", token=token)
    names = ["ETag", "Content-Type", "Cache-Control", "WWW-Authenticate", "X-API-Version"]
    shown = lambda headers: [headers[name] for name in names]  # noqa: E731
    steps.check(f"{what}: HEAD", (head, shown(without), body), (expected, shown(headers), b""))


class Stacks:
    def __init__(self, run, sam):
        self.run, self.sam, self.root = run, sam, os.getcwd()

    def call(self, *arguments, **environment):
        command = [self.sam, *arguments]
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, **environment}, check=False,
        )
        if ended.returncode != 0:
            raise SystemExit(f"sam {' '.join(arguments)} ended with {ended.returncode}:\n{ended.stdout[-4000:]}")

    def build(self):
        """`sam build` as the Makefile runs it, with the program that `cargo lambda build` has built."""
        self.call("build", BUILD="true")

    def package(self):
        out = f"{self.run}/packaged.yaml"
        self.call("package", "-t", ".aws-sam/build/template.yaml", "--s3-bucket", BUCKET, "--s3-prefix", "packaged",
                  "--region", REGION, "--output-template-file", out)
        return pathlib.Path(out).read_text()

    def deploy(self, section, template):
        with open(f"{self.root}/samconfig.toml", "rb") as config:
            overrides = tomllib.load(config)[section]["deploy"]["parameters"]["parameter_overrides"]
        if section == "staging":
            overrides = [*overrides, f"OriginVerifySha256={hashlib.sha256(VERIFY.encode()).hexdigest()}"]
        # --no-resolve-s3: SAM would create its bucket with a stack of the SAM transform, which the emulator does not
        # have.
        self.call("deploy", "--config-file", f"{self.root}/samconfig.toml", "--config-env", section, "-t", template,
                  "--no-resolve-s3", "--s3-bucket", BUCKET, "--no-confirm-changeset", "--parameter-overrides", *overrides)

    def delete(self, name):
        self.call("delete", "--stack-name", name, "--no-prompts", "--region", REGION)


def variables(log):
    """The variables that the engine printed for functions on this machine: all of them, or None."""
    lines = pathlib.Path(log).read_text().splitlines()
    printed = dict(line.split("=", 1) for line in lines if "=" in line and line.partition("=")[0].isupper())
    return printed if "AUDIT_TABLE" in printed else None


def copy_table(engine, target):
    """Fills a deployed table with the content of the product's own engine: the bundled snapshot."""
    local = {name.lower(): engine[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    local |= {"endpoint_url": engine["AWS_ENDPOINT_URL_DYNAMODB"], "region_name": engine["AWS_REGION"]}
    source, sink = boto3.client("dynamodb", **local), boto3.client("dynamodb")
    copied = 0
    for page in source.get_paginator("scan").paginate(TableName=LOCAL_TABLE):
        for start in range(0, len(page["Items"]), 25):
            some = page["Items"][start:start + 25]
            left = {target: [{"PutRequest": {"Item": item}} for item in some]}
            while left:
                left = sink.batch_write_item(RequestItems=left).get("UnprocessedItems")
            copied += len(some)
    return copied


def without_get_item(template):
    """The same stack, in which get-pokemon has no right to read."""
    denied = copy.deepcopy(template)
    document = denied["Resources"]["GetPokemonRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    document["Statement"] = [one for one in document["Statement"] if one["Action"] != "dynamodb:GetItem"]
    return denied


def leftovers():
    client = boto3.client
    found = {
        "stacks": [stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]],
        "functions": [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]],
        "roles": [one["RoleName"] for one in client("iam").list_roles()["Roles"]
                  if not one["Path"].startswith("/aws-service-role")],
        "policies": [one["PolicyName"] for one in client("iam").list_policies(Scope="Local")["Policies"]],
        "log groups": [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]],
        "tables": sorted(client("dynamodb").list_tables()["TableNames"]),
        "apis": [one["Name"] for one in client("apigatewayv2").get_apis()["Items"]],
        "schedules": [one["Name"] for one in client("scheduler").list_schedules()["Schedules"]],
        "buckets": [one["Name"] for one in client("s3").list_buckets()["Buckets"] if one["Name"] != BUCKET],
        "secrets": [one["Name"] for one in client("secretsmanager").list_secrets()["SecretList"]],
    }
    return {kind: names for kind, names in found.items() if names}


def see_it_work(steps, port, api, environment):
    status, pikachu = answer(port, api, "/api/v1/pokemon/25")
    steps.check(f"{environment}: get", (status, pikachu.get("name")), (200, "pikachu"))
    status, page = answer(port, api, "/api/v1/pokemon?type=fire&per_page=2")
    steps.check(f"{environment}: list", (status, [row["name"] for row in page["pokemon"]]), (200, ["charmander", "charmeleon"]))
    status, tree = answer(port, api, "/api/v1/pokemon/eevee/evolutions")
    steps.check(f"{environment}: evolutions", (status, len(tree["chain"]["evolves_to"])), (200, 8))
    status, problem = answer(port, api, "/api/v1/pokemon/nobody")
    steps.check(f"{environment}: nobody", (status, problem["code"]), (404, "not_found"))
    status, problem = answer(port, api, "/nowhere")
    steps.check(f"{environment}: $default", (status, problem["code"]), (404, "not_found"))
    for path in ["/api/v1/pokemon?per_page=1", "/api/v1/pokemon/25", "/api/v1/pokemon/types", "/api/version"]:
        see_head(steps, port, api, f"{environment}: {path}", path, 200)
    see_head(steps, port, api, f"{environment}: nowhere", "/nowhere", 404)
    see_head(steps, port, api, f"{environment}: profile without a token", "/api/v1/auth/profile", 401)
    status, ready = answer(port, api, "/api/v1/health/ready")
    if environment == "staging":
        # The catalogue must be refreshed within two days, and the bundled snapshot is older.
        steps.check(f"{environment}: ready", (status, ready["errors"][0]["field"]), (503, "sync"))
    else:
        steps.check(f"{environment}: ready", (status, ready["status"]), (200, "ok"))


def see_accounts_work(steps, port, api, environment, local):
    """A user registers, likes a Pokémon and exports their data; another one deletes their account."""
    someone = {"username": "ash_ketchum", "email": "ash@example.com", "password": "pallet town, route 1"}
    status, signed_in = answer(port, api, "/api/v1/auth/register", "POST", someone)
    steps.check(f"{environment}: register", (status, signed_in.get("user", {}).get("username")), (201, "ash_ketchum"))
    status, problem = answer(port, api, "/api/v1/auth/register", "POST", someone)
    steps.check(f"{environment}: register again", (status, problem["code"]), (409, "username_taken"))
    credentials = {"username": "ASH@example.com", "password": someone["password"]}
    steps.check(f"{environment}: login", answer(port, api, "/api/v1/auth/login", "POST", credentials)[0], 200)
    token, favorites = signed_in["access_token"], f"/api/v1/users/{signed_in['user']['id']}/favorites"
    status, favorite = answer(port, api, favorites, "POST", {"pokemon_id": 25}, token)
    steps.check(f"{environment}: favorite", (status, favorite.get("pokemon", {}).get("name")), (201, "pikachu"))
    status, listed = answer(port, api, favorites, token=token)
    steps.check(f"{environment}: favorites", (status, len(listed["favorites"])), (200, 1))
    refresh = {"refresh_token": signed_in["refresh_token"]}
    steps.check(f"{environment}: refresh", answer(port, api, "/api/v1/auth/refresh", "POST", refresh)[0], 200)
    steps.check(f"{environment}: a stranger", answer(port, api, favorites)[0], 401)
    see_head(steps, port, api, f"{environment}: profile", "/api/v1/auth/profile", 200, token)
    see_head(steps, port, api, f"{environment}: favorites without a token", favorites, 401)
    password = {"password": someone["password"]}
    # The emulator speaks plain HTTP, which the bucket's policy refuses for every caller.
    status, problem = answer(port, api, "/api/v1/auth/export", "POST", password, token)
    steps.check(f"{environment}: an export over a plain connection", (status, problem["code"]), (503, "unavailable"))
    for bucket in exports(environment):
        boto3.client("s3").delete_bucket_policy(Bucket=bucket.name)
    status, export = answer(port, api, "/api/v1/auth/export", "POST", password, token)
    steps.check(f"{environment}: export", (status, export.get("code")), (202, None))
    steps.check(f"{environment}: exported", fetched(export["url"]), "ash@example.com")
    steps.check(f"{environment}: an export without its signature", fetched(export["url"].split("?")[0]), None)
    see_an_administrator_work(steps, port, api, environment, local, token)
    steps.check(f"{environment}: the only administrator stays", answer(port, api, "/api/v1/auth/profile", "DELETE", password, token)[0], 409)
    somebody = {**someone, "username": "misty", "email": "misty@example.com"}
    token = answer(port, api, "/api/v1/auth/register", "POST", somebody)[1]["access_token"]
    export = answer(port, api, "/api/v1/auth/export", "POST", password, token)[1]
    steps.check(f"{environment}: delete", answer(port, api, "/api/v1/auth/profile", "DELETE", password, token)[0], 200)
    steps.check(f"{environment}: an export goes with the account", fetched(export["url"]), None)


def fetched(url):
    """The address in the export at `url`; None if the export is not available."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            archive = zipfile.ZipFile(io.BytesIO(response.read()))
    except urllib.error.HTTPError:
        return None
    return json.loads(archive.read("pokedex.json"))["user"]["email"]


def see_an_administrator_work(steps, port, api, environment, local, token):
    """A caller with the credentials grants the role; the sync function publishes the administrator's changes."""
    ids = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
    granted = subprocess.run(
        [local, "admin", "grant", "ash_ketchum", "--aws", environment], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, env={**os.environ, **ids}, check=False,
    )
    steps.check(f"{environment}: grant", granted.stdout, "ash_ketchum is an administrator now\n")
    status, edited = answer(port, api, "/api/v1/pokemon/bulbasaur", "PUT", {"display_name": "Frog"}, token)
    steps.check(f"{environment}: edit", (status, edited.get("display_name")), (200, "Frog"))
    steps.check(f"{environment}: edited", answer(port, api, "/api/v1/pokemon/1")[1]["display_name"], "Frog")
    steps.check(f"{environment}: hide", answer(port, api, "/api/v1/pokemon/1", "DELETE", None, token)[0], 200)
    steps.check(f"{environment}: hidden", answer(port, api, "/api/v1/pokemon/1")[0], 404)


def exports(environment):
    return [one for one in boto3.resource("s3").buckets.all() if one.name.startswith(f"pokedex-{environment}-exports-")]


def delete_what_is_kept(environment):
    """Deletes the resources that outlive their stack, and are protected against deletion by mistake."""
    dynamodb = boto3.client("dynamodb")
    for table in [f"pokedex-{environment}-app", f"pokedex-{environment}-audit"]:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=table)
    secret = f"pokedex-{environment}-signing-keys"
    boto3.client("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


def main(ministack, local):
    sam = str(pathlib.Path(sys.executable).with_name("sam"))
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-"))
        port = free_port()
        os.environ.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION,
            # The key of the emulator's root user; it checks every other key.
            AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
            AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
            HOME=run, SAM_CLI_TELEMETRY="0", SAM_CLI_POLL_DELAY="0.5",
        )
        steps, stacks = Steps(), Stacks(run, sam)
        stack.enter_context(emulator(ministack, run, port))
        engine_log = f"{run}/engine.log"
        stack.enter_context(running([local, "--engines-only", "--memory", "--port", "0"], engine_log))
        health = f"http://127.0.0.1:{port}/_ministack/health"
        wait_until("the emulator answers", lambda: urllib.request.urlopen(health, timeout=1).status == 200)
        engine = wait_until("the engine is filled", lambda: variables(engine_log))
        steps.done("emulator and engine up")

        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        stacks.build()
        steps.done("sam build")
        template = for_emulator(stacks.package(), REGION)
        plain, denied = f"{run}/plain.json", f"{run}/denied.json"
        pathlib.Path(plain).write_text(json.dumps(template))
        pathlib.Path(denied).write_text(json.dumps(without_get_item(template)))
        steps.done("packaged and transformed")

        apis = {}
        for environment in ENVIRONMENTS:
            stacks.deploy(f"{environment}-data", f"{os.getcwd()}/infra/data.yaml")
            stacks.deploy(environment, plain)
            steps.done(f"{environment}: deployed")
            copied = copy_table(engine, f"pokedex-{environment}-catalog")
            steps.done(f"{environment}: {copied} items")
            names = {one["Name"]: one["ApiId"] for one in boto3.client("apigatewayv2").get_apis()["Items"]}
            apis[environment] = names[f"pokedex-{environment}"]
            rotate = f"pokedex-{environment}-rotate-signing-key"
            rotated = json.load(boto3.client("lambda").invoke(FunctionName=rotate, Payload=b"{}")["Payload"])
            steps.check(f"{environment}: keys", rotated, {"outcome": "made"})
            see_it_work(steps, port, apis[environment], environment)
            steps.done(f"{environment}: answers")
            see_accounts_work(steps, port, apis[environment], environment, local)
            steps.done(f"{environment}: accounts")
        see_it_work(steps, port, apis["dev"], "dev with staging beside it")

        stacks.deploy("dev", denied)
        status, problem = answer(port, apis["dev"], "/api/v1/pokemon/25")
        steps.check("without its policy line", (status, problem["code"]), (503, "unavailable"))
        steps.check("list without get's policy line", answer(port, apis["dev"], "/api/v1/pokemon?per_page=1")[0], 200)
        steps.check("staging meanwhile", answer(port, apis["staging"], "/api/v1/pokemon/25")[0], 200)
        group = "/aws/lambda/pokedex-dev-get-pokemon"
        denials = lambda: [  # noqa: E731
            one for one in boto3.client("logs").filter_log_events(logGroupName=group)["events"]
            if "AccessDeniedException" in one["message"]
        ]
        steps.check("AccessDenied is in the log", bool(wait_until("the log records it", denials, 20)), True)
        steps.done("a policy line less: refused, and recorded in the log")
        stacks.deploy("dev", plain)
        steps.check("with its policy line again", answer(port, apis["dev"], "/api/v1/pokemon/25")[0], 200)
        steps.done("and put back")

        for environment in ENVIRONMENTS:
            # The bucket would be empty by itself within a day.
            for bucket in exports(environment):
                bucket.objects.all().delete()
            stacks.delete(f"pokedex-{environment}")
            stacks.delete(f"pokedex-{environment}-data")
        steps.check("what is kept", leftovers(), {
            "tables": sorted(f"pokedex-{environment}-{table}" for environment in ENVIRONMENTS for table in ["app", "audit"]),
            "secrets": [f"pokedex-{environment}-signing-keys" for environment in ENVIRONMENTS],
        })
        for environment in ENVIRONMENTS:
            delete_what_is_kept(environment)
        steps.check("what is left", leftovers(), {})
        steps.done("deleted, and nothing is left")
    print(f"rehearsal: {steps.checks} passed, 0 failed")


if __name__ == "__main__":
    main(*[str(pathlib.Path(argument).absolute()) for argument in sys.argv[1:4]])
