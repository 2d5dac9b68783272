#!/usr/bin/env python3
"""Requests of any shape that the size limits let in: the node lives, answers, stays small, loses nothing that it
acknowledged, and serves others meanwhile."""

import gzip
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import case, node, paths, shapes, wire
from support.process import wait_until

MIB = 1 << 20
GRPC_LIMIT = 4 * MIB  # of a message, by default
PATHS = {"traces": "/v1/traces", "metrics": "/v1/metrics", "logs": "/v1/logs"}
SERVICES = {"traces": "trace.v1.TraceService", "metrics": "metrics.v1.MetricsService",
            "logs": "logs.v1.LogsService"}
# The pipelines by the signal that they take: plain sampling, sampling between processors, none.
PIPELINES = {"traces": ("sampled", "edited", "passed"), "metrics": ("metrics",), "logs": ("logs",)}

# What the node may take (docs/bad-input.md): stages of a fixed size, of which the window (512 MiB) and 32 MiB a log
# are most, and a multiple of the bodies that are in flight at once.
FIXED = 1024 * MIB
MULTIPLE = 4
# What reaches the back end of one pipeline, of what was sent: envelopes that stand in several pieces.
SENT_ON = 4


class BackEnd:
    """Notes the numbers of the items that each pipeline delivers, and its bytes."""

    def __init__(self):
        self.found = {}
        self.bytes = {}
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                numbers = shapes.found(body)
                pipeline = self.path.split("/")[1]
                with outer.lock:
                    outer.found.setdefault(pipeline, set()).update(numbers)
                    outer.bytes[pipeline] = outer.bytes.get(pipeline, 0) + len(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def missing(self, pipeline, numbers):
        with self.lock:
            return numbers - self.found.get(pipeline, set())


class ShapesNode(node.Node):
    """One receiver before five pipelines, each with an exporter of its own to the same back end."""

    def __init__(self, directory, url):
        super().__init__(directory, "127.0.0.1:1")
        mark = "{attributes: [{key: mark, value: here, action: upsert}]}"
        pipelines = [name for names in PIPELINES.values() for name in names]
        exporters = {f"otlphttp/{name}": {"endpoint": f"{url}/{name}", "compression": "none",
                                          "retry_on_failure": {"initial_interval": "100ms"}}
                     for name in pipelines}
        self.write_text("\n".join([
            "receivers:",
            "  otlp:",
            "    protocols:",
            "      grpc: {endpoint: 127.0.0.1:0}",
            "      http: {endpoint: 127.0.0.1:0, max_request_body_size: 104857600}",
            "processors:",
            "  tail_sampling: {decision_wait: 500ms, policies: [{name: all, type: always_sample}]}",
            f"  resource/before: {mark}",
            f"  resource/behind: {mark.replace('mark', 'late')}",
            f"exporters: {node.flow(exporters)}",
            f"extensions: {{health_check: {{endpoint: 127.0.0.1:{self.ports['health']}}}}}",
            "service:",
            "  extensions: [health_check]",
            "  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: "
            f"{{host: 127.0.0.1, port: {self.ports['metrics']}}}}}}}}}]}}}}",
            "  pipelines:",
            "    traces/sampled: {receivers: [otlp], processors: [tail_sampling], exporters: [otlphttp/sampled]}",
            "    traces/edited: {receivers: [otlp], processors: [resource/before, tail_sampling, resource/behind], "
            "exporters: [otlphttp/edited]}",
            "    traces/passed: {receivers: [otlp], exporters: [otlphttp/passed]}",
            "    metrics: {receivers: [otlp], processors: [resource/before], exporters: [otlphttp/metrics]}",
            "    logs: {receivers: [otlp], exporters: [otlphttp/logs]}",
            f"storage: {{directory: {self.directory / 'data'}}}",
        ]) + "\n")


class Bystander:
    """A client of few words: one small request after the other, and the longest that one had to wait."""

    def __init__(self, endpoint):
        self.longest = 0
        self.refused = []
        self._endpoint = endpoint
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        body = wire.request(wire.span("bystander", b"bystanderstrace!"))
        while not self._over.is_set():
            began = time.monotonic()
            answer = wire.post(self._endpoint, body)
            self.longest = max(self.longest, time.monotonic() - began)
            if answer is None or answer.status != 200:
                self.refused.append(answer)
            self._over.wait(0.05)


def rejected_by(response):
    return dict(wire.fields(dict(wire.fields(response)).get(1, b""))).get(1, 0)


def over_http(endpoint, request, as_json=False):
    """(whether it was taken, rejected items)."""
    connection = wire.Connection(endpoint, 60)
    with connection:
        content = "application/json" if as_json else "application/x-protobuf"
        connection.send(wire.head(len(request.body), path=PATHS[request.shape.signal], content=content)
                        + request.body)
        answer = connection.answer()
    if answer is None or answer.status != 200:
        return False, answer
    if as_json:
        partial = json.loads(answer.body or b"{}").get("partialSuccess", {})
        return True, int(next((v for k, v in partial.items() if k.startswith("rejected")), 0))
    return True, rejected_by(answer.body)


def over_grpc(endpoint, request, packed=None):
    """The same, gzipped; by curl, whose HTTP/2 is not ours."""
    packed = packed or gzip.compress(request.body, 6)
    frame = b"\1" + len(packed).to_bytes(4, "big") + packed
    done = subprocess.run(
        ["curl", "-s", "--http2-prior-knowledge", "--max-time", "60", "-H", "content-type: application/grpc",
         "-H", "te: trailers", "-H", "grpc-encoding: gzip", "-D", "/dev/stderr", "--data-binary", "@-",
         f"http://{endpoint}/opentelemetry.proto.collector.{SERVICES[request.shape.signal]}/Export"],
        input=frame, capture_output=True, check=False)
    status = [line.split(b":")[1].strip() for line in done.stderr.splitlines()
              if line.lower().startswith(b"grpc-status:")]
    if status != [b"0"]:
        return False, (done.returncode, done.stderr)
    return True, rejected_by(done.stdout[5:])


class ShapesTest(case.SystemTest):
    def setUp(self):
        super().setUp()
        self.back_end = BackEnd()
        self.addCleanup(self.back_end.server.shutdown)
        self.node = ShapesNode(self.path("node"), self.back_end.url)
        self.addCleanup(self.node.kill)
        self.node.start()
        self.next = 1
        self.taken = {}
        self.sent = {}

    def request(self, shape, seed=0, as_json=False):
        made = shapes.Request(shape, self.next, seed, as_json)
        self.next = made.next
        return made

    def give(self, request, taken, rejected, why=""):
        """Notes what a request's answer promises."""
        self.assertTrue(taken, f"{request.shape}: {rejected} {why}")
        self.assertEqual(rejected, request.rejected, request.shape)
        for pipeline in PIPELINES[request.shape.signal]:
            self.taken.setdefault(pipeline, set()).update(request.good)
            self.sent[pipeline] = self.sent.get(pipeline, 0) + len(request.body)

    def assert_all_arrives(self, seconds=60):
        for pipeline, numbers in self.taken.items():
            wait_until(lambda: not self.back_end.missing(pipeline, numbers), seconds,
                       f"{len(self.back_end.missing(pipeline, numbers))} items of {pipeline}")

    def assert_small(self, in_flight):
        peak = self.node.process.peak_memory_bytes()
        bound = FIXED + MULTIPLE * in_flight
        print(f"{self._testMethodName}: {peak / MIB:.0f} MiB at most, bound {bound / MIB:.0f}", flush=True)
        if not paths.SANITIZED:
            self.assertLessEqual(peak, bound)

    def assert_sent_on(self):
        """Not much more than was sent, and nothing twice but what envelopes take: before a kill."""
        for pipeline, sent in self.sent.items():
            self.assertLessEqual(self.back_end.bytes.get(pipeline, 0), SENT_ON * sent, pipeline)

    # Scenario: what was trouble once, and random shapes (seed 1), one request after the other, of each signal, over
    # gRPC with gzip and HTTP in protobuf and JSON, while another client sends its small ones; then a kill.
    # Guarantee: each is answered, with exactly those items rejected that are bad or in too large an envelope; memory
    # stays bounded; the other client waits for seconds at most; what was acknowledged arrives in every pipeline.
    def test_any_shape_is_held(self):
        largest = 0
        with Bystander(self.node.http) as other:
            for number, shape in enumerate(shapes.all_shapes(seed=1, count=10)):
                as_json = number % 3 == 2 and shape.size() < MIB
                request = self.request(shape, number, as_json)
                largest = max(largest, len(request.body))
                if number % 3 == 0 and len(request.body) < GRPC_LIMIT:
                    self.give(request, *over_grpc(self.node.grpc, request))
                else:
                    self.give(request, *over_http(self.node.http, request, as_json))
            for number, shape in enumerate(shapes.OVER_HTTP):
                request = self.request(shape, number)
                largest = max(largest, len(request.body))
                self.give(request, *over_http(self.node.http, request))
            self.assert_all_arrives()
            self.assert_sent_on()
        self.assertEqual(other.refused, [])
        self.assertLess(other.longest, 10)
        print(f"the other client waited {other.longest:.2f} s at most", flush=True)
        self.assert_small(largest)

    # Scenario: the same troubles and requests of 70 MB, in which nothing packs, and a kill right behind the last
    # answer. Guarantee: what was acknowledged is read back and arrives.
    def test_what_was_acknowledged_survives_a_kill(self):
        for number, shape in enumerate(shapes.TROUBLE + shapes.OVER_HTTP + shapes.HUGE):
            request = self.request(shape, number)
            self.give(request, *over_http(self.node.http, request))
        self.node.kill()
        self.node.start()
        self.assert_all_arrives()
        self.assertNotIn("damaged", "\n".join(self.node.process.lines))

    # Scenario: 8 KB of gzip over gRPC that unpack to a resource of 1,015 KiB and more and thousands of spans, 64 of
    # them at once, as fast as they are taken. Guarantee: each is taken or refused in a way that makes clients send it
    # again; peak memory is a small multiple of what is in flight; what was taken arrives.
    # WEIR_SHAPES_SPANS=90000 is the most that fits into 4 MiB (some minutes and 3 GB, for the test itself).
    def test_many_at_once_are_held(self):
        shape = shapes.Shape(items=int(os.environ.get("WEIR_SHAPES_SPANS", "20000")), resource_bytes=shapes.ENVELOPE)
        requests = [self.request(shape) for _ in range(64)]
        packed = [gzip.compress(request.body, 9) for request in requests]
        with ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(lambda pair: over_grpc(self.node.grpc, *pair), zip(requests, packed)))
        for request, (taken, rest) in zip(requests, answers):
            if taken:
                self.give(request, taken, rest)
            else:
                self.assertIn(b"grpc-status: 14", rest[1].lower(), rest)
        self.assertTrue(self.node.process.running())
        self.assertGreater(len(self.taken["passed"]), 0)
        self.assert_all_arrives(600)
        self.assert_small(sum(len(request.body) for request in requests))


if __name__ == "__main__":
    sys.exit(case.main())
