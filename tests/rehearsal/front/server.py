"""The server: one thread for each connection, and the choice of who answers a request."""

import contextlib
import json
import re
import socket
import socketserver
import sys
import threading
import time
import traceback

from alarms import Alarms
from aws import Emulator, scope
from botocore.exceptions import BotoCoreError, ClientError
from cloudformation import CloudFormation
from codedeploy import CodeDeploy
from edge import Edge
from metrics import LogReader, Metrics
from release import Settings
from traffic import Traffic
from wire import Incomplete, answer, read_request


class Services:
    """What a release uses."""

    def __init__(self, emulator, settings, address):
        self.emulator, self.settings, self.address = emulator, settings, address
        self.metrics = Metrics(emulator)
        self.traffic = Traffic(emulator, self.metrics)
        self.codedeploy = CodeDeploy(emulator)
        self.edge = Edge(emulator)
        self.alarms = Alarms(emulator, settings)
        self.cloudformation = CloudFormation(emulator, self)

    def stack(self, stack_id):
        return self.emulator.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]

    def resources(self, stack_id):
        """{logical id: (type, physical id)}"""
        pages = self.emulator.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack_id)
        found = [one for page in pages for one in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: (one["ResourceType"], one["PhysicalResourceId"]) for one in found}

    def physical_ids(self, stack_id):
        return {logical: physical for logical, (_, physical) in self.resources(stack_id).items()}

    def execute_again(self, change_set, token):
        self.cloudformation.execute_again(change_set, token)

    def log_groups(self, deployments):
        return sorted({self.metrics.log_group(one.plan.function, one.plan.target) for one in deployments})

    def invoke(self, deployment, hook):
        event = json.dumps({"DeploymentId": deployment.id, "LifecycleEventHookExecutionId": hook.id})
        try:
            response = self.emulator.client("lambda").invoke(FunctionName=hook.function, Payload=event)
            if response.get("FunctionError"):
                hook.error = response["Payload"].read().decode()[:1000]
        except (ClientError, BotoCoreError) as error:
            hook.error = str(error)


class Front:
    def __init__(self, arguments):
        self.port = arguments.port
        self.as_tls = arguments.as_tls
        self.emulator = Emulator(arguments.emulator, arguments.region, arguments.as_tls)
        self.settings = Settings(arguments.minute, arguments.hook_timeout, arguments.hooks_at_once)
        self.readers = {}
        self.services = Services(self.emulator, self.settings, f"http://127.0.0.1:{self.port}")

    def serve(self):
        threading.Thread(target=self.publish_metrics, daemon=True).start()
        front = self

        class Connection(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self):
                with contextlib.suppress(Incomplete, ConnectionError, socket.timeout):
                    front.converse(self.rfile, self.wfile.write)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 256

        with Server(("127.0.0.1", self.port), Connection) as server:
            print(f"front on http://127.0.0.1:{self.port} before {self.emulator.url}", flush=True)
            server.serve_forever()

    def publish_metrics(self):
        while True:
            time.sleep(1)
            with contextlib.suppress(ClientError, BotoCoreError):
                self.services.metrics.publish()

    def converse(self, stream, send):
        while request := read_request(stream, send):
            try:
                response = self.answer(request)
            except (Incomplete, ConnectionError, socket.timeout) as error:
                response = answer(502, {"message": f"the emulator did not answer: {error}"})
            except Exception as error:  # noqa: BLE001 - the client needs an answer, and the log the cause.
                traceback.print_exc(file=sys.stderr)
                response = answer(500, {"message": f"the front failed: {error}"})
            send(response.head + response.body)
            if request.last() or not (response.framed() or request.method == "HEAD"):
                return

    def answer(self, request):
        if api := re.match(r"/_front/api/([0-9a-f]{8})(/.*)?$", request.target):
            request = request.with_target(api[2] or "/").with_header("Host", f"{api[1]}.execute-api.localhost:{self.port}")
        elif edge := re.match(r"/_front/edge/([a-z0-9.]+)(/.*)?$", request.target):
            return self.services.edge.answer(request, edge[1], edge[2] or "/")
        elif request.path.startswith("/_front/"):
            return self.own(request)
        api, host = self.services.traffic.api(request)
        if api:
            return self.services.traffic.forward(request, api, host)
        if self.as_tls:
            request = request.with_header("X-Forwarded-Proto", "https")
        key, _, service = scope(request)
        if request.header("x-amz-target").startswith("CodeDeploy_20141006."):
            return self.services.codedeploy.answer(request, key)
        if request.header("x-amz-target").startswith("CloudFormation_"):
            return answer(400, {"message": "the front reads CloudFormation's Query protocol only"})
        if service == "cloudformation" and request.method == "POST":
            return self.services.cloudformation.answer(request)
        return self.emulator.forward(request)

    def own(self, request):
        """The front's own operations, for the rehearsal."""
        services = self.services
        match request.method, request.path:
            case "GET", "/_front/health":
                return answer(200, {"status": "ok"})
            case "GET", "/_front/traffic":
                return answer(200, services.traffic.shown())
            case "GET", "/_front/deployments":
                return answer(200, [deployment.shown() for deployment in services.codedeploy.all()])
            case "GET", "/_front/adaptations":
                return answer(200, services.cloudformation.dropped)
            case "POST", "/_front/traffic/reset":
                services.traffic.reset()
                return answer(200, {})
            case "POST", "/_front/watch":
                return self.watch(json.loads(request.content()))
            case "POST", "/_front/settings":
                return self.change_settings(json.loads(request.content()))
        return answer(404, {"message": f"the front has no {request.method} {request.path}"})

    def watch(self, wanted):
        """Publishes the metrics in the new log events of some log groups, and evaluates some alarms, as CloudWatch does all the time."""
        services, groups = self.services, tuple(wanted["groups"])
        reader = self.readers.setdefault(groups, LogReader(self.emulator, services.metrics, groups))
        reader.poll()
        services.metrics.publish()
        return answer(200, services.alarms.states(wanted["alarms"]))

    def change_settings(self, changes):
        if not set(changes) <= {"minute", "hookTimeout"}:
            return answer(400, {"message": "the settings are minute and hookTimeout, in seconds"})
        self.settings.minute = float(changes.get("minute", self.settings.minute))
        self.settings.hook_timeout = float(changes.get("hookTimeout", self.settings.hook_timeout))
        return answer(200, {"minute": self.settings.minute, "hookTimeout": self.settings.hook_timeout})
