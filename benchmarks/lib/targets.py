"""The systems that are measured: each takes OTLP/gRPC in and sends it to a sink, nothing packed on the wire.

A target is a context manager with `processes` and `endpoints`, which a load is spread over, and `drained()`. What is
one process has `process` and `endpoint`.
"""

import contextlib
import pathlib
import socket
import time

from support import node, paths
from support.process import Process, wait_until

POLICIES = node.SAMPLING["mixed"]
KEEP_ALL = node.SAMPLING["keep-all"]


# Of the Collector.
QUEUE = {"num_consumers": 10, "queue_size": 100000, "block_on_overflow": True}
DURABLE = {"storage": "file_storage", "batch": {"flush_timeout": "200ms", "min_size": 8192, "sizer": "items"}}
BATCH = {"batch": {"send_batch_size": 8192, "timeout": "200ms"}}


def tail_sampling(policies, wait):
    return {"tail_sampling": {"decision_wait": wait, "num_traces": 5_000_000, "policies": policies}}


def collector_file(directory, endpoint, processors, exporter, options):
    """Writes the configuration of a Collector that takes OTLP/gRPC in there; its path."""
    directory = pathlib.Path(directory)
    (directory / "queue").mkdir(parents=True)
    storage = options["sending_queue"].get("storage")
    lines = [f"receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{endpoint}', max_recv_msg_size_mib: 64}}}}}}}}",
             f"processors: {node.flow(processors)}",
             f"exporters: {{{exporter}: {node.flow(options)}}}",
             f"extensions: {{file_storage: {{directory: {directory / 'queue'}, fsync: true}}}}",
             "service:",
             "  telemetry: {metrics: {level: none}, logs: {level: warn}}",
             f"  extensions: {node.flow([storage] if storage else [])}",
             f"  pipelines: {{traces: {{receivers: [otlp], processors: {node.flow(list(processors))}, "
             f"exporters: [{exporter}]}}}}"]
    path = directory / "collector.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Single:
    """A system that is one process."""

    @property
    def processes(self):
        return [self.process]

    @property
    def endpoints(self):
        return [self.endpoint]


class Weir(Single):
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


class Collector(Single):
    """The OpenTelemetry Collector.

    policies: for tail_sampling; None: pass-through.
    durable: its sending queue on disk, fsynced; else in memory.
    batching: a batch processor behind tail_sampling, so that the queue syncs seldom.
    processors: further ones by name, in front of tail_sampling, with the options that a node is given.
    """

    name = "collector"

    def __init__(self, directory, sink, policies=None, durable=False, batching=False, wait="2s",
                 processors=None):
        self.endpoint, self.wait_s = f"127.0.0.1:{node.free_port()}", float(wait.rstrip("s"))
        queue = dict(QUEUE)
        if durable:
            queue |= DURABLE
        processors = dict(processors or {})
        if policies:
            processors |= tail_sampling(policies, wait)
        if batching:
            processors |= BATCH
        self._config = collector_file(directory, self.endpoint, processors, "otlp", {
            "endpoint": sink, "tls": {"insecure": True}, "compression": "none", "sending_queue": queue})
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        self.process = self._stack.enter_context(
            Process([paths.peer("collector"), "--config", self._config], name="collector"))
        wait_for_port(self.process, self.endpoint)
        return self

    def __exit__(self, *_):
        self._stack.close()

    def drained(self):
        return computes_no_more(self.processes, self.wait_s + 2)


class Relay(Single):
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


def wait_for_port(process, endpoint):
    def answers():
        host, port = endpoint.rsplit(":", 1)
        with socket.socket() as probe:
            if not process.running():
                raise RuntimeError(process.tail())
            return probe.connect_ex((host, int(port))) == 0
    wait_until(answers, 30, f"{process.name} to listen")


def computes_no_more(processes, seconds):
    """The Collector says nothing about what it holds: it is at rest when it has stopped to compute for so long."""
    before = sum(each.cpu_seconds() for each in processes)
    time.sleep(seconds)
    return sum(each.cpu_seconds() for each in processes) - before < 0.05 * seconds * len(processes)
