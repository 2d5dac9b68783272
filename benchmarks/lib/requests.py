"""Rows about single requests: allocations, how long an acknowledgement takes, one client that waits for each."""

import os
import pathlib
import struct
import subprocess

from support import load, paths
from support.process import wait_until

from . import machine, measure, targets
from .table import Row

COUNTER = pathlib.Path(__file__).with_name("allocation_counter.cpp")


def _counter_library(directory):
    library = pathlib.Path(directory) / "allocation_counter.so"
    subprocess.run(["c++", "-std=c++20", "-O2", "-shared", "-fPIC", COUNTER, "-o", library, "-ldl"], check=True)
    return library


def _count(path):
    with open(path, "rb") as file:
        return struct.unpack("<Q", file.read(8))[0]


def allocations(seconds):
    """Allocations a request while nothing is decided: receiver, journal and window."""
    with measure.Scratch() as directory, load.Sink() as sink:
        counts = directory / "allocations"
        counts.write_bytes(bytes(8))
        env = {"LD_PRELOAD": str(_counter_library(directory)), "WEIR_ALLOCATION_COUNT": str(counts)}
        with targets.Weir(directory / "node", sink.endpoint, env=env, policies=targets.POLICIES,
                          wait="120s") as target:
            steady = measure.Load(100_000, seconds)
            load.play(target.endpoint, *measure.Load(100_000, 5).options())
            before = _count(counts)
            summary = load.play(target.endpoint, *steady.options(), "--first-round", 100)
            made = (_count(counts) - before) / summary["requests"]
    per_request = summary["spans"] / summary["requests"]
    return [Row("allocations a request, receiver to journal and window", f"{made:.0f}", "", f"{made:.0f}", "<= 100",
                f"{steady.text()}, {per_request:.0f} spans a request", "counted by a preloaded library")]


def acknowledgement(saturated_rate, seconds):
    """p99 of an acknowledgement at half load, against an fsync probe of the same sizes."""
    with measure.Scratch() as directory:
        with load.Sink() as sink, \
                targets.Weir(directory / "node", sink.endpoint, policies=targets.POLICIES, wait="5s") as target:
            offered = measure.Load(saturated_rate / 2, seconds)
            begun = _commits(target)
            figure = measure.run(target, offered, sink)
            commits, committed = (now - then for now, then in zip(_commits(target), begun))
        size = max(4096, int(committed / max(1, commits)))
        probe = machine.fsync_latencies(directory, size)
    p99 = machine.quantile(probe, 0.99)
    goal = 2 * p99 + 5
    return [Row("acknowledgement p99 at half load", f"{figure.p99_ms:.1f} ms (p50 {figure.p50_ms:.1f})",
                f"fsync probe of {size >> 10} KiB: p99 {p99:.1f} ms, p50 {machine.quantile(probe, 0.5):.1f} ms",
                f"{figure.p99_ms:.1f} ms", f"<= {goal:.1f} ms (2x + 5 ms)", offered.text(),
                f"{commits:.0f} commits")]


def one_in_flight(seconds):
    """A client that sends its next request when it has its answer, in small requests; both sides durable."""
    rows = []
    for spans in 2, 10, 100:
        offered = measure.Load(0, seconds, connections=1, in_flight=1, spans_per_request=spans)
        ours = measure.measure(lambda directory, sink: targets.Weir(directory, sink), offered)
        peer = measure.measure(lambda directory, sink: targets.Collector(directory, sink, durable=True), offered)
        rows.append(Row(f"one sender with one request in flight, {spans} spans a request, against the Collector with "
                        "a persistent fsynced queue",
                        f"{ours.per_second / 1000:.1f} k/s (p50 {ours.p50_ms:.1f} ms)",
                        f"collector: {peer.per_second / 1000:.1f} k/s (p50 {peer.p50_ms:.1f} ms)",
                        f"{ours.per_second / max(1, peer.per_second):.1f}x", ">= 1x", offered.text(),
                        ours.troubles() or "one fsync a request"))
    return rows


def _commits(target):
    return target.node.metric("weir_storage_commits_total"), target.node.metric("weir_storage_committed_bytes_total")
