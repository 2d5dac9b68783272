"""Three nodes with examples/cluster/weir.yaml, one of which is killed under load, and what became of every trace."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

from support import load, node, paths  # noqa: E402
from support.process import Failed, Process, wait_until  # noqa: E402

TRACES = int(os.environ.get("WEIR_EXAMPLE_TRACES", "20000"))
RATE = 20_000  # spans a second
DIRECTORY = ROOT / "build" / "cluster"


class ExampleNode:
    """One of the nodes; the first is whom the others join."""

    def __init__(self, name, back_end, first=None):
        self.name = name
        self.ports = {key: node.free_port() for key in ("grpc", "http", "health", "metrics", "cluster", "admin")}
        self.first = first
        self.environment = {
            "WEIR_NODE": name, "WEIR_DIRECTORY": str(DIRECTORY / name), "WEIR_BACK_END": back_end,
            "WEIR_METRICS_PORT": str(self.ports["metrics"]),
            **{f"WEIR_{key.upper()}_ENDPOINT": self.address(key)
               for key in ("grpc", "http", "health", "cluster", "admin")}}
        self.process = None

    def address(self, port):
        return f"127.0.0.1:{self.ports[port]}"

    def start(self):
        join = ["--join", self.first.address("cluster")] if self.first else []
        self.process = Process([paths.program("weir"), "run", "--config", ROOT / "examples/cluster/weir.yaml", *join],
                               env=self.environment, name=self.name)
        self.process.wait_for_line(lambda line: re.search(r"\bready$", line), 30)

    def metric(self, name, containing=""):
        page = node.read_metrics(self.ports["metrics"])
        return sum(value for labels, value in page.get(name, {}).items() if containing in labels)


def formed(nodes):
    return all(each.metric("weir_cluster_members", 'state="up"') == len(nodes) for each in nodes) and \
        sum(each.metric("weir_cluster_owned_partitions") for each in nodes) == 4096


def status(one, command):
    shown = subprocess.run([paths.program("weir"), command, "--endpoint", one.address("admin")],
                           stdout=subprocess.PIPE, text=True, check=True)
    print("".join(f"   {line}\n" for line in shown.stdout.splitlines()))


def run():
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    seen, acked = DIRECTORY / "seen", DIRECTORY / "acked"
    with load.Sink(record=seen) as sink:
        first = ExampleNode("node-1", sink.endpoint)
        nodes = [first, *(ExampleNode(f"node-{number}", sink.endpoint, first) for number in (2, 3))]
        try:
            summary = play_through(nodes, acked)
            wait_until(lambda: at_rest(nodes), 120, "the nodes to come to rest", every=0.5)
            for each in nodes:
                if each.process.terminate() != 0:
                    raise Failed(each.process.tail())
        finally:
            for each in nodes:
                if each.process:
                    each.process.kill()
        sink.stop()
    summarise(summary, load.check(acked, seen))


def play_through(nodes, acked):
    print("\n== Three nodes with examples/cluster/weir.yaml, the second and third with --join")
    for each in nodes:
        each.start()
    wait_until(lambda: formed(nodes), 60, "the nodes to find each other", every=0.2)
    status(nodes[0], "members")
    print(f"== {TRACES} traces, each request to another node; node-2 is killed with kill -9, and comes back")
    more = [word for each in nodes[1:] for word in ("--endpoint", each.address("grpc"))]
    with load.Player(nodes[0].address("grpc"), *more, "--traces", TRACES, "--rate", RATE, "--connections", 6,
                     "--acked", acked, "--max-elapsed", 0, "--max-backoff", 500) as player:
        victim = nodes[1]
        wait_until(lambda: victim.metric("otelcol_receiver_accepted_spans") > RATE, 60, "some of the load", every=0.2)
        victim.process.kill()
        others = [each for each in nodes if each is not victim]
        wait_until(lambda: formed(others), 60, "the others to take over", every=0.2)
        print("   node-2 is dead; the others own what it owned:\n")
        status(nodes[0], "members")
        victim.start()
        wait_until(lambda: formed(nodes), 60, "it to come back", every=0.2)
        return player.summary(300)


def at_rest(nodes):
    for each in nodes:
        if not each.process.running():
            raise Failed(each.process.tail())
    return all(each.metric(name) == 0 for each in nodes for name in
               ("weir_journal_open_slots", "weir_window_spans", "otelcol_exporter_queue_size"))


def summarise(summary, result):
    print("\n== What became of every trace\n")
    for name, value in (("spans acknowledged", summary["acknowledged_spans"]),
                        ("traces kept, whole", result["traces_whole"]),
                        ("traces dropped, whole", result["traces_none"]),
                        ("traces in parts", result["traces_part"]),
                        ("spans that came twice", result["duplicates"])):
        print(f"  {name:<24} {value:>12,}")


if __name__ == "__main__":
    try:
        run()
    except (Failed, paths.Missing) as problem:
        sys.exit(f"examples/cluster/run: {problem}")
