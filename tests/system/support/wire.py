"""Protobuf's and OTLP's bytes, by hand, so that they can be wrong too; and the HTTP client for them."""

import base64 as base64_library
import json
import socket
import struct

VARINT, FIXED64, BYTES, START_GROUP, END_GROUP, FIXED32 = range(6)


def varint(number):
    """At most 10 bytes; negative numbers as int64 has them."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def tag(number, wire_type):
    return varint(number << 3 | wire_type)


def field(number, content):
    """A field that has a length; text is made UTF-8."""
    content = content.encode() if isinstance(content, str) else content
    return tag(number, BYTES) + varint(len(content)) + content


def fixed64(number, value):
    return tag(number, FIXED64) + struct.pack("<Q", value)


def base64(text):
    return base64_library.b64encode(text.encode()).decode()


def attribute(key, value):
    return field(9, field(1, key) + field(2, field(1, value)))


def span(name, trace_id, span_id=b"spanspan", start=1_700_000_000 * 10**9, end=None, tail=b""):
    return (field(1, trace_id) + field(2, span_id) + field(5, name) + fixed64(7, start)
            + fixed64(8, start + 10**6 if end is None else end) + tail)


def request(*spans):
    """An ExportTraceServiceRequest with the encoded spans in one scope."""
    return field(1, field(2, b"".join(field(2, one) for one in spans)))


def fields(message):
    """(number, value) of each field of a well-formed message without groups."""
    def read_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value
    at = 0
    while at < len(message):
        key = read_varint()
        if key & 7 == VARINT:
            value = read_varint()
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(key & 7) or read_varint()
            value = message[at:at + size]
            at += size
        yield key >> 3, value


class Answer:
    """What the node said: status, headers (names in lower case), body, and its text for people."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        kind = self.headers.get("content-type", "")
        if kind == "application/json":
            return json.loads(self.body).get("message", "")
        if kind == "application/x-protobuf":
            return dict(fields(self.body)).get(2, b"").decode()
        return self.body.decode()

    @property
    def rejected(self):
        """(rejected spans, message) of a partial success; (0, "") where all was taken."""
        partial = dict(fields(dict(fields(self.body)).get(1, b"")))
        return partial.get(1, 0), partial.get(2, b"").decode()

    def __repr__(self):
        return f"{self.status} {self.text!r}"


class Connection:
    """One connection to an HTTP/1.1 port, on which anything can be said."""

    def __init__(self, endpoint, seconds=15):
        host, port = endpoint.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), seconds)
        self._input = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._input.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def end_of_input(self):
        """Says that nothing more will come, and goes on listening."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self, has_body=True):
        """The next answer; None: the connection ended without one. The answer to HEAD has no body."""
        try:
            line = self._input.readline()
            if not line:
                return None
            headers = {}
            while (header := self._input.readline().strip()):
                name, value = header.decode().split(":", 1)
                headers[name.lower()] = value.strip()
            body = self._input.read(int(headers.get("content-length", 0))) if has_body else b""
        except ConnectionResetError:
            return None
        return Answer(int(line.split()[1]), headers, body)

    def rest(self):
        """All that still comes until the end of the connection."""
        return self._input.read()


def head(length, method="POST", path="/v1/traces", content="application/x-protobuf", headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: weir", f"Content-Type: {content}", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(endpoint, body, **options):
    """One request on a connection of its own; options: those of head()."""
    with Connection(endpoint) as connection:
        try:
            connection.send(head(len(body), **options) + body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was read: the answer is there
        return connection.answer(options.get("method") != "HEAD")
