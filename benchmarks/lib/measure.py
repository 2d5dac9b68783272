"""One measurement: a load against a target, and what it cost."""

import dataclasses
import os
import pathlib
import shutil
import tempfile

from support import load, paths
from support.process import wait_until


@dataclasses.dataclass
class Load:
    """What is offered. `rate` in spans a second; 0: as fast as it is taken."""

    rate: float = 0
    seconds: float = 20
    connections: int = 6
    in_flight: int = 4
    spans_per_request: int = 512
    rounds: int = 0

    def options(self):
        return [*paths.traffic_options(), "--rate", self.rate, "--duration", self.seconds, "--rounds", self.rounds,
                "--connections", self.connections, "--in-flight", self.in_flight,
                "--spans-per-request", self.spans_per_request]

    def text(self):
        offered = f"{self.rate / 1000:.0f} k/s" if self.rate else "saturated"
        return f"{offered}, {self.connections} connections x {self.in_flight}"


@dataclasses.dataclass
class Figure:
    """What came of it."""

    target: str
    offered: Load
    spans: int
    seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float
    refusals: int
    lost_attempts: int
    peak_memory: int
    sent_spans: int
    sink_spans: int
    threads: dict
    client_cpu_seconds: float

    @property
    def per_cpu_second(self):
        return self.spans / self.cpu_seconds if self.cpu_seconds else 0.0

    @property
    def per_second(self):
        return self.spans / self.seconds if self.seconds else 0.0

    @property
    def cpu_ns_per_span(self):
        return 1e9 * self.cpu_seconds / self.spans if self.spans else 0.0

    @property
    def kept_share(self):
        """Of the spans sent, warm-up included, those that reached the back end."""
        return self.sink_spans / self.sent_spans if self.sent_spans else 0.0

    def troubles(self):
        """What makes the figure doubtful; empty where nothing does."""
        found = [f"{self.refusals} refusals" if self.refusals else "",
                 f"{self.lost_attempts} attempts without an answer" if self.lost_attempts else "",
                 "" if self.kept_up() else "did not keep up"]
        return ", ".join(text for text in found if text)

    def kept_up(self):
        return not self.offered.rate or self.per_second > 0.95 * self.offered.rate


@dataclasses.dataclass
class Scratch:
    """A directory on the disk that is measured, gone afterwards."""

    root: pathlib.Path = dataclasses.field(default_factory=lambda: pathlib.Path(
        tempfile.mkdtemp(prefix="weir-benchmark-", dir=os.environ.get("WEIR_BENCHMARK_DIRECTORY"))))

    def __enter__(self):
        return self.root

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)


def cpu_seconds(processes):
    return sum(each.cpu_seconds() for each in processes)


def thread_seconds(processes):
    """CPU time by thread name: where it is spent."""
    tick = os.sysconf("SC_CLK_TCK")
    result = {}
    for task in (task for each in processes for task in pathlib.Path(f"/proc/{each.pid}/task").iterdir()):
        try:
            head, tail = (task / "stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)
        except OSError:
            continue
        fields = tail.split()
        name = head.split("(", 1)[1]
        result[name] = result.get(name, 0) + (int(fields[11]) + int(fields[12])) / tick
    return result


def run(target, offered, sink):
    """Plays the load, waits until the target is at rest, and counts its CPU time from the first request on."""
    # Of requests like those of the load and no faster than it, as the peak of memory is the whole run's.
    warm_up = dataclasses.replace(offered, rate=min(20_000, offered.rate or 20_000), seconds=2, rounds=0)
    warmed = load.play(target.endpoints, *warm_up.options(), "--first-round", 1_000_000)
    wait_until(target.drained, 120, f"{target.name} to be at rest", every=0.2)
    before = cpu_seconds(target.processes)
    threads_before = thread_seconds(target.processes)
    times = os.times()
    summary = load.play(target.endpoints, *offered.options(), "--max-elapsed", 60_000,
                        seconds=offered.seconds + 200)
    client = os.times()
    wait_until(target.drained, 300, f"{target.name} to be at rest", every=0.2)
    threads = {name: seconds - threads_before.get(name, 0)
               for name, seconds in thread_seconds(target.processes).items()}
    return Figure(
        target=target.name, offered=offered, spans=summary["acknowledged_spans"], seconds=summary["seconds"],
        cpu_seconds=cpu_seconds(target.processes) - before, p50_ms=summary["p50_ms"], p99_ms=summary["p99_ms"],
        refusals=summary["refusals"], lost_attempts=summary["lost_attempts"],
        peak_memory=sum(each.peak_memory_bytes() for each in target.processes),
        sent_spans=warmed["acknowledged_spans"] + summary["acknowledged_spans"], sink_spans=0,
        threads={name: value for name, value in threads.items() if value > 0.01},
        client_cpu_seconds=(client.children_user + client.children_system
                            - times.children_user - times.children_system))


def measure(make_target, offered):
    """A fresh target and sink for one load."""
    with Scratch() as directory, load.Sink() as sink, make_target(directory, sink.endpoint) as target:
        figure = run(target, offered, sink)
        figure.sink_spans = sink.stop()["spans"]
        return figure


def best(make_target, loads):
    """The load at which a target does most for a CPU second, of those it keeps up with."""
    figures = []
    for offered in loads:
        figure = measure(make_target, offered)
        print(f"  {figure.target}: {offered.text()}: {figure.per_second:.0f}/s, "
              f"{figure.per_cpu_second:.0f} per CPU-second", flush=True)
        if figure.kept_up() or not figures:
            figures.append(figure)
        if not figure.kept_up():
            break
    return max(figures, key=lambda figure: figure.per_cpu_second)


def alternate(pairs, times):
    """Targets by turns, each with its load, so often: their figures, by target."""
    figures = [[] for _ in pairs]
    for _ in range(times):
        for made, (make, offered) in zip(figures, pairs):
            figure = measure(make, offered)
            print(f"  {figure.target}: {offered.text()}: {figure.per_second:.0f}/s, "
                  f"{figure.cpu_ns_per_span:.0f} ns of CPU a span", flush=True)
            made.append(figure)
    return figures


def middle(figures):
    """The one of an odd number that has the median of spans per CPU-second."""
    return sorted(figures, key=lambda figure: figure.per_cpu_second)[len(figures) // 2]
