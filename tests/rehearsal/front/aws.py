"""The emulator as the front uses it: clients with the front's key, and requests signed again after a change.

The emulator verifies every signature, so a request whose body the front has changed needs a new one. It is made with the caller's own
key, so that the emulator still applies the caller's policies: the front knows its own key, and it learns the others from the responses
of AssumeRole and CreateAccessKey that pass through it.
"""

import os
import re
import threading
import urllib.parse
import uuid

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from wire import Request, forward

SCOPE = re.compile(r"Credential=([^/,]+)/\d+/([^/]+)/([^/]+)/aws4_request")
# The headers that a new signature replaces.
SIGNED_AGAIN = {"authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "content-length", "transfer-encoding"}
ISSUED = re.compile(
    rb"<AccessKeyId>([^<]+)</AccessKeyId>.*?<SecretAccessKey>([^<]+)</SecretAccessKey>(?:.*?<SessionToken>([^<]+)</SessionToken>)?", re.S
)


class UnknownKey(Exception):
    """The secret of the caller's key has not passed through the front."""


def scope(request):
    """Access key, region and service of a signed request; None three times for any other."""
    found = SCOPE.search(request.header("authorization"))
    return found.groups() if found else (None, None, None)


def claim_tls(request, **_):
    request.headers.add_header("X-Forwarded-Proto", "https")


class Emulator:
    def __init__(self, port, region, as_tls):
        self.port, self.region, self.as_tls = port, region, as_tls
        self.url = f"http://127.0.0.1:{port}"
        self.key = os.environ["AWS_ACCESS_KEY_ID"]
        self.keys = {self.key: Credentials(self.key, os.environ["AWS_SECRET_ACCESS_KEY"])}
        self.clients, self.lock = {}, threading.Lock()

    def client(self, service):
        with self.lock:
            if service not in self.clients:
                config = Config(
                    read_timeout=900, max_pool_connections=64, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
                )
                credentials = {"aws_access_key_id": self.key, "aws_secret_access_key": self.keys[self.key].secret_key}
                client = boto3.client(service, endpoint_url=self.url, region_name=self.region, config=config, **credentials)
                if self.as_tls:
                    client.meta.events.register("before-sign", claim_tls)
                self.clients[service] = client
            return self.clients[service]

    def forward(self, request):
        response = forward(request, self.port)
        if request.method == "POST" and re.search(rb"Action=(AssumeRole|CreateAccessKey)", request.body):
            self.learn(response.content())
        return response

    def learn(self, body):
        """Keeps the keys that a response issues."""
        for key, secret, token in ISSUED.findall(body):
            self.keys[key.decode()] = Credentials(key.decode(), secret.decode(), token.decode() or None)

    def known(self, request):
        """Checks that the front can sign a request again."""
        key, _, _ = scope(request)
        if key not in self.keys:
            raise UnknownKey(f"The front does not know the secret of {key}.")

    def signed(self, request, form):
        """The request with another form as its body, signed again by its caller."""
        self.known(request)
        key, region, service = scope(request)
        kept = {name: value for name, value in request.headers() if name.lower() not in SIGNED_AGAIN}
        return self.sign(self.keys[key], region, service, request.target, kept, form)

    def sign(self, credentials, region, service, target, headers, form):
        body = urllib.parse.urlencode(form).encode()
        host = next((value for name, value in headers.items() if name.lower() == "host"), f"127.0.0.1:{self.port}")
        request = AWSRequest("POST", f"http://{host}{target}", data=body, headers=headers)
        SigV4Auth(credentials, service, region).add_auth(request)
        lines = [f"POST {target} HTTP/1.1", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "content-length"]
        if not any(line.lower().startswith("host:") for line in lines):
            lines.append(f"Host: {host}")
        return Request("\r\n".join([*lines, "", ""]).encode("latin-1"), body)

    def query(self, form):
        """The response of CloudFormation to a form that the front signs itself."""
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return forward(self.sign(self.keys[self.key], self.region, "cloudformation", "/", headers, form), self.port)

    def stored(self, text, use):
        """Calls `use` with the URL of a template. The emulator reads templates above 51,200 bytes only from its S3; the bucket exists
        only during the call, because a bucket of the client may keep versions, and refuses plain HTTP."""
        s3, bucket = self.client("s3"), f"front-{uuid.uuid4()}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": self.region})
        try:
            s3.put_object(Bucket=bucket, Key="template", Body=text.encode())
            return use(f"{self.url}/{bucket}/template")
        finally:
            s3.delete_object(Bucket=bucket, Key="template")
            s3.delete_bucket(Bucket=bucket)

    def fetched(self, url):
        """The object behind a TemplateURL, in each of the forms that CloudFormation accepts."""
        parts = urllib.parse.urlsplit(url)
        path = urllib.parse.unquote(parts.path.lstrip("/"))
        virtual = re.fullmatch(r"(.+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com", parts.hostname or "")
        bucket, key = (virtual[1], path) if virtual else path.split("/", 1)
        version = urllib.parse.parse_qs(parts.query).get("versionId")
        extra = {"VersionId": version[0]} if version else {}
        return self.client("s3").get_object(Bucket=bucket, Key=key, **extra)["Body"].read().decode()
