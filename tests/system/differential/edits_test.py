#!/usr/bin/env python3
"""The same requests through Weir's and the Collector's processors, each set of them a pipeline of its own: what
leaves has to be the same, field by field. Attributes are compared as maps: Weir keeps their order, the Collector
does not always.
"""

import http.client
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import case, node, paths  # noqa: E402  (the path comes first)
from support.process import Process, wait_until  # noqa: E402

from differential import edits  # noqa: E402

SEED = 11
ITEMS = 600


class Program:
    """Weir or the Collector in a directory of its own, with the processors of a signal."""

    def __init__(self, command, directory, signal):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.endpoint = f"127.0.0.1:{node.free_port()}"
        self.port = node.free_port()
        path = self.directory / "config.yaml"
        path.write_text(json.dumps(self.configuration(signal)), encoding="utf-8")
        self.process = Process([*command, "--config", path], cwd=self.directory, name=os.path.basename(command[0]))

    def configuration(self, signal):
        processors, pipelines, exporters = {}, {}, {}
        for name, chain in edits.SIGNALS[signal][0].items():
            ids = []
            for processor in chain:
                for kind, options in processor.items():
                    ids.append(f"{kind}_{name}" if "/" in kind else f"{kind}/{name}")
                    processors[ids[-1]] = options
            exporters[f"file/{name}"] = {"path": f"{self.directory}/{name}.json"}
            pipelines[f"{signal}/{name}"] = {"receivers": ["otlp"], "processors": ids, "exporters": [f"file/{name}"]}
        return {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.endpoint}}}},
            "processors": processors, "exporters": exporters,
            "service": {"pipelines": pipelines, "telemetry": {
                "logs": {"level": "error"},
                "metrics": {"readers": [{"pull": {"exporter": {"prometheus": {
                    "host": "127.0.0.1", "port": self.port}}}}]}}},
        }

    def _connected(self):
        connection = http.client.HTTPConnection(self.endpoint, timeout=60)
        try:
            connection.connect()
        except OSError:
            return None
        return connection

    def send(self, signal, requests):
        connection = wait_until(self._connected, 30, f"{self.process.name}:\n{self.process.tail()}")
        for request in requests:
            try:
                connection.request("POST", f"/v1/{signal}", json.dumps(request), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
            except http.client.HTTPException as broken:
                raise AssertionError(f"{self.process.name}:\n{self.process.tail()}") from broken
            if answer.status != 200:
                raise AssertionError(f"{self.process.name} answered {answer.status}: {text}")
        connection.close()

    def items(self, signal, name):
        path = self.directory / f"{name}.json"
        if not path.exists():
            return {}
        return edits.items_of(signal, [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])


class EditsTest(case.SystemTest):
    def check(self, signal):
        requests = edits.requests(signal, SEED, ITEMS)
        programs = [Program([paths.peer("collector")], self.path("theirs"), signal),
                    Program([paths.program("weir"), "run"], self.path("ours"), signal)]
        for program in programs:
            self.addCleanup(program.process.kill)
            program.send(signal, requests)
        ours = programs[1]
        node.wait_calm(lambda: node.read_metrics(ours.port), 60)
        for program in programs:
            self.assertEqual(program.process.terminate(60), 0, program.process.tail())
        sent = edits.items_of(signal, requests)
        for name in edits.SIGNALS[signal][0]:
            with self.subTest(signal=signal, processors=name):
                self.compare(name, sent, *(program.items(signal, name) for program in programs))

    def compare(self, name, sent, theirs, ours):
        changed = sum(1 for key, item in theirs.items() if item != sent[key])
        print(f"{name}: {len(theirs)} of {len(sent)} kept, {changed} changed", flush=True)
        self.assertTrue(changed or len(theirs) < len(sent), "these processors did nothing")
        self.assertEqual(sorted(theirs), sorted(ours))
        for key, expected in theirs.items():
            self.assertEqual(ours[key], expected, f"item {key}, sent as {sent[key]}")

    def test_traces(self):
        """Scenario: made-up spans through attributes, resource, span, redaction and probabilistic_sampler.
        Guarantee: the same spans leave, with the same fields."""
        self.check("traces")

    def test_logs(self):
        """Scenario: made-up log records through the same, bodies of every kind.
        Guarantee: the same."""
        self.check("logs")

    def test_metrics(self):
        """Scenario: metrics of every kind through those that take them.
        Guarantee: the same."""
        self.check("metrics")


if __name__ == "__main__":
    case.main()
