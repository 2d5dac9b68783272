"""HTTP/2 by hand (RFC 9113), so that it can be wrong too: frames, heads without compression, one connection."""

import socket
import ssl
import struct

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
INITIAL_WINDOW_SIZE = 4
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(**values):
    """`window`: INITIAL_WINDOW_SIZE."""
    payload = struct.pack(">HI", INITIAL_WINDOW_SIZE, values["window"]) if "window" in values else b""
    return frame(SETTINGS, 0, 0, payload)


def literal(name, value, indexing=False):
    """A field as HPACK has it, in full."""
    def text(data):
        size = len(data)
        if size < 127:
            return bytes([size]) + data
        size, out = size - 127, bytearray([127])
        while size >= 128:
            out.append(size & 127 | 128)
            size >>= 7
        return bytes(out) + bytes([size]) + data
    return (b"\x40" if indexing else b"\x00") + text(name.encode()) + text(value.encode())


def head(path=TRACES, method="POST", content="application/grpc", more=()):
    fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "weir"),
              ("content-type", content), *more]
    return b"".join(literal(name, value) for name, value in fields)


def message(body, size=None):
    """A gRPC message; `size`: what its prefix promises."""
    return b"\0" + struct.pack(">I", len(body) if size is None else size) + body


class Connection:
    """A connection on which anything can be said. Its streams are 1, 3, 5, ... by open()."""

    def __init__(self, endpoint, first_settings=None, tls=None, seconds=15):
        host, port = endpoint.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), seconds)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.last_stream = -1
        self.send(PREFACE + (settings() if first_settings is None else first_settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False: the node has ended the connection."""
        try:
            self.socket.sendall(data)
            return True
        except (OSError, ssl.SSLError):
            return False

    def open(self, block=None, end=False):
        """Sends the head of a new stream; its number."""
        self.last_stream += 2
        flags = END_HEADERS | (END_STREAM if end else 0)
        self.send(frame(HEADERS, flags, self.last_stream, head() if block is None else block))
        return self.last_stream

    def frames(self):
        """(type, flags, stream, payload) of what comes, until the end."""
        data = b""
        while True:
            while len(data) >= 9:
                size = int.from_bytes(data[:3], "big")
                if len(data) < 9 + size:
                    break
                yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:9 + size]
                data = data[9 + size:]
            try:
                piece = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                return
            if not piece:
                return
            data += piece

    def ended(self):
        """The error of the GOAWAY before the end of the connection; None: it ended without."""
        code = None
        for kind, _, _, payload in self.frames():
            if kind == GOAWAY:
                code = int.from_bytes(payload[4:8], "big")
        return code
