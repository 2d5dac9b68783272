#!/usr/bin/env python3
"""What processors take away at the origin is nowhere: not on the disk, packed or not, in no log line and in no
answer."""

import http.client
import json
import pathlib
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import case, node, paths, telemetry, wire
from support.process import Process, wait_until

# A secret of its own for each place: found there again where nothing takes it away.
PLACES = ["span-deleted", "span-hashed", "span-extracted", "span-by-pattern", "span-redacted", "span-transformed",
          "span-name", "span-status", "span-state", "event", "event-name", "resource-deleted", "resource-hashed",
          "scope", "dropped-span", "log-body", "log-body-map", "log-deleted", "point-deleted", "metric-resource"]
SECRET = {place: f"s3cret.{place}.zq" for place in PLACES}
VALUES = "s3cret[.][a-z-]+[.]zq"
FIRST, SECOND = 30, 10  # requests of each signal before the kill, and after it

PROCESSORS = {
    "attributes": {"actions": [
        {"key": "password", "action": "delete"}, {"key": "email", "action": "hash"},
        {"key": "url", "action": "extract", "pattern": "^(?P<scheme>[a-z]+)://"},
        {"key": "url", "action": "delete"}, {"pattern": "^card[.]", "action": "delete"}]},
    "resource": {"attributes": [{"key": "token", "action": "delete"}, {"key": "owner", "action": "hash"}]},
    "filter": {"error_mode": "ignore", "traces": {"span": ['attributes["internal"] == true']}},
    "transform": {"error_mode": "ignore", "trace_statements": [
        # Fails on each span, with the secret in its hands.
        {"context": "span", "statements": ['set(attributes["parsed"], ParseJSON(attributes["note"]))'] + [
            f'replace_pattern({path}, "{VALUES}", "x")' for path in (
                "name", "status.message", "trace_state", 'attributes["note"]')]},
        {"context": "spanevent", "statements": [f'replace_pattern(name, "{VALUES}", "x")']}]},
    "redaction": {"allow_all_keys": True, "blocked_values": [VALUES], "summary": "debug"},
}
CHAINS = {"traces": ["transform", "attributes", "resource", "filter", "redaction"],
          "logs": ["attributes", "resource", "redaction"], "metrics": ["attributes", "resource", "redaction"]}


def messages(number):
    """A request of each signal, with every secret in its place."""
    pairs = telemetry.attributes
    trace = f"{number + 1:032x}"
    span = {
        "traceId": trace, "spanId": f"{number + 1:016x}", "name": f"work {SECRET['span-name']}", "kind": 2,
        "traceState": f"a={SECRET['span-state']}", "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000000500000000", "status": {"code": 2, "message": SECRET["span-status"]},
        "attributes": pairs({
            "password": SECRET["span-deleted"], "email": SECRET["span-hashed"],
            "url": f"http://{SECRET['span-extracted']}/", "card.number": SECRET["span-by-pattern"],
            "free": f"call {SECRET['span-redacted']}", "note": SECRET["span-transformed"], "number": number}),
        "events": [{"name": f"e {SECRET['event-name']}", "attributes": pairs({"k": SECRET["event"]})}]}
    dropped = {"traceId": trace, "spanId": "ab" * 8, "name": "in",
               "attributes": pairs({"internal": True, "card.number": SECRET["dropped-span"]})}
    resource = {"attributes": pairs({"service.name": "shop", "token": SECRET["resource-deleted"],
                                     "owner": SECRET["resource-hashed"]})}
    scope = {"name": "lib", "attributes": pairs({"k": SECRET["scope"]})}
    record = {"timeUnixNano": "1700000000000000000", "attributes": pairs({"password": SECRET["log-deleted"]})}
    bodies = [f"body {SECRET['log-body']}", {"k": [SECRET["log-body-map"]]}]
    metric = {"name": "m", "gauge": {"dataPoints": [
        {"asInt": "1", "attributes": pairs({"password": SECRET["point-deleted"]})}]}}
    return {
        "traces": {"resourceSpans": [{"resource": resource, "scopeSpans": [
            {"scope": scope, "spans": [span, dropped]}]}]},
        "logs": {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": [
            {**record, "body": telemetry.value(body)} for body in bodies]}]}]},
        "metrics": {"resourceMetrics": [{"resource": {"attributes": pairs({"token": SECRET["metric-resource"]})},
                                         "scopeMetrics": [{"scope": scope, "metrics": [metric]}]}]},
    }


def malformed():
    """(path, content type, body): right up to a fault beside the secrets, of every kind that has a reason."""
    good = json.dumps(messages(900)["traces"])
    yield "/v1/traces", "application/json", good[:-7]
    yield "/v1/traces", "application/json", good.replace('"kind": 2', '"kind": {"a": 1}')
    yield "/v1/traces", "application/json", good.replace('"intValue": "900"', '"intValue": "9x"')
    yield "/v1/traces", "application/json", good.replace('"traceId": "', '"traceId": "zz')
    yield "/v1/logs", "application/json", json.dumps(messages(900)["logs"]).replace('"timeUnixNano": "1', '"timeUnixNano": "x1')
    secret = wire.attribute("password", SECRET["span-deleted"])
    span = wire.span("work", b"0123456789abcdef", tail=secret)
    whole = wire.request(span)
    for body in (whole[:-3], wire.request(span + b"\xff\xff"), wire.request(span + wire.tag(3, wire.FIXED32) + b"abcd"),
                 wire.request(wire.span("work", b"short", tail=secret)),
                 wire.request(span + wire.field(5, b"\xff\xfe"))):
        yield "/v1/traces", "application/x-protobuf", body


class Refusing(BaseHTTPRequestHandler):
    """A back end that wants nothing: dead letters come of it."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class SecretsTest(case.SystemTest):
    def setUp(self):
        super().setUp()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.endpoint, self.metrics_port = f"127.0.0.1:{node.free_port()}", node.free_port()
        self.said = []

    def write_config(self, with_processors):
        pipelines = {signal: {"receivers": ["otlp"], "exporters": ["otlphttp/refused", "otlphttp/away", "debug"],
                              "processors": [*(CHAINS[signal] if with_processors else []),
                                             *(["tail_sampling"] if signal == "traces" else [])]}
                     for signal in CHAINS}
        config = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.endpoint}}}},
            "processors": {**(PROCESSORS if with_processors else {}), "tail_sampling": {
                "decision_wait": "2s", "policies": [{"name": "all", "type": "always_sample"}]}},
            "exporters": {
                "otlphttp/refused": {"endpoint": f"http://127.0.0.1:{self.server.server_port}", "compression": "none"},
                "otlphttp/away": {"endpoint": f"http://127.0.0.1:{node.free_port()}"},
                "debug": {"verbosity": "detailed"}},
            "service": {"pipelines": pipelines, "telemetry": {"logs": {"level": "debug"}, "metrics": {"readers": [
                {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": self.metrics_port}}}}]}}},
            "storage": {"directory": self.path("data")}}
        path = pathlib.Path(self.path("weir.yaml"))
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def start(self, config):
        weir = Process([paths.program("weir"), "run", "--config", config], name="weir")
        self.addCleanup(weir.kill)
        weir.wait_for_line(lambda line: line.endswith("ready"))
        return weir

    def post(self, path, content_type, body):
        """The status; what was answered is kept."""
        connection = http.client.HTTPConnection(self.endpoint, timeout=30)
        connection.request("POST", path, body, {"Content-Type": content_type})
        answer = connection.getresponse()
        self.said.append(f"{answer.headers}\n" + answer.read().decode(errors="replace"))
        connection.close()
        return answer.status

    def send(self, first, count):
        for number in range(first, first + count):
            for signal, message in messages(number).items():
                self.assertEqual(self.post(f"/v1/{signal}", "application/json", json.dumps(message)), 200)

    def on_disk(self):
        """Everything in the storage directory, unpacked, and how many entries and blocks it has."""
        done = subprocess.run([paths.program("unpack-storage"), self.path("data")], capture_output=True, timeout=120,
                              check=True)
        entries, blocks, broken = map(int, re.findall(rb"\d+", done.stderr))
        self.assertEqual(broken, 0)
        return done.stdout, entries, blocks

    def settled(self):
        now = node.read_metrics(self.metrics_port)
        return not any(sum(now.get(name, {}).values()) for name in (
            "weir_ledger_unsettled_items", "weir_journal_open_slots", "weir_window_spans"))

    def run_node(self, with_processors):
        """What was on the disk after a kill with everything undecided, and at the end."""
        config = self.write_config(with_processors)
        weir = self.start(config)
        self.send(0, FIRST)
        for path, content_type, body in malformed():
            self.post(path, content_type, body)
        weir.kill()
        killed, entries, blocks = self.on_disk()
        self.assertGreater(entries, 0)
        self.assertGreater(blocks, 0, "logs and metrics")
        self.said += weir.lines
        weir = self.start(config)
        self.send(FIRST, SECOND)
        for signal in CHAINS:
            weir.wait_for_line(lambda line, of=signal: "otlphttp/refused" in line and "dead letter" in line, 30)
        wait_until(self.settled, 60, "everything to be decided")
        wait_until(lambda: sum("Trace ID" in line for line in weir.lines) >= SECOND, 30, "the debug exporter")
        self.assertEqual(weir.terminate(), 0, weir.tail())
        self.said += weir.lines
        return killed + self.on_disk()[0]

    def found_in(self, bytes_or_text):
        binary = isinstance(bytes_or_text, bytes)
        return [place for place, secret in SECRET.items()
                if (secret.encode() if binary else secret) in bytes_or_text]

    def test_what_is_taken_away_is_nowhere(self):
        """Scenario: secrets in twenty places of spans, log records and data points, behind attributes, resource,
        redaction, transform (with a statement that fails on one) and filter; malformed requests with them; kill -9
        with everything undecided, a restart, a back end that is away, one that refuses, the debug exporter, level
        debug.
        Guarantee: none is in the storage directory, packed or not, in a log line or in an answer."""
        disk = self.run_node(True)
        self.assertIn(b"service.name", disk)
        self.assertEqual(self.found_in(disk), [])
        said = "\n".join(self.said)
        self.assertIn("ParseJSON", said, "the statement that fails is in the log")
        self.assertEqual(self.found_in(said), [])

    def test_the_search_finds_what_is_there(self):
        """Scenario: the same without processors.
        Guarantee: each of the secrets is found on the disk and in what the debug exporter logs."""
        disk = self.run_node(False)
        self.assertEqual(self.found_in(disk), PLACES)
        self.assertEqual(self.found_in("\n".join(self.said)), PLACES)


if __name__ == "__main__":
    case.main()
