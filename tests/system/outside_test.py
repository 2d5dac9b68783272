#!/usr/bin/env python3
"""What a node shows to those who run it: health pages, metrics, log lines, and how it ends."""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from support import bad_input, case, node, paths, wire
from support.process import wait_until

# Of the Collector (reference: its default page), for what a node with traces and exporters has too.
COLLECTORS_NAMES = {
    "otelcol_receiver_accepted_spans": "counter", "otelcol_receiver_refused_spans": "counter",
    "otelcol_exporter_sent_spans": "counter", "otelcol_exporter_queue_size": "gauge",
    "otelcol_exporter_in_flight_requests": "gauge", "otelcol_process_uptime": "counter",
    "otelcol_process_cpu_seconds": "counter", "otelcol_process_memory_rss": "gauge",
    "otelcol_processor_tail_sampling_count_traces_sampled": "counter",
    "otelcol_processor_tail_sampling_new_trace_id_received": "counter",
    "otelcol_processor_tail_sampling_sampling_traces_on_memory": "gauge", "target_info": "gauge"}
LEDGER = ("weir_ledger_unsettled_items", "weir_ledger_unappended_items", "weir_ledger_undelivered_items")


def span_of(number):
    return wire.request(wire.span(f"span {number}", number.to_bytes(16, "little")))


class OutsideTest(case.SystemTest):
    def start(self, change=lambda text: text, **options):
        one = bad_input.FileNode(self.path("node"), **options)
        self.addCleanup(one.kill)
        one.write_text(change(one.config_text()))
        return one.start()

    @staticmethod
    def page(one, path):
        """(status, content type, body) of a health page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{one.ports['health']}{path}", timeout=5) as got:
                return got.status, got.headers["content-type"], got.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers["content-type"], refused.read().decode()

    def send_half(self, client):
        """A request that the node has begun to read, and that never ends."""
        client.send(wire.head(100, headers=["Expect: 100-continue"]))
        self.assertEqual(client.answer().status, 100)
        client.send(b"the first bytes of it")

    # -- health --

    def test_health_pages(self):
        """Scenario: the pages of health_check while the node works and, its shutdown held up by a client, while it
        stops.
        Guarantee: those of the Collector, with its keys; `/live` says yes all the time, `/ready` only before."""
        weir = self.start(lambda text: text.replace("body_timeout: 500ms", "body_timeout: 20s"))
        status, kind, body = self.page(weir, "/")
        self.assertEqual((status, kind), (200, "application/json"))
        told = json.loads(body)
        self.assertEqual(list(told), ["status", "upSince", "uptime"])
        self.assertEqual(told["status"], "Server available")
        self.assertRegex(told["upSince"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        self.assertRegex(told["uptime"], r"^\d+(\.\d+)?s$")
        self.assertEqual([self.page(weir, path)[0] for path in ("/live", "/ready", "/nothing")], [200, 200, 404])
        with wire.Connection(weir.http) as slow:
            self.send_half(slow)
            weir.process.signal(signal.SIGTERM)
            weir.process.wait_for_line(lambda line: "stopping" in line)
            wait_until(lambda: weir.health("/ready") == 503, 10, "it to be not ready")
            self.assertEqual(json.loads(self.page(weir, "/")[2]),
                             {"status": "Server not available", "upSince": "0001-01-01T00:00:00Z", "uptime": ""})
            self.assertEqual(self.page(weir, "/live")[0], 200)
        self.assertEqual(weir.process.wait(), 0, weir.process.tail())

    def test_keys_of_health_check(self):
        """Scenario: `path` and `response_body`. Guarantee: that page, those bodies."""
        weir = self.start(lambda text: re.sub(
            r"health_check: \{", "health_check: {path: /well, response_body: {healthy: fine, unhealthy: ill}, ",
            text, count=1))
        self.assertEqual(self.page(weir, "/well"), (200, "text/plain", "fine"))
        self.assertEqual(self.page(weir, "/")[0], 404)

    # -- metrics --

    def test_metrics_page(self):
        """Scenario: spans came, were sampled and left; one was rejected.
        Guarantee: the metrics that the Collector has bear its names and types, without `_total`; each metric says
        what it counts; promtool finds no other fault than the Collector's names of counters; the ledger's differences
        are 0."""
        weir = self.start()
        for number in range(1, 11):
            self.assertEqual(weir.post(span_of(number)).status, 200)
        self.assertEqual(weir.post(wire.request(wire.span("bad", b"short"))).status, 200)
        weir.wait_for([f"span {number}" for number in range(1, 11)])
        wait_until(lambda: not any(weir.metric(name) for name in node.AT_REST), 20, "the node to be at rest")
        with urllib.request.urlopen(f"http://127.0.0.1:{weir.ports['metrics']}/metrics", timeout=5) as got:
            self.assertTrue(got.headers["content-type"].startswith("text/plain; version=0.0.4"))
            page = got.read().decode()
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
        self.assertEqual({name: types.get(name) for name in COLLECTORS_NAMES}, COLLECTORS_NAMES)
        self.assertEqual(set(re.findall(r"^# HELP (\S+) \S", page, re.MULTILINE)), set(types))
        shown = node.parse_metrics(page)
        for name, count in (("accepted", 10), ("refused", 1)):
            self.assertEqual(shown[f"otelcol_receiver_{name}_spans"],
                             {'{receiver="otlp",transport="http"}': count, '{receiver="otlp",transport="grpc"}': 0})
        self.assertEqual(sum(shown["otelcol_exporter_sent_spans"].values()), 20)  # two pipelines
        for name in LEDGER:
            self.assertEqual(set(shown[name].values()), {0}, name)
        checked = subprocess.run([paths.peer("promtool"), "check", "metrics"], input=page, text=True,
                                 capture_output=True, check=False)
        faults = [line for line in (checked.stdout + checked.stderr).splitlines()
                  if not re.match(r'otelcol_\w+ counter metrics should have "_total" suffix', line)]
        self.assertEqual(faults, [])

    def test_counters_from_the_start(self):
        """Scenario: a node with two pipelines that has just started. Guarantee: of docs/metrics.md, each counter is on
        its page, with 0 where nothing was counted, but for those of components that it does not have."""
        weir = self.start()
        with urllib.request.urlopen(f"http://127.0.0.1:{weir.ports['metrics']}/metrics", timeout=5) as got:
            shown = node.parse_metrics(got.read().decode())
        documented = re.findall(r"^\| `(\w+)` \| counter \|",
                                (paths.ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
        self.assertGreater(len(documented), 40)
        elsewhere = re.compile(r"_(metric_points|log_records)$|otelcol_processor_\w+_items|weir_dynamic|weir_connector"
                               "|_count_traces_sampled")  # The last comes with the first look at the policies.
        self.assertEqual([name for name in documented if name not in shown and not elsewhere.search(name)], [])

    def test_memory_limiter(self):
        """Scenario: a memory_limiter whose limit is below what the process needs at rest.
        Guarantee: it is raised, which is said at the start, and clients are served; what is refused above a limit that
        can be kept is in memory_limit_test."""
        weir = self.start(lambda text: text.replace(
            "processors: {", "processors: {memory_limiter: {check_interval: 1s, limit_mib: 2}, ").replace(
            "processors: [tail_sampling]", "processors: [memory_limiter, tail_sampling]"))
        weir.process.says("needs at rest: they are refused from 48MiB on")
        for number in range(1, 51):
            self.assertEqual(weir.post(span_of(number)).status, 200)

    # -- log lines --

    def test_json_lines(self):
        """Scenario: `encoding: json`, from the start to the end of a node.
        Guarantee: each line is a JSON object of time, level and message."""
        weir = self.start(lambda text: text.replace("telemetry: {", "telemetry: {logs: {encoding: json}, "))
        self.assertEqual(weir.terminate(), 0)
        lines = [json.loads(line) for line in weir.process.lines]
        self.assertTrue(all(list(line)[:3] == ["ts", "level", "msg"] for line in lines), lines)
        self.assertEqual(lines[-1]["msg"], "stopped")

    # -- the end --

    def test_sigterm(self):
        """Scenario: SIGTERM while a client has sent half a request and waits.
        Guarantee: the node ends with 0 when `shutdown_timeout` is over; what it had acknowledged leaves it after
        the next start."""
        weir = self.stop_in_the_middle("shutdown_timeout: 1s")
        began = time.monotonic()
        self.assertEqual(weir.terminate(), 0, weir.process.tail())
        self.assertGreaterEqual(time.monotonic() - began, 0.9)
        self.expect_nothing_lost(weir)

    def test_second_sigterm(self):
        """Scenario: the same, with a long `shutdown_timeout`, and a second SIGTERM.
        Guarantee: it ends the process at once; nothing acknowledged is lost by it either."""
        weir = self.stop_in_the_middle("shutdown_timeout: 1h")
        weir.process.signal(signal.SIGTERM)
        weir.process.wait_for_line(lambda line: "stopping" in line)
        self.assertEqual(weir.terminate(), -signal.SIGTERM)
        self.expect_nothing_lost(weir)

    def stop_in_the_middle(self, timeout):
        """A node with undecided traces, and a client that holds its shutdown up."""
        weir = self.start(lambda text: text.replace("body_timeout: 500ms", "body_timeout: 1h").replace(
            "service:", f"service:\n  {timeout}"), wait="60s")
        for number in range(1, 21):
            self.assertEqual(weir.post(span_of(number)).status, 200)
        slow = wire.Connection(weir.http)
        self.addCleanup(slow.socket.close)
        self.send_half(slow)
        return weir

    @staticmethod
    def expect_nothing_lost(weir):
        weir.kill()  # it has ended: this lets go of its pipes
        weir.write_config("100ms")
        weir.start()
        weir.wait_for([f"span {number}" for number in range(1, 21)])


if __name__ == "__main__":
    case.main()
