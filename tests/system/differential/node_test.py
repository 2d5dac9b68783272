#!/usr/bin/env python3
"""The same file into the whole Weir program and into the Collector, and the same requests into both: what
leaves them has to be the same, trace by trace and span by span, those included that come after the decision.
"""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import case, node, paths  # noqa: E402  (the path comes first)
from support.process import Process, wait_until  # noqa: E402

from differential import collector, policies, traffic  # noqa: E402

SEED = 7
TRACES = 1500
LEAST = 50   # traces that each set of policies has to keep, and to leave, of those decided before
WAIT_S = 8   # decision_wait: the spans of a trace are sent well within it
CHOSEN = ["mixed", "mixed_first_match", "mixed_all", "errors", "latency", "probabilistic", "string_regex",
          "numeric", "boolean", "span_count", "trace_state", "and_not", "drop"]
REMEMBERED = {"sampled_cache_size": 100_000, "non_sampled_cache_size": 100_000}
DECIDED = "otelcol_processor_tail_sampling_global_count_traces_sampled"


class Program:
    """Weir or the Collector in a directory of its own, configured by the file that both take."""

    def __init__(self, command, directory, config):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        path = self.directory / "config.yaml"
        path.write_text(config, encoding="utf-8")
        self.port = node.free_port()
        endpoint = f"127.0.0.1:{node.free_port()}"
        self.client = collector.Client(endpoint)
        self.process = Process(
            [*command, "--config", path], cwd=self.directory, name=os.path.basename(command[0]),
            env={"ENDPOINT": endpoint, "DIRECTORY": str(self.directory), "METRICS_PORT": str(self.port)})

    def metrics(self):
        return node.read_metrics(self.port)

    def kept(self):
        """By name of the policies: spans by trace id."""
        return {name: collector.kept(self.directory / f"{name}.json") for name in CHOSEN}


class NodeTest(case.SystemTest):
    def test_what_leaves_is_the_same(self):
        """Scenario: made-up traces through each set of policies, a pipeline each behind one receiver; when all
        are decided, another span of each trace, that most policies would keep by itself, and more traces.
        Guarantee: the same traces leave, with as many spans; each set of policies keeps and leaves fifty or
        more."""
        config = self.configuration()
        theirs = self.program([paths.peer("collector")], "theirs", config)
        ours = self.program([paths.program("weir"), "run"], "ours", config)
        early, fresh = traffic.mixed(SEED, TRACES), traffic.mixed(SEED + 1, TRACES)
        late, spans = traffic.late(early)
        self.send(early, theirs, ours)
        self.wait_decided(TRACES, theirs, ours)
        self.send(late + fresh, theirs, ours)
        self.wait_decided(2 * TRACES, theirs, ours)
        for each in (theirs, ours):
            self.assertEqual(each.process.terminate(60), 0, each.process.tail())
        expected, got = theirs.kept(), ours.kept()
        for name in CHOSEN:
            with self.subTest(policies=name):
                self.compare(name, expected[name], got[name])
                followed = {trace: count for trace, count in got[name].items() if trace in spans}
                self.assertGreaterEqual(len(followed), LEAST)
                self.assertGreaterEqual(TRACES - len(followed), LEAST)
                self.assertEqual(followed, {trace: spans[trace] + 1 for trace in followed})

    def compare(self, name, expected, got):
        print(f"{name}: {len(expected)} of {2 * TRACES} traces kept, {sum(expected.values())} spans", flush=True)
        missing, extra = sorted(expected.keys() - got.keys()), sorted(got.keys() - expected.keys())
        self.assertEqual((missing[:5], extra[:5]), ([], []), f"{len(missing)} missing, {len(extra)} extra")
        self.assertEqual(got, expected)

    @staticmethod
    def configuration():
        chosen = {name: (policies.EXACT[name][0], {**policies.EXACT[name][1], "decision_cache": REMEMBERED})
                  for name in CHOSEN}
        config = collector.configuration("${env:ENDPOINT}", chosen, "${env:DIRECTORY}", f"{WAIT_S}s")
        config["service"]["telemetry"] = {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {
            "host": "127.0.0.1", "port": "${env:METRICS_PORT}"}}}}]}, "logs": {"level": "warn"}}
        return json.dumps(config)

    def program(self, command, name, config):
        started = Program(command, self.path(name), config)
        self.addCleanup(started.process.kill)
        return started

    def send(self, requests, *programs):
        for each in programs:
            took = each.client.send(requests, each.process)
            print(f"{each.process.name}: {len(requests)} requests in {took:.1f} s", flush=True)
            self.assertLess(took, WAIT_S, "too slow for this decision_wait")

    def wait_decided(self, traces, theirs, ours):
        """Until so many traces are decided in every pipeline, and everything has left."""
        wait_until(lambda: self.decisions(theirs) == traces * len(CHOSEN), 60, "the Collector to decide")
        wait_until(lambda: sum(ours.metrics().get("weir_window_decided_traces_total", {}).values())
                   >= traces * len(CHOSEN), 60, "Weir to decide")
        wait_until(lambda: not any(sum(ours.metrics().get(name, {}).values()) for name in node.AT_REST), 60,
                   "Weir to come to rest")

    @staticmethod
    def decisions(program):
        now = program.metrics()
        return sum(sum(now.get(name, {}).values()) for name in (DECIDED, DECIDED + "_total"))


if __name__ == "__main__":
    case.main()
