"""A Weir node of its own directory, configured by a template of the Collector's YAML."""

import pathlib
import re
import urllib.error
import urllib.request

from . import paths
from .ports import free_port
from .process import Failed, Process, wait_until

SAMPLING = {
    "keep-all": [{"name": "all", "type": "always_sample"}],
    "mixed": [
        {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
        {"name": "slow", "type": "latency", "latency": {"threshold_ms": 500}},
        {"name": "tenth", "type": "probabilistic", "probabilistic": {"sampling_percentage": 10}},
    ],
}


AT_REST = ("weir_ledger_unsettled_items", "weir_ledger_unappended_items", "weir_ledger_undelivered_items",
           "weir_journal_open_slots", "weir_window_spans", "otelcol_exporter_queue_size",
           "otelcol_exporter_in_flight_requests")


def flow(value):
    """A value as YAML in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def config(directory, sink, policies=None, wait="2s", ports=None, sampling=None, storage=None,
           exporter=None, limits=None, processors=None, host="127.0.0.1", **blocks):
    """The YAML of a node that takes OTLP in on free ports and sends to `sink`.

    policies: a list for tail_sampling; None: a pipeline without it.
    host: the address where it listens.
    processors: others by name, in front of it; their options as a mapping or as YAML in flow style.
    sampling, storage, exporter, limits (of the service): further keys of these blocks.
    blocks: further ones, by name.
    """
    ports = ports or {"health": free_port(), "metrics": free_port()}
    processors = dict(processors or {})
    if policies:
        processors["tail_sampling"] = {"decision_wait": wait, "policies": policies}
    export = {"endpoint": sink, "tls": {"insecure": True}, "compression": "none",
              "retry_on_failure": {"initial_interval": "200ms", "max_interval": "1s",
                                   "max_elapsed_time": 0}, **(exporter or {})}
    lines = [
        "receivers:",
        "  otlp:",
        "    protocols:",
        f"      grpc: {{endpoint: {host}:{free_port()}, max_recv_msg_size_mib: 16}}",
        f"      http: {{endpoint: {host}:{free_port()}}}",
        f"exporters: {{otlp: {flow(export)}}}",
        f"extensions: {{health_check: {{endpoint: {host}:{ports['health']}}}}}",
        "service:",
        f"  limits: {flow(limits or {})}",
        "  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: "
        f"{{host: {host}, port: {ports['metrics']}}}}}}}}}]}}}}",
        "  extensions: [health_check]",
        "  pipelines:",
        f"    traces: {{receivers: [otlp], processors: {flow(list(processors))}, exporters: [otlp]}}",
        f"storage: {flow({'directory': directory, **(storage or {})})}",
    ]
    if processors:
        lines.append(f"processors: {flow(processors)}")
    if sampling:
        lines.append(f"sampling: {flow(sampling)}")
    lines += [f"{name}: {flow(block)}" for name, block in blocks.items()]
    return "\n".join(lines) + "\n", ports


class Node:
    """A node that can be killed and started again on its directory."""

    program = "weir"
    host = "127.0.0.1"
    prefix = ()

    def __init__(self, directory, sink, env=None, program="weir", host="127.0.0.1", prefix=(), **options):
        """prefix: a command that runs the program's, and is gone once it does."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.env = env
        self.program = program
        self.host = host
        self.prefix = prefix
        text, self.ports = config(self.directory / "data", sink, host=host, **options)
        self._config = self.directory / "weir.yaml"
        self._config.write_text(text, encoding="utf-8")
        self.process = None
        self.endpoints = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self, seconds=30):
        """Starts it and waits until it takes clients. With the first start it gets ports, which it keeps."""
        if not self.endpoints:
            self._pin_ports()
        self.begin()
        self.process.wait_for_line(lambda line: re.search(r'\bready("})?$', line), seconds)
        self.endpoints = [match.group(1) for line in self.process.lines
                          if (match := re.search(r"listening on (\S+:\d+)", line))]
        self.wait_ready(seconds)
        return self

    def begin(self):
        """Starts it, and waits for nothing."""
        self.process = Process([*self.prefix, paths.program(self.program), "run", "--config", self._config],
                               env=self.env, name="weir")

    def _pin_ports(self):
        """Puts ports in place of 0: what the system gives could be another's before the next start."""
        self.write_text(re.sub(r"\b127\.0\.0\.1:0\b", lambda _: f"127.0.0.1:{free_port()}", self.config_text()))

    def wait_ready(self, seconds=30):
        def ready():
            if not self.process.running():
                raise Failed(f"weir ended:\n{self.process.tail()}")
            return self.health("/ready") == 200
        wait_until(ready, seconds, "the node to be ready")

    @property
    def config(self):
        return self._config

    def config_text(self):
        return self._config.read_text(encoding="utf-8")

    def write_text(self, text):
        self._config.write_text(text, encoding="utf-8")

    @property
    def grpc(self):
        return self.endpoints[0]

    @property
    def http(self):
        return self.endpoints[1]

    def health(self, page="/"):
        """The status of a health page; 0: nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.ports['health']}{page}", timeout=5) as got:
                return got.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def metrics(self):
        """The metrics page: {name: {labels as text: value}}."""
        return read_metrics(self.ports["metrics"], self.host)

    def metric(self, name, containing=""):
        """Sum of a metric's series whose labels contain a text; 0 where there is none."""
        return sum(value for labels, value in self.metrics().get(name, {}).items() if containing in labels)

    def wait_at_rest(self, seconds=120):
        """Until the journal is read back and nothing waits any more: no window, nothing to send."""
        self.process.wait_for_line(lambda line: "the journal is read back" in line, seconds)
        wait_calm(self.metrics, seconds)

    def kill(self):
        if self.process:
            self.process.kill()

    def terminate(self, seconds=60):
        return self.process.terminate(seconds)


def wait_calm(metrics, seconds, names=AT_REST):
    """Until what `metrics()` gives says four times in a row that nothing waits any more."""
    calm = 0

    def at_rest():
        nonlocal calm
        now = metrics()
        busy = any(sum(now.get(name, {}).values()) for name in names)
        calm = 0 if busy else calm + 1
        return calm >= 4  # gauges follow what they count after a moment
    wait_until(at_rest, seconds, "the node to come to rest", every=0.25)


def read_metrics(port, host="127.0.0.1"):
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as got:
        return parse_metrics(got.read().decode())


def parse_metrics(page):
    result = {}
    for line in page.splitlines():
        match = re.fullmatch(r"([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)", line)
        if match and not line.startswith("#"):
            result.setdefault(match.group(1), {})[match.group(2) or ""] = float(match.group(3))
    return result
