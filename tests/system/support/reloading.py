"""A node whose configuration is a value that a test changes, for reloads and restarts with another file."""

import json
import pathlib
import signal
import subprocess

from . import node, paths
from .process import wait_until
from .wire import attribute, post, request, span

WAIT_S = 3


def keep(value):
    """A policy that keeps the traces with this value of `team`."""
    return {"name": f"team-{value}", "type": "string_attribute",
            "string_attribute": {"key": "team", "values": [value]}}


def weir(*arguments, seconds=60):
    """Runs a command of weir: (exit code, what it said)."""
    done = subprocess.run([paths.program("weir"), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False)
    return done.returncode, done.stdout


class ReloadNode(node.Node):
    """A node whose configuration is a value: {pipeline: (processors, exporters)} and policies by sampler."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.env = self.process = None
        self.endpoints = []
        self.ports = {"health": node.free_port(), "metrics": node.free_port()}
        self.grpc_port, self.http_port = node.free_port(), node.free_port()
        self._config = self.directory / "weir.yaml"
        self.pipelines = {"traces": (["tail_sampling"], ["file/a"])}
        self.policies = {"tail_sampling": [keep("blue")]}
        self.waits = {}  # by sampler; the others: WAIT_S
        self.options = {}  # further ones, by sampler
        self.more = {}
        self.write()

    def write(self, **more):
        """Writes the file; `more` are top-level keys beside, or instead of, the usual ones."""
        exporters = {name for _, names in self.pipelines.values() for name in names}
        whole = {
            "receivers": {"otlp": {"protocols": {
                "grpc": {"endpoint": f"127.0.0.1:{self.grpc_port}"},
                "http": {"endpoint": f"127.0.0.1:{self.http_port}"}}}},
            "processors": {name: {"decision_wait": self.waits.get(name, f"{WAIT_S}s"), "policies": policies,
                                  **self.options.get(name, {})}
                           for name, policies in self.policies.items()},
            "exporters": {name: {"path": self.file(name), "append": "true"} for name in exporters},
            "extensions": {"health_check": {"endpoint": f"127.0.0.1:{self.ports['health']}"}},
            "service": {
                "extensions": ["health_check"],
                "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {
                    "host": "127.0.0.1", "port": self.ports["metrics"]}}}}]}},
                "pipelines": {name: {"receivers": ["otlp"], "processors": processors, "exporters": names}
                              for name, (processors, names) in self.pipelines.items()}},
            "storage": {"directory": self.directory / "data"},
            **more}
        self._config.write_text("\n".join(f"{key}: {node.flow(value)}" for key, value in whole.items()) + "\n",
                                encoding="utf-8")

    def reload(self):
        """By the command: (exit code, what it said)."""
        return weir("reload", "--config", self._config)

    def hang_up(self):
        """By the signal; waits until the node says that it is done."""
        seen = len(self.process.lines)
        self.process.signal(signal.SIGHUP)
        last = ("the configuration is reloaded", "nothing was changed", "nothing to change")
        wait_until(lambda: any(text in line for line in self.process.lines[seen:] for text in last), 30,
                   "the reload to end")
        return self.process.lines[seen:]

    def file(self, exporter):
        return self.directory / (exporter.replace("/", "-") + ".jsonl")

    def spans(self, exporter):
        """The names of the spans that an exporter has written, each as often as it is there."""
        return [one.get("name", "") for scope in self.scopes(exporter) for one in scope["spans"]]

    def scopes(self, exporter):
        """The scopes, with their spans, that an exporter has written."""
        path = self.file(exporter)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [scope for line in text[:text.rfind("\n") + 1].splitlines()
                for resource in json.loads(line).get("resourceSpans", []) for scope in resource["scopeSpans"]]

    def wait_for(self, exporter, names, seconds=20):
        wait_until(lambda: set(names) <= set(self.spans(exporter)), seconds,
                   f"{sorted(names)} at {exporter}, found {self.spans(exporter)}")

    def send(self, number, name, team=None):
        body = request(span(name, number.to_bytes(16, "big"), tail=attribute("team", team) if team else b""))
        answer = post(self.http, body)
        if answer.status != 200:
            raise AssertionError(answer)
