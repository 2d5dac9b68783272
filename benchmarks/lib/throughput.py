"""Rows that compare spans per CPU-second."""

from . import measure, targets
from .table import Row

WAIT = "5s"
# Offered to tail sampling, spans a second, to find the best one; 0: as fast as it is taken.
RATES = (50_000, 100_000, 200_000, 300_000, 0)
PEER_RATES = (3_000, 10_000, 20_000, 30_000, 45_000)


def sampling_weir(directory, sink):
    return targets.Weir(directory, sink, policies=targets.POLICIES, wait=WAIT)


def sampling_collector(directory, sink):
    return targets.Collector(directory, sink, policies=targets.POLICIES, durable=True, wait=WAIT)


def batching_collector(directory, sink):
    return targets.Collector(directory, sink, policies=targets.POLICIES, durable=True, batching=True, wait=WAIT)


def pass_weir(directory, sink):
    return targets.Weir(directory, sink)


def pass_collector(directory, sink):
    return targets.Collector(directory, sink)


def relay(directory, sink):
    return targets.Relay(directory, sink)


def _value(figure):
    text = (f"{figure.per_cpu_second / 1000:.0f} k/CPU-s ({figure.per_second / 1000:.0f} k/s, "
            f"{figure.peak_memory / 1e6:.0f} MB)")
    return f"{text}; {figure.troubles()}" if figure.troubles() else text


def threads_text(figure):
    total = sum(figure.threads.values()) or 1
    top = sorted(figure.threads.items(), key=lambda item: -item[1])[:4]
    return ", ".join(f"{name} {100 * seconds / total:.0f} %" for name, seconds in top)


def compare(what, goal, ours, theirs):
    """A row: spans per CPU-second of two figures, and the peak of memory of each."""
    ratio = ours.per_cpu_second / theirs.per_cpu_second
    return Row(what, _value(ours), f"{theirs.target}: {_value(theirs)}", f"{ratio:.1f}x", goal,
               f"{ours.offered.text()}; peer {theirs.offered.text()}", f"CPU: {threads_text(ours)}")


def durable_tail_sampling(seconds):
    ours = measure.best(sampling_weir, [measure.Load(rate, seconds) for rate in RATES])
    rows = []
    for peer, name in ((sampling_collector, "with a persistent fsynced queue"),
                       (batching_collector, "the same, with a batch processor before that queue")):
        theirs = measure.best(peer, [measure.Load(rate, seconds) for rate in PEER_RATES])
        rows.append(compare(f"durable tail sampling against the Collector, {name}", ">= 20x", ours, theirs))
    return rows


def pass_through(seconds):
    rows = []
    for rate, goal, name in ((100_000, ">= 4x", "same offered rate"), (0, ">= 3x", "both saturated")):
        offered = measure.Load(rate, seconds)
        ours, theirs = measure.measure(pass_weir, offered), measure.measure(pass_collector, offered)
        rows.append(compare(f"durable pass-through against the Collector with a memory queue, {name}", goal,
                            ours, theirs))
        if rate == 0:
            rows.append(compare("the same, saturated, against the relay", ">= 1.3x", ours,
                                measure.measure(relay, offered)))
    return rows
