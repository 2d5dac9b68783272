"""What the tests of bad input share: docs/bad-input.md as a table, and the node that they talk to."""

import json
import os
import pathlib
import re
import subprocess
import threading

from . import case, node, paths, wire
from .process import wait_until

PAGE = paths.ROOT / "docs" / "bad-input.md"
TEST_NAME = re.compile(r"`([\w/]+): (\w+)`")


def rows():
    """The page's rows: (input, answer, [(file, case)], memory)."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 4 and TEST_NAME.search(cells[2]):
            yield cells[0], cells[1], TEST_NAME.findall(cells[2]), cells[3]


def bound_of(file, test):
    """The bytes that the page allows this test: `at most N MiB` of the first row that names it."""
    for _, _, tests, memory in rows():
        if (file, test) in tests and (found := re.search(r"at most (\d+) MiB", memory)):
            return int(found.group(1)) << 20
    raise AssertionError(f"{PAGE.name} has no row with a bound for `{file}: {test}`")


class BadInputTest(case.SystemTest):
    """Knows the bound that the page states for the running test."""

    def assert_within_bound(self, peak):
        bound = bound_of(pathlib.Path(self.FILE).stem, self._testMethodName)
        print(f"{self._testMethodName}: {peak / 2**20:.1f} MiB, bound {bound >> 20}", flush=True)
        if not paths.SANITIZED:
            self.assertLessEqual(peak, bound)


class FileNode(node.Node):
    """A node with two pipelines behind its receiver, one that samples and keeps all, one that passes on; what
    leaves them stands in `sampled.jsonl` and `passed.jsonl` of its directory."""

    PIPELINES = ("sampled", "passed")
    MAX_BODY = 4 << 20

    def __init__(self, directory, wait="200ms", env=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.env = env
        self.process = None
        self.endpoints = []
        self.ports = {"health": node.free_port(), "metrics": node.free_port()}
        self._config = self.directory / "weir.yaml"
        self.write_config(wait)

    def write_config(self, wait):
        exporters = {f"file/{name}": {"path": self.directory / f"{name}.jsonl", "flush_interval": "10ms",
                                   "append": True}
                     for name in self.PIPELINES}
        any_port = "127.0.0.1:0"
        self._config.write_text("\n".join([
            f"receivers: {{otlp: {{protocols: {{grpc: {{endpoint: {any_port}}}, "
            f"http: {{endpoint: {any_port}, max_request_body_size: {self.MAX_BODY}}}}}}}}}",
            f"processors: {{tail_sampling: {{decision_wait: {wait}, policies: "
            "[{name: all, type: always_sample}]}}",
            f"exporters: {node.flow(exporters)}",
            f"extensions: {{health_check: {{endpoint: 127.0.0.1:{self.ports['health']}}}}}",
            "service:",
            "  extensions: [health_check]",
            "  limits: {handshake_timeout: 500ms, body_timeout: 500ms}",
            "  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: "
            f"{{host: 127.0.0.1, port: {self.ports['metrics']}}}}}}}}}]}}}}",
            "  pipelines:",
            "    traces/sampled: {receivers: [otlp], processors: [tail_sampling], exporters: [file/sampled]}",
            "    traces/passed: {receivers: [otlp], exporters: [file/passed]}",
            f"storage: {{directory: {self.directory / 'data'}}}",
        ]) + "\n", encoding="utf-8")

    def post(self, body, **options):
        return wire.post(self.http, body, **options)

    def spans(self, pipeline):
        """What has left it: {span name: span}. A line is written as a whole, the last may be on its way."""
        result = {}
        path = self.directory / f"{pipeline}.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in text[:text.rfind("\n") + 1].splitlines():
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    result.update((one.get("name", ""), one) for one in scope["spans"])
        return result

    def wait_for(self, names, seconds=15):
        """Until spans of these names have left both pipelines."""
        names = set(names)
        for pipeline in self.PIPELINES:
            wait_until(lambda: names <= self.spans(pipeline).keys(), seconds,
                       f"{sorted(names)} to leave {pipeline}", every=0.02)

    def resident_from_now(self):
        """Starts a new measurement of peak memory; what is resident now."""
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        return self.process.memory_bytes()


def run_to_end(*arguments, seconds=20, through=()):
    """Runs `weir` until it ends by itself: (exit code, what it said, its peak memory in bytes).

    through: a command that becomes the one behind it.
    """
    with subprocess.Popen([*through, paths.program("weir"), *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as program:
        deadline = threading.Timer(seconds, program.kill)
        deadline.start()
        text = program.stdout.read()
        _, status, usage = os.wait4(program.pid, 0)
        deadline.cancel()
        program.returncode = os.waitstatus_to_exitcode(status)
    return program.returncode, text, usage.ru_maxrss * 1024
