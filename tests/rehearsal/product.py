"""The product through the emulated HTTP API: requests as the edge would send them, and what they must answer."""

import contextlib
import io
import json
import threading
import time
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor

import boto3


class Api:
    """The API of one environment."""

    def __init__(self, environment, url):
        self.environment, self.url = environment, url
        self.headers = {"X-Forwarded-For": "192.0.2.1, 198.51.100.1"}
        with contextlib.suppress(boto3.client("secretsmanager").exceptions.ResourceNotFoundException):
            secret = boto3.client("secretsmanager").get_secret_value(SecretId=f"pokedex-{environment}-origin-verify")
            self.headers["X-Origin-Verify"] = secret["SecretString"]

    def send(self, path, method="GET", body=None, token=None, headers=None):
        """Status, headers and body of a response."""
        headers = {**self.headers, **(headers or {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            headers["Content-Type"], data = "application/json", json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def answer(self, path, method="GET", body=None, token=None):
        """Status and JSON body of a response."""
        status, _, text = self.send(path, method, body, token)
        return status, json.loads(text or b"null")

    def see_head(self, steps, what, path, expected, token=None):
        """The function of GET answers HEAD too: the same status, ETag and type without a body."""
        status, headers, _ = self.send(path, token=token)
        steps.check(f"{what}: GET", status, expected)
        head, without, body = self.send(path, "HEAD", token=token)
        names = ["ETag", "Content-Type", "Cache-Control", "WWW-Authenticate", "X-API-Version"]
        shown = lambda headers: [headers[name] for name in names]  # noqa: E731
        steps.check(f"{what}: HEAD", (head, shown(without), body), (expected, shown(headers), b""))

    def release(self):
        return self.answer("/api/version")[1].get("release")


def see_catalogue(steps, api):
    name = api.environment
    status, page = api.answer("/api/v1/pokemon?type=fire&per_page=2")
    steps.check(f"{name}: list", (status, [row["name"] for row in page["pokemon"]]), (200, ["charmander", "charmeleon"]))
    status, tree = api.answer("/api/v1/pokemon/eevee/evolutions")
    steps.check(f"{name}: evolutions", (status, len(tree["chain"]["evolves_to"])), (200, 8))
    status, problem = api.answer("/nowhere")
    steps.check(f"{name}: $default", (status, problem["code"]), (404, "not_found"))
    for path in ["/api/v1/pokemon?per_page=1", "/api/v1/pokemon/25", "/api/v1/pokemon/types", "/api/version"]:
        api.see_head(steps, f"{name}: {path}", path, 200)
    api.see_head(steps, f"{name}: nowhere", "/nowhere", 404)
    api.see_head(steps, f"{name}: profile without a token", "/api/v1/auth/profile", 401)
    status, ready = api.answer("/api/v1/health/ready")
    if name in ("staging", "prod"):
        # The catalogue must be refreshed within two days, and the bundled snapshot is older.
        steps.check(f"{name}: ready", (status, ready["errors"][0]["field"]), (503, "sync"))
        status, _, _ = api.send("/api/v1/health", headers={"X-Origin-Verify": "guessed"})
        steps.check(f"{name}: a request that bypasses the edge", status, 403)
    else:
        steps.check(f"{name}: ready", (status, ready["status"]), (200, "ok"))


PASSWORD = "pallet town, route 1"


def register(api, username):
    user = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
    return api.answer("/api/v1/auth/register", "POST", user)


def see_accounts(steps, api, grant):
    """A user registers, exports their data and becomes an administrator, whose routes are in another stack of the same API."""
    name, password = api.environment, {"password": PASSWORD}
    status, signed_in = register(api, "ash_ketchum")
    steps.check(f"{name}: register", (status, signed_in.get("user", {}).get("username")), (201, "ash_ketchum"))
    steps.check(f"{name}: register again", register(api, "ash_ketchum")[1]["code"], "username_taken")
    token = signed_in["access_token"]
    favorites = f"/api/v1/users/{signed_in['user']['id']}/favorites"
    status, favorite = api.answer(favorites, "POST", {"pokemon_id": 25}, token)
    steps.check(f"{name}: favorite", (status, favorite.get("pokemon", {}).get("name")), (201, "pikachu"))
    api.see_head(steps, f"{name}: profile", "/api/v1/auth/profile", 200, token)
    status, export = api.answer("/api/v1/auth/export", "POST", password, token)
    steps.check(f"{name}: export", (status, export.get("code")), (202, None))
    steps.check(f"{name}: exported", fetched(export["url"]), "ash_ketchum@example.com")
    steps.check(f"{name}: an export without its signature", fetched(export["url"].split("?")[0]), None)
    steps.check(f"{name}: users, for a user", api.answer("/api/v1/users", token=token)[0], 403)
    steps.check(f"{name}: grant", grant(name, "ash_ketchum"), "ash_ketchum is an administrator now\n")
    status, users = api.answer("/api/v1/users", token=token)
    steps.check(f"{name}: users, for an administrator", (status, len(users["users"])), (200, 1))
    # The writer of the catalogue is in the stack of jobs.
    status, edited = api.answer("/api/v1/pokemon/bulbasaur", "PUT", {"display_name": "Frog"}, token)
    steps.check(f"{name}: edit", (status, edited.get("display_name")), (200, "Frog"))
    steps.check(f"{name}: edited", api.answer("/api/v1/pokemon/1")[1]["display_name"], "Frog")
    steps.check(f"{name}: hide", api.answer("/api/v1/pokemon/1", "DELETE", None, token)[0], 200)
    steps.check(f"{name}: hidden", api.answer("/api/v1/pokemon/1")[0], 404)
    status, shown = api.answer("/api/v1/pokemon/bulbasaur", "PUT", {"display_name": None, "hidden": False}, token)
    token = register(api, "misty")[1]["access_token"]
    export = api.answer("/api/v1/auth/export", "POST", password, token)[1]
    steps.check(f"{name}: delete", api.answer("/api/v1/auth/profile", "DELETE", password, token)[0], 200)
    steps.check(f"{name}: an export goes with the account", fetched(export["url"]), None)


def fetched(url):
    """The address in the export at `url`; None if the export is not available."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            archive = zipfile.ZipFile(io.BytesIO(response.read()))
    except urllib.error.HTTPError:
        return None
    return json.loads(archive.read("pokedex.json"))["user"]["email"]


class Traffic:
    """Requests of users, some each second, until it is left: public reads, and if there is a user the same favorite set and removed, which
    are writes.

    A patient user repeats a request once if a 503 asks for it: the emulator is one process, which sometimes does not answer the functions'
    calls to DynamoDB within their two seconds.
    """

    def __init__(self, api, user, per_second=10, patient=True):
        self.api, self.user, self.per_second, self.patient = api, user, per_second, patient
        self.repeated = 0
        self.results, self.ended = [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join(timeout=90)

    def run(self):
        requests = [("/api/v1/pokemon/25", "GET", None), ("/api/v1/pokemon?per_page=5", "GET", None)]
        if self.user:
            favorites = f"/api/v1/users/{self.user['user']['id']}/favorites"
            requests += [(favorites, "POST", {"pokemon_id": 4}), (favorites, "DELETE", {"pokemon_id": 4}), (favorites, "GET", None)]
        with ThreadPoolExecutor(4) as pool:
            for number in range(10_000):
                if self.ended.wait(1 / self.per_second):
                    return
                pool.submit(self.one, *requests[number % len(requests)])

    def one(self, path, method, body):
        started = time.monotonic()
        try:
            send = lambda: self.api.send(path, method, body, self.user["access_token"] if "users" in path else None)  # noqa: E731
            status, headers, _ = send()
            if self.patient and status == 503 and headers["Retry-After"]:
                self.repeated += 1
                time.sleep(int(headers["Retry-After"]))
                status = send()[0]
        except OSError as error:
            status = str(error)
        self.results.append((started, method, path, status))

    def failures(self, since=0.0):
        """The requests since `since` without a proper response. A conflict or a wait is one."""
        return [one for one in self.results if one[0] >= since and (not isinstance(one[3], int) or one[3] >= 500)]

    def summary(self):
        repeated = f", {self.repeated} repeated after a 503" if self.repeated else ""
        return f"{len(self.results)} requests, {len(self.failures())} failed{repeated}"

    def since(self, since):
        return len([one for one in self.results if one[0] >= since])
