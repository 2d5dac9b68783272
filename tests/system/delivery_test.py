#!/usr/bin/env python3
"""What back ends answer, against the real program: outages of the configuration, a request that never gets through,
clients in turn."""

import json
import pathlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import case, node, paths, wire
from support.back_end import spans_of
from support.process import Process, wait_until


class BackEnd:
    """Answers as `decide(names of the spans, headers)` says: (status, text)."""

    def __init__(self):
        self.decide = lambda names, headers: (200, "")
        self.taken = []
        self.requests = 0
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                names = [span["name"] for span in spans_of(body)]
                with outer.lock:
                    outer.requests += 1
                    status, text = outer.decide(names, self.headers)
                    if status == 200:
                        outer.taken += names
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class DeliveryTest(case.SystemTest):
    def start(self, back_end, **exporter):
        self.endpoint = f"127.0.0.1:{node.free_port()}"
        config = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.endpoint, "include_metadata": True}}}},
            "extensions": {"headers_setter": {"headers": [{"key": "X-Tenant", "from_context": "X-Tenant"}]}},
            "exporters": {"otlphttp": {"endpoint": back_end.url, "compression": "none", "encoding": "json",
                                       "retry_on_failure": {"initial_interval": "100ms", "max_interval": "200ms"},
                                       **exporter}},
            "service": {"extensions": ["headers_setter"], "telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlphttp"]}}},
            "storage": {"directory": self.path("data")}}
        path = pathlib.Path(self.path("weir.yaml"))
        path.write_text(json.dumps(config), encoding="utf-8")
        process = Process([paths.program("weir"), "run", "--config", str(path)], name="weir")
        self.addCleanup(process.kill)
        process.wait_for_line(lambda line: line.endswith("ready"), 60)
        return process

    def send(self, number, headers=()):
        span = wire.span(f"span-{number}", number.to_bytes(16, "big"))
        self.assertEqual(wire.post(self.endpoint, wire.request(span), headers=list(headers)).status, 200)
        return f"span-{number}"

    def test_an_expired_key_costs_nothing(self):
        """Scenario: a gateway in front of the back end answers 401 with a page, then the key is replaced.
        Guarantee: an error in the log quotes the page; nothing becomes a dead letter; all arrives, and a line says
        for how long it was away."""
        back_end = BackEnd()
        back_end.decide = lambda names, headers: (401, "<html>token expired on Monday</html>")
        weir = self.start(back_end)
        sent = {self.send(number) for number in range(1, 21)}
        weir.wait_for_line(lambda line: "error" in line and "401" in line and "token expired on Monday" in line, 30)
        wait_until(lambda: back_end.requests >= 4, 30, "it to be tried again")
        back_end.decide = lambda names, headers: (200, "")
        wait_until(lambda: sent <= set(back_end.taken), 60, "everything to arrive")
        weir.wait_for_line(lambda line: "back after" in line and "waited" in line, 30)
        self.assertEqual(weir.terminate(), 0, weir.tail())
        self.assertFalse([line for line in weir.lines if "dead letter" in line])

    def test_one_request_that_never_gets_through(self):
        """Scenario: every request with the first span is answered 503, all others are fine; the node is killed, and
        started again.
        Guarantee: the others are not sent again, the first is."""
        back_end = BackEnd()
        back_end.decide = lambda names, headers: (503, "") if "span-1" in names else (200, "")
        batch = {"sending_queue": {"batch": {"flush_timeout": "10ms", "min_size": 1, "max_size": 1}}}
        weir = self.start(back_end, **batch)
        sent = {self.send(number) for number in range(1, 101)} - {"span-1"}
        wait_until(lambda: sent <= set(back_end.taken), 60, "the others to arrive")
        self.wait_for_cursor()
        weir.kill()
        before = len(back_end.taken)
        weir = self.start(back_end, **batch)
        self.send(103)
        wait_until(lambda: "span-103" in back_end.taken, 30, "the next one")
        self.assertLess(len(back_end.taken), before + 10)
        back_end.decide = lambda names, headers: (200, "")
        wait_until(lambda: "span-1" in back_end.taken, 60, "the first one")
        self.assertEqual(weir.terminate(), 0, weir.tail())

    def wait_for_cursor(self):
        """What is written each second has been written, twice."""
        mark = pathlib.Path(self.path("data/MARK"))
        for _ in range(3):
            before = mark.stat().st_mtime_ns
            self.send(1000)
            wait_until(lambda t=before: mark.stat().st_mtime_ns != t, 30, "the store's mark to be written")

    def test_tenants_in_turn(self):
        """Scenario: 600 requests of two tenants in turn while the back end is away, with a header sent on.
        Guarantee: then they come in a few requests, each with the header of its tenant."""
        back_end = BackEnd()
        back_end.decide = lambda names, headers: (503, "")
        weir = self.start(back_end, auth={"authenticator": "headers_setter"})
        sent = {number: self.send(number, [f"X-Tenant: {number % 2}"]) for number in range(1, 601)}
        wrong = []

        def decide(names, headers):
            wrong.extend(name for name in names if int(name.split("-")[1]) % 2 != int(headers["X-Tenant"]))
            return 200, ""
        before = back_end.requests
        back_end.decide = decide
        wait_until(lambda: set(sent.values()) <= set(back_end.taken), 60, "everything to arrive")
        self.assertFalse(wrong)
        self.assertLess(back_end.requests - before, 100)
        self.assertEqual(weir.terminate(), 0, weir.tail())


if __name__ == "__main__":
    case.main()
