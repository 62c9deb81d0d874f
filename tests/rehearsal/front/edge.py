"""Distributions: requests reach them at an address of the front, and a file that is missing in a bucket is a 404 where it is one on AWS.

The emulator answers 403 for each file that it does not have. S3 does so only if the distribution may not list the bucket.
"""

import contextlib
import fnmatch
import json
import re
import urllib.parse

from botocore.exceptions import ClientError

BUCKET = re.compile(r"(.+)\.s3[.-][a-z0-9-]+\.amazonaws\.com")
DENIED = b"<Code>AccessDenied</Code>"
MISSING = b"<Code>NoSuchKey</Code>"


class Edge:
    def __init__(self, emulator):
        self.emulator = emulator

    def answer(self, request, host, target):
        # The emulator serves a distribution at its host, and believes this header.
        request = request.with_target(target).with_header("Host", host).with_header("X-Forwarded-Proto", "https")
        response = self.emulator.forward(request)
        if response.status == 403 and DENIED in response.content() and self.may_list(host, urllib.parse.urlsplit(target).path):
            response = response.with_body(response.content().replace(DENIED, MISSING))
            response.head = response.head.replace(b" 403 Forbidden", b" 404 Not Found", 1)
        return response

    def may_list(self, host, path):
        """Whether the distribution may list the bucket that a path leads to, and the file is missing there."""
        found = self.emulator.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
        distribution = next(one for one in found if one["DomainName"] == host)
        config = self.emulator.client("cloudfront").get_distribution_config(Id=distribution["Id"])["DistributionConfig"]
        behaviours = config["CacheBehaviors"].get("Items", [])
        behaviour = next((one for one in behaviours if fnmatch.fnmatchcase(path, one["PathPattern"])), config["DefaultCacheBehavior"])
        origin = next(one for one in config["Origins"]["Items"] if one["Id"] == behaviour["TargetOriginId"])
        bucket = BUCKET.fullmatch(origin["DomainName"])
        if not bucket:
            return False
        files = self.emulator.client("s3")
        with contextlib.suppress(ClientError):
            files.head_object(Bucket=bucket[1], Key=urllib.parse.unquote(path).lstrip("/"))
            return False
        try:
            policy = json.loads(files.get_bucket_policy(Bucket=bucket[1])["Policy"])
        except ClientError:
            return False
        return any(
            one["Effect"] == "Allow" and "s3:ListBucket" in one["Action"] and f"arn:aws:s3:::{bucket[1]}" in one["Resource"]
            and one["Condition"]["StringEquals"]["AWS:SourceArn"] == distribution["ARN"]
            for one in policy["Statement"] if "StringEquals" in one.get("Condition", {})
        )
