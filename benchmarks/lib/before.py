"""Rows that compare this build with one before it: WEIR_BENCHMARK_BEFORE names the other program `weir`."""

import os
import statistics

from support import paths

from . import measure, targets, throughput
from .table import Row

LOADS = {
    "tail sampling, saturated": (True, dict(rate=0)),
    "passed on at 100 k/s": (False, dict(rate=100_000)),
    "passed on, saturated": (False, dict(rate=0)),
    "tail sampling at 20 k/s, 10 spans a request":
        (True, dict(rate=20_000, connections=50, in_flight=8, spans_per_request=10)),
}


def node_maker(sampled, **options):
    if sampled:
        options |= {"policies": targets.POLICIES, "wait": throughput.WAIT}
    return lambda directory, sink: targets.Weir(directory, sink, **options)


def ratio(ours, before):
    """Of the medians of spans per CPU-second."""
    ours, before = (statistics.median(each.per_cpu_second for each in figures) for figures in (ours, before))
    return ours / before


def before(seconds, times):
    program = os.environ.get("WEIR_BENCHMARK_BEFORE")
    if not program:
        raise paths.Missing("WEIR_BENCHMARK_BEFORE names no other program to compare with")
    rows = []
    for name, (sampled, load) in LOADS.items():
        offered = measure.Load(seconds=seconds, **load)
        ours, theirs = measure.alternate([(node_maker(sampled), offered),
                                          (node_maker(sampled, program=program), offered)], times)
        shown = [measure.middle(each) for each in (ours, theirs)]
        row = throughput.compare(f"one node without cluster, {name}, against the build before", ">= 1x", *shown)
        rows.append(Row(row.figure, row.ours, row.against.replace("weir:", "before:"), f"{ratio(ours, theirs):.2f}x",
                        row.goal, row.load, f"medians of {times} runs by turns"))
    return rows
