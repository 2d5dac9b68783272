#!/usr/bin/env python3
"""The same requests through Weir's and the Collector's connectors: what comes out has to be the same. The routing
connector is that of the newest Collector that has it in Go's module proxy: a second Collector to be built, so that
part wants WEIR_LONG=1.
"""

import gzip
import http.server
import json
import math
import os
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import case, node, paths  # noqa: E402  (the path comes first)
from support.process import Failed, Process, wait_until  # noqa: E402

from differential import connections, edits, edits_test  # noqa: E402

SEED = 5
ITEMS = 400
AT_ONCE = 4  # Sets of options: each makes all of its series anew every second.


class Sink:
    """Takes OTLP/JSON on /NAME/v1/SIGNAL and keeps the bodies by name."""

    def __init__(self):
        self.bodies = {}
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802  (the library's name)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                name = self.path.split("/")[1]
                sink.bodies.setdefault(name, []).append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:  # The programs are killed while they send.
                    pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def exporter(self, name):
        return {"endpoint": f"http://127.0.0.1:{self.server.server_port}/{name}", "encoding": "json",
                "compression": "none", "sending_queue": {"num_consumers": 1}}

    def of(self, name):
        return list(self.bodies.get(name, []))

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Program(edits_test.Program):
    """Weir or the Collector with connectors; `connectors(sink)` gives connectors, exporters and pipelines."""

    def __init__(self, command, directory, connectors):
        self.sink = Sink()
        self.made = connectors(self.sink)
        super().__init__(command, directory, "traces")

    def configuration(self, signal):
        made_connectors, exporters, pipelines = self.made
        config = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.endpoint, "include_metadata": True}}}},
            "connectors": made_connectors, "exporters": exporters,
            "service": {"pipelines": pipelines, "telemetry": {"logs": {"level": "error"}}},
        }
        if "weir" in str(self.directory):
            config["service"]["telemetry"]["metrics"] = {"readers": [{"pull": {"exporter": {"prometheus": {
                "host": "127.0.0.1", "port": self.port}}}}]}
        else:
            config["service"]["telemetry"]["metrics"] = {"level": "none"}
        return config

    def close(self):
        self.process.kill()
        self.sink.close()


def measuring(kind, sets, signals):
    """A connector of each set of options, fed by a pipeline of each signal."""
    def connectors(sink):
        made, exporters, pipelines = {}, {}, {}
        for name, options in sets.items():
            made[f"{kind}/{name}"] = {**options, **({"metrics_flush_interval": connections.FLUSH}
                                                    if kind == "spanmetrics" else {})}
            exporters[f"otlphttp/{name}"] = sink.exporter(name)
            for signal in signals:
                pipelines[f"{signal}/{name}"] = {"receivers": ["otlp"], "exporters": [f"{kind}/{name}"]}
            pipelines[f"metrics/made_{name}"] = {"receivers": [f"{kind}/{name}"], "exporters": [f"otlphttp/{name}"]}
        return made, exporters, pipelines
    return connectors


def routing(signal, options):
    def connectors(sink):
        names = "abc"
        pipelines = {f"{signal}/{name}": {"receivers": ["routing"], "exporters": [f"otlphttp/{name}"]} for name in names}
        pipelines[f"{signal}/in"] = {"receivers": ["otlp"], "exporters": ["routing"]}
        return {"routing": options}, {f"otlphttp/{name}": sink.exporter(name) for name in names}, pipelines
    return connectors


class ConnectorsTest(case.SystemTest):
    def programs(self, peer, connectors, name=""):
        made = [Program([paths.peer(peer)], self.path(f"theirs{name}"), connectors),
                Program([paths.program("weir"), "run"], self.path(f"weir{name}"), connectors)]
        for program in made:
            self.addCleanup(program.close)
        return made

    def assert_close(self, found, expected, what):
        self.assertEqual(sorted(map(repr, found)), sorted(map(repr, expected)), what)
        for series, numbers in expected.items():
            for key, value in numbers.items():
                same = math.isclose(found[series][key], value, rel_tol=1e-9) if isinstance(value, float) \
                    else found[series][key] == value
                self.assertTrue(same, f"{what}: {series}: {key}: {found[series]}, expected {numbers}")

    def test_spanmetrics(self):
        """Scenario: made-up spans, attributes of every kind, through spanmetrics with every option.
        Guarantee: the same series with the same counts, sums, buckets and exemplars."""
        sets = list(connections.SPANMETRICS)
        for first in range(0, len(sets), AT_ONCE):
            self.check_spanmetrics({name: connections.SPANMETRICS[name] for name in sets[first:first + AT_ONCE]})

    def check_spanmetrics(self, sets):
        requests = connections.requests("traces", SEED, ITEMS)
        programs = self.programs("collector", measuring("spanmetrics", sets, ["traces"]), "-".join(sets))
        for program in programs:
            program.send("traces", requests)
        for name in sets:
            theirs, ours = [self.measured(program, name) for program in programs]
            with self.subTest(options=name):
                print(f"{name}: {len(theirs)} series", flush=True)
                self.assert_close(ours, theirs, name)
                self.assertGreater(len(theirs), 1)
        if "exemplars" in sets:
            theirs, ours = [connections.exemplars(program.sink.of("exemplars")) for program in programs]
            self.assertEqual(ours, theirs)
            self.assertGreater(sum(map(len, theirs.values())), ITEMS / 2)
        for program in programs:
            program.close()

    def measured(self, program, name):
        """The series once they hold everything: one of calls begins with 0 and has its number with the next flush."""
        def calls():
            bodies = program.sink.of(name)
            points = connections.last_points(bodies if name == "delta" else bodies[-2:])
            return sum(numbers["asInt"] for series, numbers in points.items() if series[2].endswith("calls"))
        before = len(program.sink.of(name))
        wait_until(lambda: (len(program.sink.of(name)) > before + 2 or name == "delta") and calls() > 0, 60,
                   f"{name}: {program.process.tail()}")
        return connections.last_points(program.sink.of(name))

    def test_count(self):
        """Scenario: made-up spans, metrics and log records through count, with conditions and attributes.
        Guarantee: the same data points with the same times."""
        signals = ["traces", "metrics", "logs"]
        theirs, ours = self.programs("collector", measuring("count", connections.COUNT, signals))
        for program in (theirs, ours):
            for signal in signals:
                program.send(signal, connections.requests(signal, SEED, ITEMS))
        for name in connections.COUNT:
            def points(name=name):
                return [connections.all_points(program.sink.of(name)) for program in (theirs, ours)]
            # How much the whole of it is neither says: once both are the same, or for as long as that may take.
            wait_for_same(points)
            with self.subTest(options=name):
                expected, found = points()
                print(f"{name}: {len(expected)} points", flush=True)
                self.assertGreater(len(expected), 1)
                self.assertEqual(found, expected)

    def check_routing(self, signal):
        for name, options in connections.ROUTING[signal].items():
            requests = connections.requests(signal, SEED, ITEMS)
            theirs, ours = self.programs("routing", routing(signal, options), f"-{signal}-{name}")
            for program in (theirs, ours):
                program.send(signal, requests)
            node.wait_calm(lambda o=ours: node.read_metrics(o.port), 60)
            for program in (theirs, ours):
                self.assertEqual(program.process.terminate(60), 0, program.process.tail())
            with self.subTest(signal=signal, options=name):
                got = []
                for pipeline in "abc":
                    found = [repr(sorted(points_of(signal, p.sink.of(pipeline)))) for p in (theirs, ours)]
                    got.append(len(points_of(signal, theirs.sink.of(pipeline))))
                    self.assertEqual(found[1], found[0], f"{signal} {name} to {pipeline}")
                print(f"{signal} {name}: {got}", flush=True)
                self.assertGreater(sum(1 for n in got if n), 1, "everything went one way")

    @case.takes_minutes
    def test_routing_traces(self):
        """Scenario: made-up spans through tables of routes.
        Guarantee: each pipeline gets the same spans."""
        self.check_routing("traces")

    @case.takes_minutes
    def test_routing_logs(self):
        """Scenario: made-up log records through tables of routes.
        Guarantee: each pipeline gets the same records."""
        self.check_routing("logs")

    @case.takes_minutes
    def test_routing_metrics(self):
        """Scenario: metrics of every kind through tables of routes.
        Guarantee: each pipeline gets the same metrics with the same data points."""
        self.check_routing("metrics")


def wait_for_same(points, seconds=20):
    """Until both lists are the same, at most so long: who compares them says how they differ."""
    def same():
        first, second = points()
        return len(first) > 0 and first == second
    try:
        wait_until(same, seconds, "both to be the same")
    except Failed:
        pass


def points_of(signal, bodies):
    """Every item with what it belongs to, as text."""
    _, resources, scopes, items, _ = edits.SIGNALS[signal]
    return [repr(connections.freeze((edits.plain(resource.get("resource", {})), edits.plain(scope.get("scope", {})),
                                     edits.plain(item))))
            for body in bodies for resource in body.get(resources, []) for scope in resource.get(scopes, [])
            for item in scope.get(items, [])]


if __name__ == "__main__":
    case.main()
