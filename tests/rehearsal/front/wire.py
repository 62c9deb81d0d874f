"""HTTP/1.1 messages as bytes. A message that nobody changes is passed on exactly as it came: its head, and its body with its chunks."""

import json
import re
import socket

LONGEST_LINE = 65536


class Incomplete(Exception):
    """The other side closed the connection within a message."""


class Message:
    """A head (the start line and the headers, up to the empty line) and a body, both as they were on the wire."""

    def __init__(self, head, body=b""):
        self.head, self.body = head, body

    @property
    def start(self):
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def headers(self):
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return [(name.strip(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon]

    def header(self, name):
        return next((value for header, value in self.headers() if header.lower() == name), "")

    def content(self):
        """The body without its chunks."""
        if "chunked" not in self.header("transfer-encoding").lower():
            return self.body
        content, at = bytearray(), 0
        while True:
            end = self.body.index(b"\r\n", at)
            length = int(self.body[at:end].split(b";")[0], 16)
            if length == 0:
                return bytes(content)
            content += self.body[end + 2:end + 2 + length]
            at = end + 2 + length + 2


class Request(Message):
    @property
    def method(self):
        return self.start.split(" ")[0]

    @property
    def target(self):
        return self.start.split(" ")[1]

    @property
    def path(self):
        return self.target.partition("?")[0]

    def with_header(self, name, value):
        """The same request with one header set."""
        line = f"{name}: {value}\r\n".encode("latin-1")
        changed, found = re.subn(rb"(?im)^" + re.escape(name.encode()) + rb":[^\n]*\n", line.replace(b"\\", b"\\\\"), self.head, count=1)
        return Request(changed if found else self.head[:-2] + line + b"\r\n", self.body)

    def with_target(self, target):
        """The same request for another path and query."""
        method, _, version = self.start.split(" ")
        return Request(f"{method} {target} {version}".encode("latin-1") + self.head[len(self.start):], self.body)

    def last(self):
        """Whether the client closes the connection after this request."""
        connection = self.header("connection").lower()
        return "close" in connection or (self.start.endswith("HTTP/1.0") and "keep-alive" not in connection)


class Response(Message):
    @property
    def status(self):
        return int(self.start.split(" ")[1])

    def framed(self):
        """Whether the end of the body shows without closing the connection."""
        return bool(self.header("content-length") or "chunked" in self.header("transfer-encoding").lower()
                    or self.status in (204, 304))

    def with_body(self, body):
        """The same response with another body, which is not chunked."""
        head = re.sub(rb"(?im)^(content-length|transfer-encoding):[^\n]*\n", b"", self.head)
        return Response(head[:-2] + b"Content-Length: %d\r\n\r\n" % len(body), body)


def answer(status, body, content_type="application/json"):
    """A response of the front itself; a body that is not bytes becomes JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body, indent=1).encode()
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}.get(status, "Error")
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return Response(head.encode(), body)


def read_request(stream, interim):
    """The next request, or None at the end of the connection. `interim` sends the answer to `Expect: 100-continue`."""
    head = read_head(stream)
    if head is None:
        return None
    request = Request(head)
    if "100-continue" in request.header("expect").lower():
        interim(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.body = read_body(stream, request, to_the_end=False)
    return request


def read_response(stream, method):
    while True:
        head = read_head(stream)
        if head is None:
            raise Incomplete("no response")
        response = Response(head)
        if response.status >= 200:
            break
    if method != "HEAD" and response.status not in (204, 304):
        response.body = read_body(stream, response, to_the_end=True)
    return response


def read_head(stream):
    lines = []
    while True:
        line = stream.readline(LONGEST_LINE)
        if not line:
            if lines:
                raise Incomplete("the head of a message ended early")
            return None
        if line in (b"\r\n", b"\n"):
            if not lines:
                continue
            return b"".join(lines) + b"\r\n"
        lines.append(line)


def read_body(stream, message, to_the_end):
    if "chunked" in message.header("transfer-encoding").lower():
        return read_chunks(stream)
    length = message.header("content-length")
    if length:
        return exactly(stream, int(length))
    return stream.read() if to_the_end else b""


def read_chunks(stream):
    raw = bytearray()
    while True:
        size = stream.readline(LONGEST_LINE)
        if not size:
            raise Incomplete("a chunk is missing")
        raw += size
        length = int(size.split(b";")[0], 16)
        if length:
            raw += exactly(stream, length + 2)
            continue
        while True:
            trailer = stream.readline(LONGEST_LINE)
            raw += trailer
            if trailer in (b"\r\n", b"\n", b""):
                return bytes(raw)


def exactly(stream, length):
    data = stream.read(length)
    if len(data) < length:
        raise Incomplete(f"{len(data)} bytes of {length}")
    return data


def forward(request, port):
    """Sends a request to the emulator on a connection of its own, and returns the response."""
    with socket.create_connection(("127.0.0.1", port), timeout=900) as upstream:
        upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        upstream.sendall(request.head + request.body)
        with upstream.makefile("rb") as stream:
            return read_response(stream, request.method)
