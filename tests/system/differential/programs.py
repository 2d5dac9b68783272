"""The whole Weir program and the Collector, side by side: configured, sent to, waited for."""

import json
import os
import pathlib

from support import node
from support.process import Process, wait_until

from . import collector

REMEMBERED = {"sampled_cache_size": 100_000, "non_sampled_cache_size": 100_000}
DECIDED = "otelcol_processor_tail_sampling_global_count_traces_sampled"


def configuration(policies, decision_wait):
    """A file that both take, with the places of each in variables; `policies` as in policies.EXACT."""
    remembering = {name: (chosen, {**options, "decision_cache": REMEMBERED})
                   for name, (chosen, options) in policies.items()}
    config = collector.configuration("${env:ENDPOINT}", remembering, "${env:DIRECTORY}", decision_wait)
    config["service"]["telemetry"] = {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {
        "host": "127.0.0.1", "port": "${env:METRICS_PORT}"}}}}]}, "logs": {"level": "warn"}}
    return config


class Program:
    """Weir or the Collector in a directory of its own."""

    def __init__(self, command, directory, config):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        path = self.directory / "config.yaml"
        path.write_text(json.dumps(config), encoding="utf-8")
        self.port = node.free_port()
        endpoint = f"127.0.0.1:{node.free_port()}"
        self.client = collector.Client(endpoint)
        self.process = Process(
            [*command, "--config", path], cwd=self.directory, name=os.path.basename(command[0]),
            env={"ENDPOINT": endpoint, "DIRECTORY": str(self.directory), "METRICS_PORT": str(self.port)})

    def metrics(self):
        return node.read_metrics(self.port)

    def file(self, name):
        """What the pipeline of these policies has written."""
        return self.directory / f"{name}.json"

    def send(self, requests):
        took = self.client.send(requests, self.process)
        print(f"{self.process.name}: {len(requests)} requests in {took:.1f} s", flush=True)
        return took


def wait_decided(decisions, theirs, ours):
    """Until so many traces, counted in each pipeline, are decided, and everything has left."""
    wait_until(lambda: _decided(theirs) == decisions, 60, "the Collector to decide")
    wait_until(lambda: sum(ours.metrics().get("weir_window_decided_traces_total", {}).values()) >= decisions,
               60, "Weir to decide")
    wait_until(lambda: not any(sum(ours.metrics().get(name, {}).values()) for name in node.AT_REST), 60,
               "Weir to come to rest")


def _decided(program):
    now = program.metrics()
    return sum(sum(now.get(name, {}).values()) for name in (DECIDED, DECIDED + "_total"))
