"""The systems that are measured: each takes OTLP/gRPC in and sends it to a sink, nothing packed on the wire.

A target is a context manager with `process`, `endpoint`, and `drained()`.
"""

import contextlib
import pathlib
import time

from support import node, paths
from support.process import Process, wait_until

POLICIES = node.SAMPLING["mixed"]
KEEP_ALL = node.SAMPLING["keep-all"]


class Weir:
    """This project's node."""

    name = "weir"

    def __init__(self, directory, sink, env=None, **options):
        # Its own retries must not hide in the figures, its requests are those of the batch it is given.
        self.node = node.Node(directory, sink, env=env, **options)

    def __enter__(self):
        self.node.start()
        return self

    def __exit__(self, *_):
        self.node.kill()

    @property
    def process(self):
        return self.node.process

    @property
    def endpoint(self):
        return self.node.grpc

    def drained(self):
        self.node.wait_at_rest(600)
        return True


class Collector:
    """The OpenTelemetry Collector.

    policies: for tail_sampling; None: pass-through.
    durable: its sending queue on disk, fsynced; else in memory.
    batching: a batch processor behind tail_sampling, so that the queue syncs seldom.
    processors: further ones by name, in front of tail_sampling, with the options that a node is given.
    """

    name = "collector"

    def __init__(self, directory, sink, policies=None, durable=False, batching=False, wait="2s",
                 processors=None):
        directory = pathlib.Path(directory)
        (directory / "queue").mkdir(parents=True)
        port, self.wait_s = node.free_port(), float(wait.rstrip("s"))
        self.endpoint = f"127.0.0.1:{port}"
        queue = {"num_consumers": 10, "queue_size": 100000, "block_on_overflow": True}
        if durable:
            queue |= {"storage": "file_storage",
                      "batch": {"flush_timeout": "200ms", "min_size": 8192, "sizer": "items"}}
        processors = dict(processors or {})
        if policies:
            processors["tail_sampling"] = {"decision_wait": wait, "num_traces": 5_000_000, "policies": policies}
        if batching:
            processors["batch"] = {"send_batch_size": 8192, "timeout": "200ms"}
        lines = [f"receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{self.endpoint}', "
                 "max_recv_msg_size_mib: 64}}}}"]
        export = {"endpoint": sink, "tls": {"insecure": True}, "compression": "none", "sending_queue": queue}
        lines += [
            f"processors: {node.flow(processors)}",
            f"exporters: {{otlp: {node.flow(export)}}}",
            f"extensions: {{file_storage: {{directory: {directory / 'queue'}, fsync: true}}}}",
            "service:",
            "  telemetry: {metrics: {level: none}, logs: {level: warn}}",
            f"  extensions: {node.flow(['file_storage'] if durable else [])}",
            f"  pipelines: {{traces: {{receivers: [otlp], processors: {node.flow(list(processors))}, "
            "exporters: [otlp]}}",
        ]
        self._config = directory / "collector.yaml"
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        self.process = self._stack.enter_context(
            Process([paths.peer("collector"), "--config", self._config], name="collector"))
        _wait_for_port(self)
        return self

    def __exit__(self, *_):
        self._stack.close()

    def drained(self):
        """It says nothing about what it holds: it is at rest when it has stopped to compute."""
        before = self.process.cpu_seconds()
        time.sleep(self.wait_s + 2)
        return self.process.cpu_seconds() - before < 0.05 * (self.wait_s + 2)


class Relay:
    """The same path without logic, as gRPC C++ does it."""

    name = "relay"

    def __init__(self, directory, sink, gather_ms=5):
        self._command = [paths.program("weir-relay"), "--next", sink, "--store", f"{directory}/relay",
                         "--gather", gather_ms]
        pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        self.process = self._stack.enter_context(Process(self._command, name="relay"))
        line = self.process.wait_for_line(lambda text: text.startswith("listening on "))
        self.endpoint = line.removeprefix("listening on ")
        return self

    def __exit__(self, *_):
        self._stack.close()

    def drained(self):
        before = self.process.cpu_seconds()
        time.sleep(0.5)
        return self.process.cpu_seconds() - before < 0.02


def _wait_for_port(target):
    import socket

    def answers():
        host, port = target.endpoint.rsplit(":", 1)
        with socket.socket() as probe:
            if not target.process.running():
                raise RuntimeError(target.process.tail())
            return probe.connect_ex((host, int(port))) == 0
    wait_until(answers, 30, f"{target.name} to listen")
