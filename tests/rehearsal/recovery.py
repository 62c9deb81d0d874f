"""The loss of accounts and their return: a backup, a real loss, a restore under traffic, and a comparison item by item."""

import json
import random
import time

import boto3
from product import PASSWORD, Traffic, register

ENVIRONMENT = "staging"
STACK = "pokedex-staging-data"
# A restore raises these numbers by more than an account uses, so that nothing that had ended is valid again.
LEAP = 100_000
MONTH = 31 * 24 * 3600
# The seconds by which clocks may differ.
TOLERANCE = 30


def table():
    """The name of the table of the accounts, which the stack of the data knows."""
    stack = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}["AppTableName"]


def items(name):
    """The items of a table by their keys."""
    found = {}
    for page in boto3.client("dynamodb").get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
        found.update({(item["pk"]["S"], item["sk"]["S"]): item for item in page["Items"]})
    return found


def of(user, found):
    """The items of a user: below the own key, and the claimed names."""
    return {key: item for key, item in found.items() if key[0] == f"USER#{user}" or item.get("user", {}).get("S") == user}


def sign_in(api, username):
    status, answer = api.answer("/api/v1/auth/login", "POST", {"username": username, "password": PASSWORD})
    return answer if status == 200 else status


def lose(name, kept):
    """Deletes or damages every account but those in `kept`, as a wrong program could."""
    client, found = boto3.client("dynamodb"), items(name)
    for number, (key, item) in enumerate(found.items()):
        if not key[0].startswith(("USER#", "USERNAME#", "EMAIL#")) or any(user in key[0] or item.get("user", {}).get("S") == user for user in kept):
            continue
        if number % 3 == 0 and key[1] == "PROFILE":
            client.put_item(TableName=name, Item={**item, "username": {"S": "lost"}, "version": {"N": "999"}})
        else:
            client.delete_item(TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})


def see(steps, source, api, users, kills):
    """`users` are two sessions of users of staging, by name; the second one is of an administrator."""
    environment, (user, admin) = api.environment, users
    favorites = f"/api/v1/users/{user['user']['id']}/favorites"
    first = sign_in(api, user["user"]["username"])
    for pokemon in [4, 7, 10]:
        steps.check(f"favorite {pokemon}", api.answer(favorites, "POST", {"pokemon_id": pokemon}, first["access_token"])[0], 201)
    leaving, frozen = register(api, "jessie")[1], register(api, "james")[1]
    boss = sign_in(api, admin["user"]["username"])
    wait_for_roles(environment)
    former, before = table(), items(table())
    backup = source.run("backup", environment).splitlines()[-1]
    # These changes are later than the backup: all but the last one are made again.
    joined = register(api, "meowth")[1]
    steps.check("a later favorite", api.answer(favorites, "POST", {"pokemon_id": 25}, first["access_token"])[0], 201)
    steps.check("a later removal", api.answer(favorites, "DELETE", {"pokemon_id": 7}, first["access_token"])[0], 200)
    gone = api.answer("/api/v1/auth/profile", "DELETE", {"password": PASSWORD}, leaving["access_token"])[0]
    steps.check("a later deletion", gone, 200)
    freeze = api.answer(f"/api/v1/users/{frozen['user']['id']}", "PUT", {"is_frozen": True}, boss["access_token"])[0]
    steps.check("a later freezing", freeze, 200)
    renamed = api.answer("/api/v1/auth/profile", "PUT", {"username": "brock_the_lost"}, first["access_token"])[0]
    steps.check("a later change of name", renamed, 200)
    time.sleep(1)
    lose(former, [joined["user"]["id"]])
    steps.check("nobody can sign in any more", sign_in(api, user["user"]["username"]), 401)
    steps.done("a backup, later changes, and a loss of accounts")

    shown = source.run("restore", environment, "--backup", backup, "--reason", "a rehearsal", "--dry-run")
    foreseen = " registrations, " in shown and "update_profile username" in shown
    steps.check_that("a dry run says what is made again and what is lost", foreseen)
    restore = ["restore", environment, "--backup", backup, "--reason", "a rehearsal"]
    dice = random.Random(15)
    started = time.monotonic()
    # The sessions of users end.
    with Traffic(api, None) as traffic:
        for _ in range(kills):
            process = source.start(*restore)
            time.sleep(dice.uniform(1, 12))
            process.kill()
            process.communicate()
        report = source.run(*restore)
        time.sleep(1)
    took = time.monotonic() - started
    steps.check("a restore fails no request", traffic.failures(), [])
    steps.check_that("the report names the lost change", "update_profile username" in report)
    steps.done(f"restored under traffic after {kills} kills in {took:.0f} s of the emulator: {traffic.summary()}")

    compare(steps, before, items(table()), user, joined, leaving, frozen)
    served(steps, former)
    session = sign_in(api, user["user"]["username"])
    kept = sorted(one["pokemon_id"] for one in api.answer(favorites, token=session["access_token"])[1]["favorites"])
    steps.check("favorites are those of the backup and later", kept, [4, 10, 25])
    steps.check("a session from before has ended", api.answer("/api/v1/auth/profile", token=first["access_token"])[0], 401)
    steps.check_that("a user who joined later signs in", isinstance(sign_in(api, "meowth"), dict))
    steps.check("a user who left does not", sign_in(api, "jessie"), 401)
    steps.check("a frozen user does not", sign_in(api, "james"), 403)
    steps.check("a changed name is lost", sign_in(api, "brock_the_lost"), 401)
    again = source.run(*restore, fails=True)
    steps.check_that("the same restore again", "already" in again)
    refused = source.run("rollback", environment, fails=True)
    steps.check_that("a rollback to the table that was replaced", "was replaced since" in refused)
    events = boto3.client("dynamodb").scan(TableName=f"pokedex-{environment}-audit")["Items"]
    restored = [one["target"]["S"] for one in events if one["action"]["S"] == "restore_accounts"]
    steps.check("the trail records the restore", restored, [f"table:{table()}"])
    steps.done("the accounts of the backup serve, compared item by item")

    drilled = source.run("drill", environment, "--from-backup")
    steps.check_that("the drill holds its bounds", "| return of the data |" in drilled and "EXCEEDED" not in drilled)
    steps.check("the drill leaves no table", [one for one in boto3.client("dynamodb").list_tables()["TableNames"] if "-drill-" in one], [])
    backups = [one["BackupName"] for one in boto3.client("dynamodb").list_backups()["BackupSummaries"]]
    steps.check("the drill leaves no backup", [one for one in backups if "-drill-" in one], [])
    reports = boto3.client("s3").list_objects_v2(Bucket=artifacts(), Prefix=f"drills/{environment}/")
    steps.check("its report is kept", reports["KeyCount"], 1)
    steps.done("a drill beside the live table")


def artifacts():
    [name] = [one["Name"] for one in boto3.client("s3").list_buckets()["Buckets"] if one["Name"].startswith("pokedex-artifacts-")]
    return name


def wait_for_roles(environment):
    """Waits until no change of a role is so near to the backup that a restore, which tolerates wrong clocks, would take it for a later one."""
    events = boto3.client("dynamodb").scan(TableName=f"pokedex-{environment}-audit")["Items"]
    latest = max((int(one["at"]["N"]) for one in events if one["action"]["S"] == "change_role"), default=0)
    time.sleep(max(0, latest + TOLERANCE + 2 - time.time()))


def compare(steps, before, after, user, joined, leaving, frozen):
    """Every item is that of the backup, but for those that later changes explain."""
    ids = {name: one["user"]["id"] for name, one in {"user": user, "joined": joined, "leaving": leaving, "frozen": frozen}.items()}
    steps.check("nothing is left of a user who left", of(ids["leaving"], after), {})
    steps.check("the user who joined is complete", len(of(ids["joined"], after)), 5)
    expected = {key: item for key, item in before.items() if key not in of(ids["leaving"], before)}
    for key, item in list(expected.items()):
        if key[1] == "STATUS":
            expected[key] = {**item, "epoch": plus(item.get("epoch"), LEAP)}
    status = (f"USER#{ids['frozen']}", "STATUS")
    expected[status] = {**expected[status], "is_frozen": {"BOOL": True}}
    del expected[(f"USER#{ids['user']}", "FAVORITE#00007")]
    rest = {key: item for key, item in after.items() if key not in of(ids["joined"], after)}
    added = (f"USER#{ids['user']}", "FAVORITE#00025")
    steps.check_that("the later favorite is there", added in rest)
    rest.pop(added, None)
    # The counters of users and the revision of overrides follow from the rest.
    derived = lambda key: key[0] == "USERS" or key == ("OVERRIDES", "REVISION")  # noqa: E731
    users = sum(int(item["user_count"]["N"]) for key, item in after.items() if key[0] == "USERS")
    steps.check("the counters count the users", users, len([key for key in after if key[1] == "PROFILE"]))
    differing = [key for key in {*expected, *rest} if not derived(key) and not same(expected.get(key), rest.get(key), ids["frozen"])]
    steps.check(f"{len(rest)} items are those of the backup", differing, [])


def same(one, other, raised_again):
    """Whether two items are equal; a status was raised once for each restore that was killed after it had done so."""
    if one is None or other is None or one["sk"]["S"] != "STATUS":
        return one == other
    epochs = [int(item["epoch"]["N"]) for item in (one, other)]
    is_raised = epochs[1] >= epochs[0] and (epochs[1] - epochs[0]) % LEAP <= (1 if raised_again in one["pk"]["S"] else 0)
    return is_raised and {**one, "epoch": None} == {**other, "epoch": None}


def plus(number, more):
    return {"N": str(int((number or {"N": "0"})["N"]) + more)}


def served(steps, former):
    """Every function serves with the new table, which has the settings of the template, and the former one is still there."""
    functions, name = boto3.client("lambda"), table()
    steps.check_that("the table is another one", name != former and name.startswith(f"pokedex-{ENVIRONMENT}-app-"))
    used = set()
    for page in functions.get_paginator("list_functions").paginate():
        for one in page["Functions"]:
            if one["FunctionName"].startswith(f"pokedex-{ENVIRONMENT}-"):
                live = functions.get_function_configuration(FunctionName=one["FunctionName"], Qualifier="live")
                used.add(live["Environment"]["Variables"].get("APP_TABLE"))
    steps.check("every function uses the new table", used - {None}, {name})
    client = boto3.client("dynamodb")
    described = client.describe_table(TableName=name)["Table"]
    steps.check("the new table is protected", described["DeletionProtectionEnabled"], True)
    tags = {one["Key"] for one in client.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]}
    steps.check_that("the new table has tags", {"app", "env", "owner", "cost-center"} <= tags)
    recovery = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    steps.check("the new table can return to any second", recovery["PointInTimeRecoveryStatus"], "ENABLED")
    steps.check_that("the former table stays", former in client.list_tables()["TableNames"])
    resources = boto3.client("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    [resource] = [one["PhysicalResourceId"] for one in resources if one["LogicalResourceId"] == "AppTable"]
    steps.check("the stack has the new table", resource, name)


def promote_keys(steps, api, username):
    """A month later, another key signs: tokens of the former one stay valid, and no request fails."""
    user = sign_in(api, username)
    secrets, name = boto3.client("secretsmanager"), f"pokedex-{api.environment}-signing-keys"
    ring = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    ring["promoted_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - MONTH))
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps(ring))
    with Traffic(api, user) as traffic:
        time.sleep(1)
        answer = boto3.client("lambda").invoke(FunctionName=f"pokedex-{api.environment}-rotate-signing-key:live", Payload=b"{}")
        steps.check("the key is promoted", json.loads(answer["Payload"].read()), {"outcome": "promoted"})
        session = sign_in(api, username)
        time.sleep(1)
    steps.check_that("a new session has a token of the new key", isinstance(session, dict))
    steps.check("the promotion fails no request", traffic.failures(), [])
    steps.check("no token is refused", [one for one in traffic.results if one[3] in (401, 403)], [])
    steps.done(f"the signing key is promoted under traffic: {traffic.summary()}")
