#!/usr/bin/env python3
"""Connectors over kills and stops of a node: what they make is durable with what it was made of."""

import http.client
import json
import pathlib

from support import case, node, paths
from support.process import Process, wait_until


class ConnectedNode:
    """A node with one traces pipeline that forwards to two, counts, and measures."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.endpoint, self.port = f"127.0.0.1:{node.free_port()}", node.free_port()
        names = {"traces/a": "forward", "traces/b": "forward", "metrics/count": "count", "metrics/red": "spanmetrics"}
        config = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.endpoint}}}},
            "connectors": {"forward": {}, "count": {"spans": {"spans": {"attributes": [{"key": "number"}]}}},
                           "spanmetrics": {"metrics_flush_interval": "1s", "histogram": {"disable": True}}},
            "exporters": {f"file/{name.split('/')[1]}": {"path": str(self.file(name.split("/")[1])), "append": True}
                          for name in names},
            "service": {
                "pipelines": {
                    "traces": {"receivers": ["otlp"], "exporters": ["forward", "count", "spanmetrics"]},
                    **{name: {"receivers": [source], "exporters": [f"file/{name.split('/')[1]}"]}
                       for name, source in names.items()}},
                "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {
                    "host": "127.0.0.1", "port": self.port}}}}]}}},
            "storage": {"directory": str(self.directory / "data")},
        }
        self.config = self.directory / "config.yaml"
        self.config.write_text(json.dumps(config), encoding="utf-8")
        self.process = None

    def file(self, name):
        return self.directory / f"{name}.jsonl"

    def start(self):
        self.process = Process([paths.program("weir"), "run", "--config", self.config], name="weir")
        self.process.wait_for_line(lambda line: line.endswith("ready"), 30)
        return self

    def send(self, number):
        """Whether it was acknowledged."""
        connection = http.client.HTTPConnection(self.endpoint, timeout=30)
        span = {"traceId": f"{number + 1:032x}", "spanId": f"{number + 1:016x}", "name": "get", "kind": 2,
                "attributes": [{"key": "number", "value": {"intValue": number}}],
                "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000001000000"}
        service = [{"key": "service.name", "value": {"stringValue": "shop"}}]
        try:
            connection.request("POST", "/v1/traces", json.dumps({"resourceSpans": [{
                "resource": {"attributes": service}, "scopeSpans": [{"spans": [span]}]}]}),
                {"Content-Type": "application/json"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        except http.client.HTTPException:
            return False
        finally:
            connection.close()

    def lines(self, name):
        """What stands there whole: a kill may cut a line, whose data is written again."""
        path = self.file(name)
        found = []
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            try:
                found.append(json.loads(line))
            except ValueError:
                pass
        return found

    def spans(self, name):
        return {int(span["spanId"], 16) - 1 for line in self.lines(name) for resource in line["resourceSpans"]
                for scope in resource["scopeSpans"] for span in scope["spans"]}

    def points(self, name):
        return [point for line in self.lines(name) for resource in line["resourceMetrics"]
                for scope in resource["scopeMetrics"] for metric in scope["metrics"]
                for point in metric["sum"]["dataPoints"]]

    def counted(self):
        return {int(a["value"]["intValue"]) for point in self.points("count") for a in point["attributes"]}

    def calls(self):
        """(start, number) of the newest point."""
        points = self.points("red")
        return (points[-1]["startTimeUnixNano"], int(points[-1]["asInt"])) if points else (None, 0)


class ConnectorsTest(case.SystemTest):
    def node(self):
        one = ConnectedNode(self.path("node")).start()
        self.addCleanup(lambda: one.process.kill())
        return one

    def test_a_kill_splits_no_request(self):
        """Scenario: a node is killed again and again under requests that go to two pipelines and are counted
        in a third.
        Guarantee: what was acknowledged is in all three; what was not is in all or none."""
        one = self.node()
        acknowledged, sent = set(), 0
        for _ in range(4):
            for _ in range(60):
                if one.send(sent):
                    acknowledged.add(sent)
                sent += 1
            one.process.kill()
            one.start()
        wait_until(lambda: acknowledged <= one.spans("a") & one.spans("b") & one.counted(), 30,
                   f"what was acknowledged:\n{one.process.tail()}")
        node.wait_calm(lambda: node.read_metrics(one.port), 60)
        self.assertEqual(one.spans("a"), one.spans("b"))
        self.assertEqual(one.spans("a"), one.counted())
        self.assertGreaterEqual(len(acknowledged), 200)

    def test_series_go_on_after_a_stop_and_begin_anew_after_a_kill(self):
        """Scenario: spans are measured; the node is stopped and started, then killed and started.
        Guarantee: after the stop the series goes on with its start and count; after the kill it begins anew with
        a new start."""
        one = self.node()
        for number in range(3):
            self.assertTrue(one.send(number))
        wait_until(lambda: one.calls()[1] == 3, 30, one.process.tail())
        start = one.calls()[0]
        self.assertTrue(one.send(3))
        self.assertEqual(one.process.terminate(30), 0, one.process.tail())
        one.start()
        self.assertTrue(one.send(4))
        wait_until(lambda: one.calls()[1] == 5, 30, one.process.tail())
        self.assertEqual(one.calls()[0], start)
        one.process.kill()
        one.start()
        self.assertTrue(one.send(5))
        wait_until(lambda: one.calls()[1] == 1, 30, one.process.tail())
        self.assertGreater(int(one.calls()[0]), int(start))


if __name__ == "__main__":
    case.main()
