"""Processes of a rehearsal on this machine. Every server binds to 127.0.0.1."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

REGION = "eu-central-1"
# The seconds that stand for a minute of a canary and of an alarm.
MINUTE = 2


class Steps:
    """Prints the duration of each step, and counts the checks."""

    def __init__(self):
        self.checks = 0
        self.last = time.monotonic()

    def done(self, what):
        now = time.monotonic()
        print(f"{now - self.last:6.1f} s  {what}", flush=True)
        self.last = now

    def check(self, what, got, expected):
        if got != expected:
            raise SystemExit(f"{what}: {got!r} instead of {expected!r}")
        self.checks += 1

    def check_that(self, what, holds):
        self.check(what, bool(holds), True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, log, **options):
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(what, is_so, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, AttributeError, IndexError):
            if found := is_so():
                return found
        time.sleep(0.1)
    raise SystemExit(f"{what} within {seconds} s: it did not")


def emulator(program, run, port, **environment):
    """Functions inherit its environment, so it is kept minimal. Without IOT_MTLS_ENABLED=0 it listens beyond this machine."""
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": run, "TMPDIR": run, "STATE_DIR": f"{run}/state", "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port), "AUTH": "true", "LAMBDA_EXECUTOR": "local", "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "INFO",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **environment,
    }
    python, script = pathlib.Path(program).with_name("python"), pathlib.Path(__file__).with_name("emulator.py")
    return running([str(python), str(script)], f"{run}/emulator.log", env=environment, cwd=run)


def front(run, port, emulator_port):
    command = [
        sys.executable, str(pathlib.Path(__file__).parent / "front"), "--port", str(port), "--emulator", str(emulator_port),
        "--region", REGION, "--minute", str(MINUTE), "--hook-timeout", "120", "--as-tls",
    ]
    return running(command, f"{run}/front.log", env=dict(os.environ))


@contextlib.contextmanager
def minute(seconds):
    """Lets a minute of canaries and alarms last this number of seconds meanwhile."""

    def lasts(value):
        url, body = f"{os.environ['AWS_ENDPOINT_URL']}/_front/settings", json.dumps({"minute": value}).encode()
        urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST"), timeout=30).close()

    lasts(seconds)
    try:
        yield
    finally:
        lasts(MINUTE)


def answers(url):
    return lambda: urllib.request.urlopen(url, timeout=1).status == 200
