"""Mirrored pictures: a source of pictures of our own making, the jobs of the mirror, and the files at the address of the edge."""

import contextlib
import http.server
import json
import os
import struct
import threading
import zlib

import boto3
import machine
from edge import Edge, output, status
from product import PASSWORD

# The source has this number of pictures, then asks to be left alone: a mirror of everything would take minutes.
PICTURES = 40


def png(number):
    """A picture of one colour, which depends on its number."""
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))  # noqa: E731
    size = 40
    row = b"\0" + bytes([number % 256, 80, 160]) * size
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * size)) + chunk(b"IEND", b"")
    )


class Pictures(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served, lock = 0, threading.Lock()

    def do_GET(self):  # noqa: N802
        with self.lock:
            number = Pictures.served
            Pictures.served += 1
        body = png(number) if number < PICTURES else b""
        self.send_response(200 if body else 429)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        if not body:
            self.send_header("Retry-After", "3600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def source_of_pictures():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def invoke(environment, job, event):
    """The result of a job."""
    answer = boto3.client("lambda").invoke(
        FunctionName=f"pokedex-{environment}-{job}", Qualifier="live", Payload=json.dumps(event).encode(),
    )
    result = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise SystemExit(f"{job} failed: {result}")
    return result


def see(steps, source, api):
    """A deployment switches mirrored pictures on: the jobs store files, records name them, and only the edge serves them."""
    name, edge = api.environment, Edge(api.environment)
    steps.check(f"{name}: no mirror", edge.answer("/config.json")[1]["assets"], None)
    for job in ["mirror-assets", "delete-orphans"]:
        steps.check(f"{name}: {job} without mirrored pictures", invoke(name, job, {}), {"outcome": "off"})
    with source_of_pictures() as url:
        for parameter in ["Pictures=mirrored", f"AssetsSourceUrl={url}"]:
            source.set(name, parameter)
        source.run("deploy", name)
        steps.check(f"{name}: the folder of pictures", edge.answer("/config.json")[1]["assets"], "/assets/")
        mirrored = invoke(name, "mirror-assets", {})
    steps.check(f"{name}: the mirror stops when the source asks for it", mirrored["outcome"], "paused")
    stored = mirrored["tally"]["stored"]
    steps.check_that(f"{name}: the pictures that the source has sent", PICTURES - 4 <= stored <= PICTURES)
    steps.check(f"{name}: published", invoke(name, "sync-pokeapi", {"task": "publish"})["outcome"], "published")
    shown = lambda: edge.answer("/api/v1/pokemon/25")[1].get("sprites", {}).get("front_default")  # noqa: E731
    named = machine.wait_until("functions read the new catalogue", lambda: (shown() or "").startswith("/assets/") and shown(), 60)
    found, headers, body = edge.send(named)
    steps.check(f"{name}: {named}", (found, headers["Content-Type"], body[:4]), (200, "image/png", b"\x89PNG"))
    bucket = output(name, "data", "AssetsBucketName")
    boto3.client("s3").put_object(Bucket=bucket, Key="orphans.json", Body=b"{}")
    for key in [named[1:], "orphans.json"]:
        steps.check(f"{name}: {key} without the distribution", status(f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}/{key}"), 403)
    steps.check_that(f"{name}: the list of orphans is not at the edge", edge.send("/orphans.json")[0] == 404)
    # The user is an administrator since the step of accounts.
    login = {"username": "ash_ketchum", "password": PASSWORD}
    token = api.answer("/api/v1/auth/login", "POST", login)[1]["access_token"]
    state = api.answer("/api/v1/admin/sync", token=token)[1]["assets"]
    steps.check(f"{name}: the state for administrators", (state["assets"], state["last"]["is_complete"]), (stored, False))
    steps.check(f"{name}: nothing is deleted before a complete run", invoke(name, "delete-orphans", {}), {"outcome": "waiting"})
    source.reset()
    steps.done(f"{name}: {stored} pictures are mirrored, published and served by the edge alone")
