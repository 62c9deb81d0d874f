"""The edge of an environment: the distribution in front of its API, its pages and its assets."""

import os
import random
import time
import urllib.error
import urllib.request

import boto3
import machine
from product import Api, Traffic

PICTURE = b"RIFF\x04\x00\x00\x00WEBP"
KEY = "assets/artwork/25-0123456789abcdef.webp"
IMMUTABLE = "public, max-age=31536000, immutable"


class Edge(Api):
    """Everything at the address of the distribution, as any client reaches it."""

    def __init__(self, environment):
        self.environment, self.url, self.headers = environment, output(environment, "edge", "EdgeUrl"), {}


def output(environment, stack, name):
    described = boto3.client("cloudformation").describe_stacks(StackName=f"pokedex-{environment}-{stack}")["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}[name]


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def see(steps, api):
    """Pages, files and the API at one address; the buckets and the API behind it answer nobody else."""
    name, edge = api.environment, Edge(api.environment)
    for path in ["/api/v1/pokemon?per_page=2&utm_source=x&type=fire", "/api/v1/pokemon?search=m%C3%A9&page=1", "/api/v1/pokemon/mr.-mime",
                 "/api/v1/types/fire", "/api/v1/nothing", "/.well-known/jwks.json", "/api/v1/pokemon?page=0"]:
        steps.check(f"{name}: {path} through the edge", comparable(edge.answer(path)), comparable(api.answer(path)))
    _, headers, _ = edge.send("/api/v1/pokemon/25")
    again = edge.send("/api/v1/pokemon/25", headers={"If-None-Match": headers["ETag"]})[0]
    steps.check(f"{name}: a fresh copy through the edge", again, 304)
    bucket, files = output(name, "data", "AssetsBucketName"), boto3.client("s3")
    files.put_object(Bucket=bucket, Key=KEY, Body=PICTURE, ContentType="image/webp", CacheControl=IMMUTABLE)
    found, headers, body = edge.send(f"/{KEY}")
    shown = (found, headers["Content-Type"], headers["Cache-Control"], headers["X-Content-Type-Options"], body)
    steps.check(f"{name}: an asset", shown, (200, "image/webp", IMMUTABLE, "nosniff", PICTURE))
    for bucket, key in [(bucket, KEY), (output(name, "data", "WebBucketName"), "index.html")]:
        steps.check(f"{name}: {key} without the distribution", status(f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}/{key}"), 403)
    steps.done(f"{name}: pages, files and the API at one address, and nothing behind it")


def forgets_changes(steps, environment):
    """The edge was told to forget the catalogue, which administrators have changed: the schedule looks every minute."""
    cdn, distribution = boto3.client("cloudfront"), output(environment, "edge", "DistributionId")

    def references():
        found = cdn.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
        batches = [cdn.get_invalidation(DistributionId=distribution, Id=one["Id"])["Invalidation"]["InvalidationBatch"] for one in found]
        return [batch["CallerReference"] for batch in batches if batch["CallerReference"].startswith("catalogue-")]

    told = machine.wait_until(f"the edge of {environment} forgets a changed catalogue", references, 130)
    steps.check(f"{environment}: the edge forgets each change once", len(told), len(set(told)))


def comparable(answer):
    found, body = answer
    return found, {key: value for key, value in body.items() if key != "request_id"} if isinstance(body, dict) else body


def rotate(steps, source, direct, user):
    """A new value of X-Origin-Verify reaches functions and edge while clients use both; a rotation that was killed is continued."""
    secrets, name = boto3.client("secretsmanager"), "pokedex-staging-origin-verify"
    value = lambda: secrets.get_secret_value(SecretId=name)["SecretString"]  # noqa: E731
    api, before = Edge("staging"), value()
    live = direct.release()
    # The steps of traffic are rehearsed elsewhere.
    source.set("staging", "TrafficShift=CodeDeployDefault.LambdaAllAtOnce")
    # A request through the emulated edge takes several processes, which the deployment needs as well.
    with Traffic(api, user, per_second=5) as traffic:
        process = source.start("rotate-origin", "staging")
        time.sleep(random.Random(14).uniform(3, 15))
        process.kill()
        process.communicate()
        source.run("rotate-origin", "staging")
        time.sleep(2)
    steps.check("a rotation fails no request", traffic.failures(), [])
    steps.check_that("requests were sent meanwhile", len(traffic.results) > 100)
    steps.check("no request is refused", [one for one in traffic.results if one[3] == 403], [])
    steps.check_that("the value is another one", value() != before)
    steps.check("the former value is refused", direct.send("/api/v1/health")[0], 403)
    refused = source.run("rollback", "staging", "--to", live, fails=True)
    steps.check_that("functions that know the former value alone do not return", "accepts another value than the edge sends" in refused)
    source.reset()
    steps.done(f"a new value of X-Origin-Verify, the first run killed: {traffic.summary()}")
