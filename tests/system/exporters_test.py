#!/usr/bin/env python3
"""Exporters against the OpenTelemetry Collector's: the same requests, the same texts and files."""

import json
import pathlib
import struct
import subprocess
import urllib.error
import urllib.request

from support import case, node, paths, telemetry
from support.process import Process, wait_until

DEBUG = {f"debug/{verbosity}": {"verbosity": verbosity, "use_internal_logger": False}
         for verbosity in ("basic", "normal", "detailed")}
FILES = {"file/json": {}, "file/proto": {"format": "proto"}, "file/json-zstd": {"compression": "zstd"},
         "file/proto-zstd": {"format": "proto", "compression": "zstd"}}
SIGNALS = ("traces", "metrics", "logs")
# A message of each signal a line, in this order, as hexadecimal; out come their fields as JSON.
DECODE = """
import json, sys
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
kinds = [TracesData, MetricsData, LogsData]
print(json.dumps([MessageToDict(kind.FromString(bytes.fromhex(line.strip()))) for kind, line in zip(kinds, sys.stdin)]))
"""


def post(endpoint, signal, body):
    request = urllib.request.Request(f"http://{endpoint}/v1/{signal}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def listening(endpoint, process):
    def probe():
        if not process.running():
            raise AssertionError(process.tail())
        try:
            post(endpoint, "traces", {})
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True
    return probe


def records(data):
    """What stands behind four bytes of length, big-endian."""
    found = []
    while data:
        size, = struct.unpack(">I", data[:4])
        assert len(data) >= 4 + size, "the last record is cut"
        found.append(data[4:4 + size])
        data = data[4 + size:]
    return found


def unpacked(record):
    return subprocess.run(["zstd", "-dc"], input=record, stdout=subprocess.PIPE, check=True).stdout


class ExportersTest(case.SystemTest):
    def configuration(self, name, endpoint):
        """A file that both take, and the directory that its exporters write to."""
        out = pathlib.Path(self.path(name))
        out.mkdir()
        exporters = {key: {**options, "output_paths": [str(out / key.replace("/", "-"))]}
                     for key, options in DEBUG.items()}
        exporters |= {key: {**options, "path": str(out / key.replace("/", "-")), "flush_interval": "10ms"}
                      for key, options in FILES.items()}
        return out, {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": endpoint}}}},
            "exporters": exporters,
            "service": {
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {signal: {"receivers": ["otlp"], "exporters": list(exporters)} for signal in SIGNALS}}}

    def run_one(self, name, command, extra=None):
        """Sends one request of each signal through a program, each when the one before has left it."""
        endpoint = f"127.0.0.1:{node.free_port()}"
        out, config = self.configuration(name, endpoint)
        config |= extra or {}
        path = pathlib.Path(self.path(f"{name}.yaml"))
        path.write_text(json.dumps(config), encoding="utf-8")
        with Process([*command, "--config", str(path)], name=name) as process:
            wait_until(listening(endpoint, process), 30, f"{name} to listen")
            for signal in SIGNALS:
                before = self.sizes(out)
                self.assertEqual(post(endpoint, signal, telemetry.ALL[signal]()), 200)
                wait_until(lambda: all(size > before.get(file, 0) for file, size in self.sizes(out).items())
                           and len(self.sizes(out)) == len(DEBUG) + len(FILES), 20,
                           f"{name} to write {signal}: {self.sizes(out)}\n{process.tail()}", every=0.02)
            self.assertEqual(process.terminate(), 0, process.tail())
        return out

    @staticmethod
    def sizes(directory):
        return {file.name: file.stat().st_size for file in directory.iterdir()}

    def both(self):
        ours = self.run_one("weir", [paths.program("weir"), "run"],
                            {"storage": {"directory": self.path("data")}})
        return ours, self.run_one("collector", [paths.peer("collector")])

    def test_output_is_the_collectors(self):
        """Scenario: requests of all three signals, with values of every type, special numbers and broken lines,
        through `debug` at every verbosity and `file` in every format.
        Guarantee: the debug texts are the Collector's, byte for byte; files have the same framing and, read
        back, the same content."""
        ours, theirs = self.both()
        for key in DEBUG:
            name = key.replace("/", "-")
            mine = (ours / name).read_text(encoding="utf-8")
            self.assertIn("größer", mine + "größer" * (key == "debug/basic"))
            self.assertEqual(mine.split("\n"), (theirs / name).read_text(encoding="utf-8").split("\n"), key)
        for key in FILES:
            name = key.replace("/", "-")
            mine, other = (self.content(key, (side / name).read_bytes()) for side in (ours, theirs))
            self.assertEqual(len(mine), len(SIGNALS))
            self.assertEqual(mine, other, key)

    @staticmethod
    def content(key, data):
        """The requests in a file as objects, protobuf read by a decoder of others."""
        if key == "file/json":
            return [clean(json.loads(line)) for line in data.decode().split("\n") if line]
        found = records(data)
        if key.endswith("zstd"):
            found = [unpacked(record) for record in found]
        if "json" in key:
            return [clean(json.loads(record)) for record in found]
        done = subprocess.run([paths.peer("client-python"), "-c", DECODE], text=True, stdout=subprocess.PIPE,
                              input="\n".join(record.hex() for record in found), check=True)
        return clean(json.loads(done.stdout))


def clean(of):
    """Without what the Collector writes although it says nothing: empty messages, lists, zeros, empty texts."""
    if isinstance(of, dict):
        cleaned = {key: clean(item) for key, item in of.items()}
        keeps = {"stringValue", "boolValue", "intValue", "doubleValue", "bytesValue", "arrayValue", "kvlistValue",
                 "asInt", "asDouble", "sum", "min", "max"}
        return {key: item for key, item in cleaned.items()
                if key in keeps or item not in ({}, [], "", 0, "0", None, False)}
    if isinstance(of, list):
        return [clean(item) for item in of]
    return float(of) if isinstance(of, int) and not isinstance(of, bool) else of


if __name__ == "__main__":
    case.main()
