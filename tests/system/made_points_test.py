#!/usr/bin/env python3
"""Data points that processors make, merge and leave out: they have their place in the ledger."""

import json
import urllib.request

from support import case
from support.process import wait_until
from support.reloading import ReloadNode
from support.telemetry import attributes

LEDGER = ("weir_ledger_unsettled_items", "weir_ledger_unappended_items", "weir_ledger_undelivered_items")
HOSTS = 6


def point(host, **value):
    return {"attributes": attributes({"host": host}), "startTimeUnixNano": "1", "timeUnixNano": "2", **value}


def request():
    """Points of a gauge, a histogram, a summary: HOSTS of each."""
    hosts = [f"h{i}" for i in range(HOSTS)]
    histogram = [point(host, count="3", sum=2.5, bucketCounts=["1", "2"], explicitBounds=[1.0]) for host in hosts]
    quantiles = [{"quantile": 0.5, "value": 1.0}, {"quantile": 0.9, "value": 2.0}]
    summary = [point(host, count="2", sum=3.0, quantileValues=quantiles) for host in hosts]
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "gauge", "gauge": {"dataPoints": [point(host, asInt="5") for host in hosts]}},
        {"name": "histogram", "histogram": {"aggregationTemporality": 2, "dataPoints": histogram}},
        {"name": "summary", "summary": {"dataPoints": summary}}]}]}]}


def points_in(path):
    """The points of all lines of a file of OTLP/JSON, by metric."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        for resource in json.loads(line)["resourceMetrics"]:
            for metric in (metric for scope in resource["scopeMetrics"] for metric in scope["metrics"]):
                data = next(value for value in metric.values() if isinstance(value, dict))
                found[metric["name"]] = found.get(metric["name"], 0) + len(data["dataPoints"])
    return found


class MadePointsTest(case.SystemTest):
    def test_they_are_in_the_ledger(self):
        """Scenario: a filter leaves out some points of a metric, a transform copies and extracts metrics and merges
        points; two requests come, the node is killed and started again between them.
        Guarantee: what comes out is what was made; at rest no item is missing or too much anywhere; the processors'
        counts say what came and went."""
        weir = ReloadNode(self.path("node"))
        self.addCleanup(weir.kill)
        weir.pipelines = {"metrics": (["filter", "transform"], ["file/a"])}
        statements = ['copy_metric(name="copy") where name == "gauge"', 'extract_sum_metric(true) where name == "histogram"',
                      'convert_summary_quantile_val_to_gauge()', 'aggregate_on_attributes("sum", []) where name == "gauge"']
        weir.write(processors={
            "filter": json.dumps({"metrics": {"datapoint": ['attributes["host"] == "h0" and metric.name == "gauge"']}}),
            "transform": json.dumps({"metric_statements": [{"context": "metric", "statements": statements}]})})
        weir.start()
        once = {"gauge": 1, "copy": HOSTS - 1, "histogram": HOSTS, "histogram_sum": HOSTS, "summary": HOSTS,
                "summary.quantiles": 2 * HOSTS}
        for times in (1, 2):
            self.post(weir, request())
            wanted = {name: times * count for name, count in once.items()}
            wait_until(lambda: points_in(weir.file("file/a")) == wanted, 30,
                       f"what was made to be written, not {points_in(weir.file('file/a'))}")
            weir.wait_at_rest(30)
            for name in LEDGER:
                self.assertEqual(set(weir.metrics()[name].values()), {0}, name)
            self.assertEqual(weir.metric("otelcol_processor_outgoing_items", 'processor="filter"'), 3 * HOSTS - 1)
            self.assertEqual(weir.metric("otelcol_processor_outgoing_items", 'processor="transform"'), sum(once.values()))
            self.assertEqual(weir.metric("otelcol_receiver_accepted_metric_points"), 3 * HOSTS)
            weir.kill()
            if times == 1:
                weir.start()

    def post(self, weir, body):
        call = urllib.request.Request(f"http://127.0.0.1:{weir.http_port}/v1/metrics", json.dumps(body).encode(),
                                      {"Content-Type": "application/json"})
        with urllib.request.urlopen(call, timeout=60) as got:
            self.assertEqual(json.loads(got.read() or "{}").get("partialSuccess", {}), {})


if __name__ == "__main__":
    case.main()
