#!/usr/bin/env python3
"""Requests for which processors would take many seconds: they are refused by name, and hold up nobody."""

import json
import threading
import time
import urllib.request

from support import case, load, node, telemetry

PATTERN = ".{0,500}b.{0,500}$"   # each byte of a long run of "a" costs it hundreds of steps
STATEMENT = f'replace_pattern(name, "{PATTERN}", "x")'
HOSTILE = 6


def request(name, attributes=None):
    span = {"traceId": telemetry.TRACE_ID, "spanId": telemetry.SPAN_ID, "name": name,
            "attributes": telemetry.attributes(attributes or {})}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


class SlowEditsTest(case.SystemTest):
    def post(self, weir, body):
        call = urllib.request.Request(f"http://{weir.http}/v1/traces", json.dumps(body).encode(),
                                      {"Content-Type": "application/json"})
        with urllib.request.urlopen(call, timeout=60) as got:
            return json.loads(got.read() or "{}")

    @staticmethod
    def rejection(answer):
        return answer.get("partialSuccess", {})

    def with_node(self, statement, test):
        statements = json.dumps([{"context": "span", "statements": [statement]}])
        processors = {"transform": f"{{error_mode: ignore, trace_statements: {statements}}}"}
        with load.Sink() as sink, node.Node(self.path("node"), sink.endpoint, processors=processors) as weir:
            test(weir.start())
            self.assertEqual(weir.terminate(), 0, weir.process.tail())

    def test_a_pattern_that_takes_seconds(self):
        """Scenario: six clients send a name of 900 KB each, for which the statement's pattern takes seconds; others
        send ordinary spans meanwhile. Guarantee: the six are told, by partial success, which statement took too
        long; each of the others has its answer within two seconds."""
        def test(weir):
            answers, slowest = [], 0.0
            hostile = [threading.Thread(target=lambda: answers.append(self.post(weir, request("a" * 900_000))))
                       for _ in range(HOSTILE)]
            for thread in hostile:
                thread.start()
            while any(thread.is_alive() for thread in hostile):
                began = time.monotonic()
                self.assertEqual(self.rejection(self.post(weir, request("abc"))), {})
                slowest = max(slowest, time.monotonic() - began)
                time.sleep(0.05)
            print(f"the slowest ordinary request took {slowest:.2f} s")
            self.assertEqual(len(answers), HOSTILE)
            for answer in answers:
                self.assertEqual(self.rejection(answer)["rejectedSpans"], "1")
                self.assertIn(STATEMENT, self.rejection(answer)["errorMessage"])
                self.assertIn("max_edit_time", self.rejection(answer)["errorMessage"])
            self.assertEqual(weir.metric("weir_intake_edits_ended_total"), HOSTILE)
            self.assertLess(slowest, 2)
        self.with_node(STATEMENT, test)

    def test_maps_of_many_keys(self):
        """Scenario: a span of 60,000 attributes, which are merged with themselves. Guarantee: it is taken, in less
        than two seconds."""
        def test(weir):
            body = request("n", {f"k{i}": "v" for i in range(60_000)})
            self.post(weir, request("n"))
            began = time.monotonic()
            self.assertEqual(self.rejection(self.post(weir, body)), {})
            self.assertLess(time.monotonic() - began, 2)
        self.with_node('merge_maps(attributes, attributes, "upsert")', test)


if __name__ == "__main__":
    case.main()
