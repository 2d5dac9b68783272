"""Starts a node with examples/quickstart.yaml, plays traces into it, and tells a person what became of them."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

from support import node, paths  # noqa: E402
from support.process import Failed, Process, wait_until  # noqa: E402

TRACES = int(os.environ.get("WEIR_QUICKSTART_TRACES", "20000"))
RATE = 60_000  # spans a second
DIRECTORY = ROOT / "build" / "quickstart"


class Quickstart:
    def __init__(self):
        self.metrics_port = node.free_port()
        self.environment = {
            "WEIR_DIRECTORY": str(DIRECTORY), "WEIR_METRICS_PORT": str(self.metrics_port),
            "WEIR_GRPC_ENDPOINT": "127.0.0.1:0", "WEIR_HTTP_ENDPOINT": "127.0.0.1:0",
            "WEIR_HEALTH_ENDPOINT": f"127.0.0.1:{node.free_port()}"}
        self.process = None

    def run(self):
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        DIRECTORY.mkdir(parents=True)
        print("\n== A node with examples/quickstart.yaml: tail sampling, kept traces into a file")
        command = [paths.program("weir"), "run", "--config", ROOT / "examples" / "quickstart.yaml"]
        with Process(command, env=self.environment, name="weir") as self.process:
            self.process.wait_for_line(lambda line: re.search(r"\bready$", line), 30)
            endpoint = next(match.group(1) for line in self.process.lines
                            if (match := re.search(r"listening on (\S+:\d+)", line)))
            print(f"   it takes OTLP/gRPC on {endpoint}; its data is in build/quickstart")
            print(f"\n== {TRACES} traces of a made-up shop: 16 services, errors, retries, work that ends late")
            played = self.play(endpoint)
            print("\n== The node waits 5 s for the late spans of each trace, then decides")
            wait_until(self.at_rest, 60, "the node to decide and write everything", every=0.3)
            metrics = self.metrics()
            if self.process.terminate() != 0:
                raise Failed(self.process.tail())
        self.summarise(played, metrics)

    @staticmethod
    def play(endpoint):
        done = subprocess.run([paths.program("weir-load"), "play", "--json", "--endpoint", endpoint, "--traces",
                               str(TRACES), "--rate", str(RATE)], stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as page:
            return node.parse_metrics(page.read().decode())

    def at_rest(self):
        if not self.process.running():
            raise Failed(self.process.tail())
        now = self.metrics()
        return all(sum(now.get(name, {}).values()) == 0 for name in
                   ("weir_journal_open_slots", "weir_window_spans", "otelcol_exporter_queue_size"))

    def summarise(self, played, metrics):
        output = DIRECTORY / "traces.jsonl"
        spans, traces, example = read_output(output)
        received = sum(metrics.get("weir_receiver_received_bytes_total", {}).values())
        stored = {}
        for text, value in metrics.get("weir_storage_bytes", {}).items():
            part = label(text, "part")
            stored[part] = stored.get(part, 0) + value
        print("\n== What became of it\n")
        row("spans in (all acknowledged)", f"{played['acknowledged_spans']:,}",
            f"{played['acknowledged_spans'] / played['seconds']:,.0f} a second, p99 {played['p99_ms']:.0f} ms")
        row("traces in", f"{TRACES:,}")
        row("traces kept", f"{len(traces):,}", f"{100 * len(traces) / TRACES:.1f} %; some for several policies")
        for policy, count in kept_by_policy(metrics):
            row(f"  for the policy {policy}", f"{count:,.0f}")
        row("spans in the output file", f"{spans:,}", f"{output.relative_to(ROOT)}, {size(output.stat().st_size)}")
        row("bytes in", size(received))
        packed = sum(metrics.get("weir_log_appended_bytes_total", {}).values())
        row("kept spans, packed", size(packed), f"{packed / max(spans, 1):.0f} B a span kept")
        reserve = sum(stored.pop(part, 0) for part in ("ballast", "spare"))
        row("on the disk", size(sum(stored.values())),
            "with the latest writes as they came, which go as newer ones come")
        row("  and set aside", size(reserve), "so that a full disk stops nothing; does not grow")
        print(f"\nOne of the kept traces: {example}\n")
        print("What to try next:\n"
              "  build/release/bin/weir run --config examples/quickstart.yaml     a node that stays, for your own "
              "traces on 4317 and 4318\n"
              "  build/release/bin/weir validate --config YOUR-COLLECTOR.yaml     whether your Collector's file "
              "loads\n"
              "  kill -9 it while it runs, start it again                         what it acknowledged is still "
              "there\n"
              "  docs/configuration.md, ARCHITECTURE.md                           every option; how it works")


def label(labels, name):
    match = re.search(rf'{name}="([^"]*)"', labels)
    return match.group(1) if match else labels


def kept_by_policy(metrics):
    series = metrics.get("otelcol_processor_tail_sampling_count_traces_sampled", {})
    return sorted((label(labels, "policy"), value) for labels, value in series.items()
                  if label(labels, "sampled") == "true")


def row(name, value, note=""):
    print(f"  {name:<36} {value:>14}   {note}".rstrip())


def size(count):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024


def read_output(path):
    """Spans and trace ids in the file, and a sentence about one trace with an error."""
    spans, traces, example = 0, set(), "none"
    with open(path, encoding="utf-8") as file:
        for line in file:
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        spans += 1
                        traces.add(span["traceId"])
                        if span.get("status", {}).get("code") == 2 and example == "none":
                            example = f"{span['traceId']}, with an error in {span['name']}"
    return spans, traces, example


if __name__ == "__main__":
    try:
        Quickstart().run()
    except (Failed, paths.Missing) as problem:
        sys.exit(f"quickstart: {problem}")
