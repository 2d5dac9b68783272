"""Rows about connectors: the same ones on both sides, fed with every span."""

import contextlib
import functools
import json
import pathlib
import time

from support import node, paths
from support.process import Process, wait_until

from . import measure
from .throughput import compare

SPANMETRICS = {
    "histogram": {"explicit": {"buckets": ["2ms", "10ms", "50ms", "100ms", "500ms", "1s", "5s"]}},
    "dimensions": [{"name": "http.method", "default": "GET"}, {"name": "peer.service"}],
    "metrics_flush_interval": "5s",
}


class Measuring:
    """Weir or the Collector: spans go to spanmetrics alone, and its metrics to nowhere."""

    def __init__(self, name, command, directory, _):
        self.name = name
        directory = pathlib.Path(directory) / name
        directory.mkdir(parents=True)
        self.endpoint = f"127.0.0.1:{node.free_port()}"
        config = {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": self.endpoint, "max_recv_msg_size_mib": 64}}}},
            "connectors": {"spanmetrics": SPANMETRICS}, "exporters": {"nop": {}},
            "service": {"telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["spanmetrics"]},
                                      "metrics": {"receivers": ["spanmetrics"], "exporters": ["nop"]}}},
        }
        if name == "weir":
            config["storage"] = {"directory": str(directory / "data")}
        self._config = directory / "config.yaml"
        self._config.write_text(json.dumps(config), encoding="utf-8")
        self._command = [*command, "--config", self._config]
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        self.process = self._stack.enter_context(Process(self._command, name=self.name))
        wait_until(self._listens, 30, f"{self.name} to listen")
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _listens(self):
        import socket
        host, port = self.endpoint.rsplit(":", 1)
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def drained(self):
        before = self.process.cpu_seconds()
        time.sleep(1)
        return self.process.cpu_seconds() - before < 0.1


def spanmetrics(seconds):
    """Spans per CPU-second through spanmetrics, saturated and at the same rate."""
    weir = functools.partial(Measuring, "weir", [paths.program("weir"), "run"])
    collector = functools.partial(Measuring, "collector", [paths.peer("collector")])
    rows = []
    for rate, name in ((0, "both saturated"), (20_000, "same offered rate")):
        offered = measure.Load(rate, seconds)
        rows.append(compare(f"spanmetrics of every span against the Collector's, {name}", ">= 8x",
                            measure.measure(weir, offered), measure.measure(collector, offered)))
    return rows
