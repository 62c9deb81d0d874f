"""Requests to HTTP APIs: which version of a function answers, and how often it fails.

The emulator ignores the weights of an alias. While a deployment runs, a second HTTP API, the shadow, has the routes of the functions under
deployment with their new versions as integrations, and the deployment's share of the requests goes to it: with 10 per cent every tenth one.
Functions see the shadow's id and host in an event. Only HTTP APIs with the stage $default and routes without an authorizer are shifted;
direct invocations of an alias stay with its old version until it moves.
"""

import contextlib
import json
import re
import threading
import time
import urllib.parse

import preflight
from botocore.exceptions import ClientError

HOST = re.compile(r"([0-9a-f]{8})\.(execute-api\.localhost(?::\d+)?)")
FUNCTION = re.compile(r":function:([^:/]+):([^:/]+)")
# The seconds for which the routes of an API are remembered.
FRESH = 1.0


class Route:
    def __init__(self, key, function, alias):
        self.key, self.function, self.alias = key, function, alias
        self.method, _, path = key.partition(" ")
        parts = [part for part in re.split(r"(\{[^}]+\})", path) if part]
        self.pattern = re.compile("".join(
            ("(.+)" if part.endswith("+}") else "([^/]+)") if part.startswith("{") else re.escape(part) for part in parts
        ))
        segments = path.strip("/").split("/")
        # The order of API Gateway: full matches, then greedy ones, then $default; more literal segments first; a method before ANY.
        literal = sum(not segment.startswith("{") for segment in segments)
        self.rank = (0 if key == "$default" else 1, "+}" not in path, literal, self.method != "ANY")

    def matches(self, method, path):
        return self.key == "$default" or (self.method in ("ANY", method) and self.pattern.fullmatch(path))


class Traffic:
    def __init__(self, emulator, metrics):
        self.emulator, self.metrics = emulator, metrics
        self.lock = threading.Condition()
        self.routes = {}  # API id: (when, routes)
        self.active = {}  # (function, alias): the deployment, the shadows by API id, and how many requests the deployment has seen
        self.under_way = {}  # The shadow's id: how many requests it is answering.
        self.counts = {}

    def api(self, request):
        """The id of the HTTP API that a request addresses, and the rest of its host."""
        found = HOST.fullmatch(request.header("host"))
        return found.groups() if found else (None, None)

    def forward(self, request, api, host):
        route = self.route(api, request)
        if route is None:
            return self.emulator.forward(request)
        if request.method == "OPTIONS":
            return preflight.answer(self.emulator, request, api, route)
        version, shadow = self.version(route, api)
        if shadow is None:
            response = self.emulator.forward(request)
        else:
            try:
                response = self.emulator.forward(request.with_header("Host", f"{shadow}.{host}"))
            finally:
                with self.lock:
                    self.under_way[shadow] -= 1
                    self.lock.notify_all()
        self.count(route, version, response)
        return response

    def route(self, api, request):
        path = "/" + urllib.parse.unquote(request.path).lstrip("/")
        found = [route for route in self.known_routes(api) if route.matches(request.method, path)]
        return max(found, key=lambda route: route.rank, default=None)

    def known_routes(self, api):
        with self.lock:
            when, routes = self.routes.get(api, (0, []))
            if time.monotonic() - when < FRESH:
                return routes
        routes = []
        with contextlib.suppress(ClientError):  # Not an HTTP API, or it does not exist: the emulator answers.
            routes = self.read_routes(api)
        with self.lock:
            self.routes[api] = (time.monotonic(), routes)
        return routes

    def read_routes(self, api):
        client = self.emulator.client("apigatewayv2")
        uris = {one["IntegrationId"]: one.get("IntegrationUri", "") for one in pages(client.get_integrations, api)}
        routes = []
        for one in pages(client.get_routes, api):
            invoked = FUNCTION.search(uris.get(one.get("Target", "").rpartition("/")[2], ""))
            if invoked:
                routes.append(Route(one["RouteKey"], *invoked.groups()))
        return routes

    def version(self, route, api):
        """The version that answers, and the shadow's id if that is the new one. Outside of a deployment the version is the alias."""
        with self.lock:
            state = self.active.get((route.function, route.alias))
            if state is None:
                return route.alias, None
            deployment, seen = state["deployment"], state["seen"]
            state["seen"] += 1
            if (seen + 1) * deployment.share // 100 > seen * deployment.share // 100 and api in state["shadows"]:
                shadow = state["shadows"][api]
                self.under_way[shadow] = self.under_way.get(shadow, 0) + 1
                return deployment.plan.target, shadow
            return deployment.plan.current, None

    def count(self, route, version, response):
        failed = response.status >= 500
        with self.lock:
            counted = self.counts.setdefault(route.function, {}).setdefault(version, {"requests": 0, "failures": 0})
            counted["requests"] += 1
            counted["failures"] += failed
        self.metrics.invoked(route.function, route.alias, version, crashed(response))

    def shown(self):
        with self.lock:
            return json.loads(json.dumps(self.counts))

    def reset(self):
        with self.lock:
            self.counts.clear()

    @contextlib.contextmanager
    def shifting(self, deployments):
        """Sends each deployment its share of the requests."""
        keys = {(one.plan.function, one.plan.alias): one for one in deployments}
        shadows = self.make_shadows({key: one.plan.target for key, one in keys.items()})
        with self.lock:
            self.active.update({key: {"deployment": one, "shadows": shadows, "seen": 0} for key, one in keys.items()})
        try:
            yield
        finally:
            with self.lock:
                for key in keys:
                    self.active.pop(key)
                self.lock.wait_for(lambda: not any(map(self.under_way.get, shadows.values())), timeout=60)
            for shadow in shadows.values():
                self.emulator.client("apigatewayv2").delete_api(ApiId=shadow)

    def make_shadows(self, targets):
        """A shadow for each API with a route to one of the aliases, which are {(function, alias): new version}."""
        client, shadows = self.emulator.client("apigatewayv2"), {}
        for api in pages(client.get_apis):
            wanted = [route for route in self.read_routes(api["ApiId"]) if (route.function, route.alias) in targets]
            if not wanted or api["ProtocolType"] != "HTTP":
                continue
            shadow = client.create_api(Name=f"{api['Name']}-shadow", ProtocolType="HTTP")["ApiId"]
            client.create_stage(ApiId=shadow, StageName="$default", AutoDeploy=True)
            integrations = {one["IntegrationId"]: one for one in pages(client.get_integrations, api["ApiId"])}
            made = {}
            for one in pages(client.get_routes, api["ApiId"]):
                old = integrations.get(one.get("Target", "").rpartition("/")[2], {})
                invoked = FUNCTION.search(old.get("IntegrationUri", ""))
                target = targets.get(invoked.groups()) if invoked and one.get("AuthorizationType", "NONE") == "NONE" else None
                if target is None:
                    continue
                if old["IntegrationId"] not in made:
                    uri = FUNCTION.sub(rf":function:\1:{target}", old["IntegrationUri"])
                    kept = {name: old[name] for name in ("IntegrationType", "PayloadFormatVersion") if name in old}
                    made[old["IntegrationId"]] = client.create_integration(ApiId=shadow, IntegrationUri=uri, **kept)["IntegrationId"]
                client.create_route(ApiId=shadow, RouteKey=one["RouteKey"], Target=f"integrations/{made[old['IntegrationId']]}")
            shadows[api["ApiId"]] = shadow
        return shadows


def crashed(response):
    """Whether the function failed, as opposed to answering with a status of its own: the emulator answers 502 with Lambda's error."""
    if response.status != 502:
        return False
    with contextlib.suppress(ValueError):
        body = json.loads(response.content())
        return isinstance(body, dict) and ("errorType" in body or "errorMessage" in body)
    return False


def pages(operation, api=None):
    """All items of a list operation of API Gateway."""
    items, more = [], {"ApiId": api} if api else {}
    while True:
        page = operation(**more)
        items += page["Items"]
        if not page.get("NextToken"):
            return items
        more["NextToken"] = page["NextToken"]
