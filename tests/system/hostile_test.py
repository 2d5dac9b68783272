#!/usr/bin/env python3
"""Clients that want to do harm, against a real node without authentication: each row of docs/security.md that names
this file. Whatever they do, the node lives, its memory stays within a bound, and a client that does everything
right is served meanwhile."""

import contextlib
import gzip
import json
import re
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

from support import bad_input, case, certificates, http2, node, paths, wire
from support.bystander import Bystander
from support.process import wait_until

CALM = 11  # ENHANCE_YOUR_CALM
PATIENCE = 30 if paths.SANITIZED else 5  # seconds for one request of a bystander


class HostileNode(bad_input.FileNode):
    """With the limits that one test wants, and another port that only clients with a certificate may use."""

    def __init__(self, directory, limits=None, tls=None, http=None, program=None):
        self.limits = {"handshake_timeout": "1s", "first_request_timeout": "12s", **(limits or {})}
        self.tls, self.http_options, self.descriptors = tls, http or {}, program
        super().__init__(directory)

    def write_config(self, wait):
        any_port = "127.0.0.1:0"
        receivers = {"otlp": {"protocols": {"grpc": {"endpoint": any_port},
                                            "http": {"endpoint": any_port, **self.http_options}}}}
        if self.tls:
            files = {"cert_file": f"{self.tls}/server.crt", "key_file": f"{self.tls}/server.key"}
            receivers["otlp/tls"] = {"protocols": {"http": {"endpoint": any_port, "tls": files}}}
            receivers["otlp/mutual"] = {"protocols": {"http": {
                "endpoint": any_port, "tls": {**files, "client_ca_file": f"{self.tls}/ca.crt"}}}}
        self._config.write_text(json.dumps({
            "receivers": receivers,
            "exporters": {f"file/{name}": {"path": str(self.directory / f"{name}.jsonl")} for name in self.PIPELINES},
            "processors": {"tail_sampling": {"decision_wait": wait, "policies": [
                {"name": "all", "type": "always_sample"}]}},
            "extensions": {"health_check": {"endpoint": f"127.0.0.1:{self.ports['health']}"}},
            "service": {
                "extensions": ["health_check"], "limits": self.limits,
                "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {
                    "host": "127.0.0.1", "port": self.ports["metrics"]}}}}]}},
                "pipelines": {"traces/sampled": {"receivers": list(receivers), "processors": ["tail_sampling"],
                                                 "exporters": ["file/sampled"]},
                              "traces/passed": {"receivers": list(receivers), "exporters": ["file/passed"]}}},
            "storage": {"directory": str(self.directory / "data")}}), encoding="utf-8")

    def refused(self, reason):
        return self.metric("weir_receiver_refused_total", f'reason="{reason}"')


class Hostile(case.SystemTest):
    PEAK = 64 << 20

    def start(self, **options):
        self.node = HostileNode(self.path("node"), **options)
        self.addCleanup(self.node.kill)
        self.node.start()
        self.assertEqual(self.node.post(wire.request(wire.span("first", b"0123456789abcdef"))).status, 200)
        self.idle = self.node.resident_from_now()
        return self.node

    @contextlib.contextmanager
    def served_meanwhile(self, seconds=PATIENCE):
        with Bystander(self.node.http) as bystander:
            yield bystander
        bystander.check(self, seconds)
        self.assert_well()

    def assert_well(self):
        self.assertTrue(self.node.process.running(), self.node.process.tail())
        peak = self.node.process.peak_memory_bytes() - self.idle
        print(f"{self._testMethodName}: {peak / 2**20:.1f} MiB", flush=True)
        if not paths.SANITIZED:
            self.assertLessEqual(peak, self.PEAK)
        self.assertEqual(self.node.health("/live"), 200)
        for line in self.node.process.lines:
            self.assertIsNone(re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line), repr(line))

    def line_of(self, text):
        return self.node.process.says(text)

    # -- HTTP/2 --

    def test_floods(self):
        """Scenario: streams reset as soon as they are opened, heads that go on without end, SETTINGS, PING, PRIORITY
        and empty DATA, each without pause on a connection of its own.
        Guarantee: the connection ends, with ENHANCE_YOUR_CALM where there is a word for it."""
        self.start()
        reset = struct.pack(">I", 8)
        opened = http2.frame(http2.HEADERS, 0, 1, http2.head())
        floods = {
            "reset": lambda number: http2.frame(http2.HEADERS, 4, 2 * number + 1, http2.head())
            + http2.frame(http2.RST_STREAM, 0, 2 * number + 1, reset),
            "continuation": lambda number: (b"" if number else opened)
            + http2.frame(http2.CONTINUATION, 0, 1, http2.literal("x", "y" * 8000)),
            "settings": lambda _: http2.settings(),
            "ping": lambda _: http2.frame(http2.PING, 0, 0, bytes(8)),
            "priority": lambda _: http2.frame(http2.PRIORITY, 0, 3, b"\0\0\0\0\x10"),
            "data": lambda number: (b"" if number else http2.frame(http2.HEADERS, 4, 1, http2.head()))
            + http2.frame(http2.DATA, 0, 1),
        }
        with self.served_meanwhile():
            for name, make in floods.items():
                with self.subTest(name), http2.Connection(self.node.grpc) as connection:
                    for number in range(20_000):
                        if not connection.send(make(number)):
                            break
                    else:
                        self.assertIsNotNone(connection.ended())
        self.assertGreaterEqual(self.node.refused("abuse"), 4)

    def test_resets_that_the_node_has_to_make(self):
        """Scenario: streams with a malformed head, and streams whose window is opened beyond its end, without pause.
        Guarantee: after some hundreds the connection ends."""
        self.start()
        overflow = struct.pack(">I", 0x7fffffff)
        makers = (lambda id: http2.frame(http2.HEADERS, 5, id, http2.head(more=[("Bad Name", "x")])),
                  lambda id: http2.frame(http2.HEADERS, 4, id, http2.head())
                  + http2.frame(http2.WINDOW_UPDATE, 0, id, overflow))
        with self.served_meanwhile():
            for make in makers:
                with http2.Connection(self.node.grpc) as connection:
                    reader = []
                    thread = threading.Thread(target=lambda: reader.append(connection.ended()))
                    thread.start()
                    for number in range(20_000):
                        if not connection.send(make(2 * number + 1)):
                            break
                    thread.join(10)
                    self.assertFalse(thread.is_alive(), "the connection goes on")
                    self.assertIn(reader[0], (CALM, None))  # None: its end came before the word

    def test_answers_that_nobody_takes(self):
        """Scenario: twenty connections without a window for answers, with as many streams as they may have and heads
        of 4 KB of `origin` from HPACK's table; then some of these clients say that they are gone.
        Guarantee: memory stays bounded; those that are gone are closed at once, all streams within 30 s and some."""
        self.start()
        origin = http2.literal("origin", "o" * 4000, indexing=True)
        plain = http2.head("/v1/traces", content="text/plain")
        with self.served_meanwhile(), contextlib.ExitStack() as stack:
            clients = [stack.enter_context(http2.Connection(self.node.http, http2.settings(window=0), seconds=60))
                       for _ in range(20)]
            for client in clients:
                client.open(plain + origin, end=True)
                for _ in range(1000):
                    client.open(plain + b"\xbe", end=True)  # the first of the table
            for client in clients[:10]:
                client.socket.shutdown(socket.SHUT_WR)
                client.socket.settimeout(10)
                client.ended()
            resets = 0
            for kind, _, _, payload in clients[-1].frames():
                if kind == http2.RST_STREAM and payload != struct.pack(">I", 7):  # REFUSED_STREAM
                    resets += 1
                if resets >= 50:
                    break
            self.assertGreaterEqual(resets, 50)

    def test_streams_that_promise_a_body(self):
        """Scenario: two connections with 1,024 streams, each promises 4 MiB and sends five bytes; two that send all
        but the last byte of 4 MiB in each of their streams.
        Guarantee: what was promised takes nobody's room, and a connection holds no more than its share."""
        self.PEAK = 192 << 20
        self.start(limits={"max_bytes_in_flight": "128MiB"})
        with self.served_meanwhile(), contextlib.ExitStack() as stack:
            for _ in range(2):
                client = stack.enter_context(http2.Connection(self.node.grpc))
                for _ in range(1024):
                    client.send(http2.frame(http2.DATA, 0, client.open(), http2.message(b"", 4 << 20)))
            for _ in range(2):
                client = stack.enter_context(http2.Connection(self.node.grpc))
                part = bytes(16384)
                for _ in range(64):
                    stream = client.open()
                    client.send(http2.frame(http2.DATA, 0, stream, http2.message(b"", 4 << 20)))
                    for _ in range(20):
                        client.send(http2.frame(http2.DATA, 0, stream, part))
            time.sleep(1)  # of bystanders

    # -- HTTP/1.1 --

    def test_framing_without_end(self):
        """Scenario: a chunk's extension, the zeros of its size, trailers, each without end.
        Guarantee: refused after some 64 KiB, and counted."""
        self.start()
        begin = wire.head(None, headers=["Transfer-Encoding: chunked"])
        piece = b"x" * 65536
        with self.served_meanwhile():
            for first, more in ((b"5;a=", piece), (b"0" * 65536, b"0" * 65536), (b"0\r\nt: ", piece),
                                (b"0\r\n", b"t: y\r\n" * 8000), (b"", (b"1;" + b"z" * 500 + b"\r\nx\r\n") * 100)):
                with self.subTest(first[:8]), wire.Connection(self.node.http) as connection:
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        connection.send(begin + first)
                        for _ in range(64):
                            connection.send(more)
                    answer = connection.answer()
                    self.assertEqual(answer.status, 400)
                    self.assertIn("frames the body", answer.text)
        self.assertGreaterEqual(self.node.refused("abuse"), 4)

    def test_pipelined_requests(self):
        """Scenario: 20 clients send requests one behind the other and read no answer.
        Guarantee: no work is done for what would only wait; memory stays bounded."""
        self.start()
        requests = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20_000
        clients = []
        with self.served_meanwhile(), contextlib.ExitStack() as stack:
            for _ in range(20):
                client = stack.enter_context(wire.Connection(self.node.http))
                client.socket.setblocking(False)
                clients.append(client.socket)
            until = time.monotonic() + 3
            while (left := until - time.monotonic()) > 0:
                for one in select.select([], clients, [], left)[1]:
                    with contextlib.suppress(BlockingIOError, ConnectionResetError):
                        one.send(requests)

    def test_slow_clients(self):
        """Scenario: heads that stop; bodies of which a byte comes every now and then, over HTTP/1.1, in chunks and
        over gRPC. Guarantee: timed by the whole, not by the last byte."""
        self.start(limits={"body_timeout": "1s"})
        with self.served_meanwhile(), contextlib.ExitStack() as stack:
            dripping = [(b"x", wire.head(1000)), (b"1\r\nx\r\n", wire.head(None, headers=["Transfer-Encoding: chunked"]))]
            clients = []
            for drip, begin in dripping:
                client = stack.enter_context(wire.Connection(self.node.http))
                client.send(begin)
                clients.append((client, drip))
            grpc = stack.enter_context(http2.Connection(self.node.grpc))
            stream = grpc.open()
            grpc.send(http2.frame(http2.DATA, 0, stream, http2.message(b"", 1000)))
            stopped = stack.enter_context(wire.Connection(self.node.http))
            stopped.send(b"POST /v1/tra")
            for _ in range(16):
                for client, drip in clients:
                    with contextlib.suppress(OSError):
                        client.send(drip)
                grpc.send(http2.frame(http2.DATA, 0, stream, b"x"))
                time.sleep(0.25)  # what is tried is a pace
            for client in (clients[0][0], clients[1][0], stopped):
                self.assertEqual(client.answer().status, 408)
            self.assertTrue(any(kind == http2.HEADERS for kind, _, _, _ in grpc.frames()))
        self.assertGreaterEqual(self.node.refused("too_slow"), 3)

    def test_smuggling(self):
        """Scenario: requests that two servers could read in two ways. Guarantee: refused, and the connection ends."""
        self.start()
        length, chunked = "Content-Length: 5", "Transfer-Encoding: chunked"
        for headers in ((length, chunked), (length, "Content-Length: 6"), ("Transfer-Encoding: chunked, chunked",),
                        ("Transfer-Encoding : chunked",), ("Transfer-Encoding: xchunked",), ("Content-Length: +5",)):
            with self.subTest(headers), wire.Connection(self.node.http) as connection:
                connection.send(wire.head(None, headers=headers) + b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n")
                self.assertIn(connection.answer().status, (400, 501))
                self.assertIsNone(connection.answer())
        self.assert_well()

    def test_bombs(self):
        """Scenario: 64 MiB of zeros in gzip; JSON 100,000 deep. Guarantee: refused at the limit, within memory."""
        self.start(http={"max_request_body_size": 4 << 20})
        with self.served_meanwhile():
            zeros = gzip.compress(bytes(64 << 20), 9)
            for _ in range(8):
                self.assertEqual(self.node.post(zeros, headers=["Content-Encoding: gzip"]).status, 413)
                self.assertEqual(self.node.post(b"[" * 100_000, content="application/json").status, 400)

    def test_targets_and_empty_lines(self):
        """Scenario: absolute targets, as through a proxy, and an empty line in front of a request, on the OTLP port,
        on the pages of health and metrics. Guarantee: served (RFC 9112, 2.2 and 3.2.2)."""
        self.start()
        body = wire.request(wire.span("absolute", b"0123456789abcdef"))
        for path in ("http://weir:4318/v1/traces", "HTTP://weir/v1/traces?a=b"):
            self.assertEqual(self.node.post(body, path=path).status, 200)
        with wire.Connection(self.node.http) as connection:
            for _ in range(2):
                connection.send(b"\r\n" + wire.head(len(body)) + body)
                self.assertEqual(connection.answer().status, 200)
        for port, path in ((self.node.ports["health"], "/live"), (self.node.ports["metrics"], "/metrics")):
            for begin in ("GET http://weir:1", "\r\nGET "):
                with wire.Connection(f"127.0.0.1:{port}") as connection:
                    connection.send(f"{begin}{path} HTTP/1.1\r\nHost: weir\r\n\r\n".encode())
                    self.assertEqual(connection.answer().status, 200)

    def test_cors_for_everyone(self):
        """Scenario: `allowed_origins: ["*"]`. Guarantee: any page may send, none with a browser's credentials."""
        self.start(http={"cors": {"allowed_origins": ["*"]}})
        answer = self.node.post(b"", headers=["Origin: https://evil.example"])
        self.assertEqual(answer.headers.get("access-control-allow-origin"), "*")
        self.assertNotIn("access-control-allow-credentials", answer.headers)

    # -- connections --

    def test_idle_connections(self):
        """Scenario: more connections on each port than there may be, none of which says anything or ever makes a
        good request; as many on health and metrics.
        Guarantee: clients with requests come in, on each port; the silent ones are closed after a time."""
        self.start(limits={"max_connections": 60, "handshake_timeout": "3s", "first_request_timeout": "6s"})
        with self.served_meanwhile() as bystander, contextlib.ExitStack() as stack:
            for port in (self.node.grpc, self.node.http, self.node.grpc):
                for number in range(60):
                    # Dozens at once, and the bystander's next connection is the oldest before its request is sent.
                    if number % 3 == 0:
                        bystander.wait_for_another()
                    client = stack.enter_context(wire.Connection(port))
                    if number % 2 and port == self.node.http:
                        client.send(wire.head(0, path="/nothing"))
            for page in ("health", "metrics"):
                for _ in range(80):
                    stack.enter_context(wire.Connection(f"127.0.0.1:{self.node.ports[page]}"))
            self.assertEqual(self.node.health("/live"), 200)
            self.assertGreater(self.node.refused("idle"), 0)
            with http2.Connection(self.node.grpc) as silent:
                began = time.monotonic()
                self.assertEqual(silent.ended(), 0)
                self.assertLess(time.monotonic() - began, 20)

    def test_few_descriptors(self):
        """Scenario: a node that may open 256 files, and 400 connections that say nothing.
        Guarantee: it says so at the start, and what is good is stored, also after it was started again."""
        program = paths.program("weir")
        script = self.path("weir")
        with open(script, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nulimit -n 256\nexec {program} \"$@\"\n")
        self.assertEqual(subprocess.run(["chmod", "+x", script], check=True).returncode, 0)
        before, paths.program = paths.program, lambda name: script if name == "weir" else before(name)
        self.addCleanup(setattr, paths, "program", before)
        self.start()
        self.line_of("256 files may be open")
        with self.served_meanwhile(), contextlib.ExitStack() as stack:
            for number in range(400):
                with contextlib.suppress(OSError):
                    stack.enter_context(wire.Connection(self.node.grpc if number % 2 else self.node.http))
            time.sleep(1)  # of bystanders
        self.node.kill()
        self.node.start()

    # -- TLS, passwords, rubbish --

    def test_tls(self):
        """Scenario: no certificate where one is asked for, plain text on TLS and TLS on plain ports, TLS 1.2 without
        forward secrecy; a session that a client with a certificate resumes.
        Guarantee: refused, each with a line that names address and reason; resumption works."""
        tls = certificates.create(self.path("certificates"))
        self.start(tls=tls)
        secure, mutual = self.node.endpoints[2:4]
        trusting = ssl.create_default_context(cafile=tls / "ca.crt")
        with self.assertRaises((ssl.SSLError, OSError)):
            with http2.Connection(mutual, tls=trusting) as stranger:
                stranger.socket.recv(1)
        with wire.Connection(secure) as plain, contextlib.suppress(OSError):
            plain.send(wire.head(0))
            self.assertNotIn(b"200", plain.rest())
        for port in (self.node.http, self.node.grpc):
            with self.assertRaises((ssl.SSLError, OSError)):
                http2.Connection(port, tls=trusting)
        self.line_of("(plain_on_tls)")
        self.assertIn("client 127.0.0.1", self.line_of("(tls_on_plain)"))
        self.line_of("(handshake)")
        old = ssl.create_default_context(cafile=tls / "ca.crt")
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        old.set_ciphers("AES128-GCM-SHA256:AES256-SHA")
        with self.assertRaises((ssl.SSLError, OSError)):
            http2.Connection(secure, tls=old)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.resume(mutual, tls, version)
        self.assert_well()

    def resume(self, endpoint, tls, version):
        client = ssl.create_default_context(cafile=tls / "ca.crt")
        client.load_cert_chain(tls / "client.crt", tls / "client.key")
        client.minimum_version = client.maximum_version = version
        host, port = endpoint.rsplit(":", 1)
        session = None
        for again in (False, True):
            with socket.create_connection((host, int(port)), 10) as raw:
                with client.wrap_socket(raw, server_hostname=host, session=session) as secure:
                    self.assertEqual(secure.session_reused, again)
                    secure.sendall(wire.head(0))
                    self.assertIn(b"200 OK", secure.recv(4096))
                    session = secure.session

    def test_wrong_passwords(self):
        """Scenario: wrong passwords without pause, long ones among them, against bcrypt of cost 12.
        Guarantee: nobody waits for them: neither who is known nor a port without passwords."""
        hashed = subprocess.run(["python3", "-c", "import crypt; print(crypt.crypt('secret', crypt.mksalt("
                                 "crypt.METHOD_BLOWFISH, rounds=1 << 12)))"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
        self.node = HostileNode(self.path("node"))
        text = json.loads(self.node.config_text())
        text["extensions"]["basicauth"] = {"htpasswd": {"inline": f"ann:{hashed}"}}
        text["service"]["extensions"].append("basicauth")
        text["receivers"]["otlp/known"] = {"protocols": {"http": {
            "endpoint": "127.0.0.1:0", "auth": {"authenticator": "basicauth"}}}}
        for pipeline in text["service"]["pipelines"].values():
            pipeline["receivers"].append("otlp/known")
        self.node.write_text(json.dumps(text))
        self.addCleanup(self.node.kill)
        self.node.start()
        self.idle = self.node.resident_from_now()
        known = self.node.endpoints[2]
        right = ["Authorization: Basic YW5uOnNlY3JldA=="]  # ann:secret
        self.assertEqual(wire.post(known, b"", headers=right).status, 200)
        over = threading.Event()

        def guess(number):
            while not over.is_set():
                number += 10
                password = str(number) * (1 if number % 3 else 8000)
                user = "ann" if number % 2 else "nobody"
                header = f"Authorization: Basic {wire.base64(f'{user}:{password}')}"
                with contextlib.suppress(OSError):
                    wire.post(known, b"", headers=[header])
        guessers = [threading.Thread(target=guess, args=(number,)) for number in range(4)]
        for guesser in guessers:
            guesser.start()
        with self.served_meanwhile(PATIENCE / 4), Bystander(known, headers=right) as ann:
            over.wait(5)
        over.set()
        for guesser in guessers:
            guesser.join(60)
        ann.check(self, PATIENCE / 4)

    def test_rubbish_leaves_a_line(self):
        """Scenario: requests to wrong paths, with wrong content, no HTTP at all, a hundred of each.
        Guarantee: a line for each reason with the client's address, not a hundred; all are counted."""
        self.start()
        for _ in range(100):
            self.assertEqual(self.node.post(b"", path="/v1/trace").status, 404)
            self.assertEqual(self.node.post(b"", content="text/plain").status, 415)
            self.assertEqual(self.node.post(b"\xff").status, 400)
        for reason in ("not_found", "media_type", "malformed"):
            self.assertIn("client 127.0.0.1", self.line_of(f"({reason})"))
            lines = [line for line in self.node.process.lines if f"({reason})" in line]
            self.assertLess(len(lines), 20)
            self.assertEqual(self.node.refused(reason), 100)
        self.assert_well()


if __name__ == "__main__":
    case.main()
