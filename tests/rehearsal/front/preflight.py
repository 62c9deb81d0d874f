"""Preflight requests. An HTTP API without a CORS configuration passes OPTIONS on to a route; the emulator refuses it.

The front invokes the function of the route with the event that the gateway would have built.
"""

import json
import secrets
import time
import urllib.parse

from wire import Response

REASONS = {200: "OK", 204: "No Content"}


def answer(emulator, request, api, route):
    host, query = request.header("host"), request.target.partition("?")[2]
    path = urllib.parse.unquote(request.path)
    headers = {name.lower(): value for name, value in request.headers()}
    http = {
        "method": "OPTIONS", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": headers.get("user-agent", ""),
    }
    context = {
        "accountId": "000000000000", "apiId": api, "domainName": host, "domainPrefix": api, "http": http,
        "requestId": secrets.token_urlsafe(11),
        "routeKey": route.key, "stage": "$default", "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
        "timeEpoch": int(time.time() * 1000),
    }
    event = {
        "version": "2.0", "routeKey": route.key, "rawPath": path, "rawQueryString": query, "headers": headers, "requestContext": context,
        "isBase64Encoded": False,
    }
    invoked = emulator.client("lambda").invoke(FunctionName=f"{route.function}:{route.alias}", Payload=json.dumps(event))
    answered = json.load(invoked["Payload"])
    if invoked.get("FunctionError"):
        answered = {"statusCode": 500, "body": '{"message":"Internal Server Error"}'}
    status, body = answered.get("statusCode", 200), answered.get("body", "").encode()
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}"]
    lines += [f"{name}: {value}" for name, value in answered.get("headers", {}).items()]
    if status != 204:
        lines.append(f"Content-Length: {len(body)}")
    return Response("\r\n".join([*lines, "", ""]).encode("latin-1"), body)
