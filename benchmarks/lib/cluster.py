"""Rows about what a cluster costs."""

import functools
import time

from . import measure, targets, throughput, tiers, wire
from .table import Row

RATES = (50_000, 100_000, 200_000, 0)


def three(directory, sink):
    return tiers.WeirCluster(directory, sink, policies=targets.POLICIES, wait=throughput.WAIT)


def collectors(directory, sink, **options):
    return tiers.CollectorTiers(directory, sink, targets.POLICIES, throughput.WAIT, **options)


def batching_collectors(directory, sink, **options):
    return collectors(directory, sink, batching=True, **options)


def cpu(seconds, times):
    """Three nodes beside one, saturated, at the same offered rate, and at the same rate a node: what commits cost does
    not depend on how much is in them."""
    rows = []
    for together, alone, name in ((0, 0, "saturated"), (100_000, 100_000, "100 k/s in all"),
                                  (300_000, 100_000, "100 k/s a node")):
        loads = [measure.Load(rate, seconds) for rate in (together, alone)]
        ours, one = map(measure.middle, measure.alternate(
            list(zip((three, throughput.sampling_weir), loads)), times))
        ratio = ours.cpu_ns_per_span / one.cpu_ns_per_span
        rows.append(Row(f"CPU a span, three nodes against one, {name}", f"{ours.cpu_ns_per_span:.0f} ns"
                        f"{_troubles(ours)}", f"one node: {one.cpu_ns_per_span:.0f} ns{_troubles(one)}",
                        f"{ratio:.2f}x", "<= 1.25x", f"{loads[0].text()}; one {loads[1].text()}",
                        f"CPU: {throughput.threads_text(ours)}"))
    return rows


def two_tiers(seconds):
    """Each side at its best rate; nothing packed between the Collector's tiers, which costs it least."""
    ours = measure.best(three, [measure.Load(rate, seconds) for rate in RATES])
    rows = []
    for peer, name in ((collectors, "persistent fsynced queues that make batches"),
                       (batching_collectors, "the same, with batch processors before these queues")):
        theirs = measure.best(peer, [measure.Load(rate, seconds) for rate in throughput.PEER_RATES])
        rows.append(throughput.compare("durable tail sampling on three nodes against the Collector in two tiers (1 "
                                       f"loadbalancing, 2 tail_sampling), {name}", ">= 15x", ours, theirs))
    return rows


def bytes_between(seconds):
    """What goes from node to node, and between the Collector's tiers, which pack with gzip."""
    ours = _bytes_a_span(three, measure.Load(100_000, seconds))
    theirs = _bytes_a_span(functools.partial(batching_collectors, compression="gzip"), measure.Load(20_000, seconds))
    return [Row("bytes between nodes, a span taken in", f"{ours:.1f} B", f"collectors, gzip: {theirs:.1f} B",
                f"{ours:.1f} B", "<= 30 B", "100 k/s; peer 20 k/s", "payload of TCP, everything that nodes tell each "
                "other; two of three spans go to another node, all of them to the Collector's second tier")]


def idle(seconds):
    """CPU of nodes that have nothing to do."""
    with measure.Scratch() as directory, three(directory, "127.0.0.1:1") as target:
        time.sleep(5)
        before = measure.cpu_seconds(target.processes)
        time.sleep(seconds)
        share = (measure.cpu_seconds(target.processes) - before) / seconds / len(target.processes)
    return [Row("CPU of an idle cluster of three, a node", f"{100 * share:.2f} % of a core", "",
                f"{100 * share:.2f} %", "<= 0.5 %", "none", "gossip, ticks")]


def _bytes_a_span(make, offered):
    sent = 0

    def watched(directory, sink):
        """The target, whose connections are counted as long as they stand."""
        target = make(directory, sink)
        at_rest = target.drained

        def drained():
            nonlocal sent
            result = at_rest()
            sent = wire.sent_bytes(target.between)
            return result
        target.drained = drained
        return target
    figure = measure.measure(watched, offered)
    print(f"  {figure.target}: {sent} bytes for {figure.sent_spans} spans", flush=True)
    return sent / figure.sent_spans


def _troubles(figure):
    return f"; {figure.troubles()}" if figure.troubles() else ""
