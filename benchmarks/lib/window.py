"""Rows about what the node keeps: memory of the window, bytes in the log, the start after a kill."""

import time

from support import load, node, paths
from support.process import wait_until

from . import machine, measure, targets
from .table import Row

ROUND_SPANS = {"hipstershop": 86_583}


def _rounds(spans):
    return max(1, round(spans / ROUND_SPANS.get(paths.traffic_name(), 162_000)))


def _fill(target, rounds, *more):
    return load.play(target.endpoint, *paths.traffic_options(), "--rounds", rounds, "--connections", 6,
                     "--max-elapsed", 0, *more)


def _one_window(directory, memory, spans, wait_s):
    """Loads the window, looks at memory, waits for the decisions. (memory a span, summary, metrics, tallies)."""
    directory.mkdir()
    acked, seen = str(directory / "acked"), str(directory / "seen")
    with load.Sink(record=seen) as sink, \
            targets.Weir(directory / "node", sink.endpoint, policies=targets.POLICIES, wait=f"{wait_s}s",
                         sampling={"window_memory": memory}) as target:
        _fill(target, 1, "--first-round", 1_000_000)
        held_before = target.node.metric("weir_window_spans")
        before = target.process.memory_bytes()
        summary = _fill(target, _rounds(spans), "--acked", acked)
        held = target.node.metric("weir_window_spans") - held_before
        resident = target.process.memory_bytes()
        wait_until(target.drained, wait_s + 300, "the window to be decided", every=0.5)
        metrics = {name: target.node.metric(name) for name in (
            "weir_window_read_back_bytes_total", "weir_window_entries_set_down_total",
            "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early")}
        peak = target.process.peak_memory_bytes()
        sink.stop()
    per_span = (resident - before) / held if held else 0
    return per_span, held, peak, metrics, load.check(acked, seen), summary


def memory(spans):
    """Bytes of memory an undecided span, and the same load with a small window."""
    wait_s = max(20, int(spans / 60_000))
    with measure.Scratch() as directory:
        large = _one_window(directory / "large", "8GiB", spans, wait_s)
        small = _one_window(directory / "small", "64MiB", spans, wait_s)
    per_span, held, peak, metrics, kept, _ = large
    _, _, small_peak, small_metrics, small_kept, _ = small
    same = kept["traces_whole"] == small_kept["traces_whole"] and kept["seen"] == small_kept["seen"]
    return [
        Row("memory per undecided span, nothing read back", f"{per_span:.0f} B", "", f"{per_span:.0f} B", "<= 100 B",
            f"{held / 1e6:.1f} M spans in the window", f"peak {peak / 2**20:.0f} MiB, read back "
            f"{metrics['weir_window_read_back_bytes_total'] / 2**20:.0f} MiB"),
        Row("the same load with window_memory: 64MiB", f"{small_peak / 2**20:.0f} MiB peak",
            f"{small_metrics['weir_window_read_back_bytes_total'] / 2**20:.0f} MiB read back",
            "same decisions" if same else
            f"other decisions: {kept['traces_whole']} and {small_kept['traces_whole']} traces", "reported",
            f"{held / 1e6:.1f} M spans",
            f"{small_metrics['weir_window_entries_set_down_total']:.0f} entries set down, "
            f"{small_metrics['otelcol_processor_tail_sampling_sampling_trace_dropped_too_early']:.0f} early decisions"),
    ]


def log_bytes(spans):
    """Bytes a span in the log, tail sampling, keep-all."""
    with measure.Scratch() as directory, load.Sink() as sink, \
            targets.Weir(directory, sink.endpoint, policies=targets.KEEP_ALL) as target:
        summary = _fill(target, _rounds(spans))
        wait_until(target.drained, 120, "the node to be at rest", every=0.5)
        stored = target.node.metric("weir_log_appended_bytes_total")
        per_span = stored / summary["acknowledged_spans"]
    return [Row("bytes per span in the log, tail sampling, keep-all", f"{per_span:.1f} B", "",
                f"{per_span:.1f} B", "<= 38 B", f"{summary['acknowledged_spans'] / 1e6:.1f} M spans", "the codec")]


def start_after_kill(gigabytes):
    """From exec until clients are served, after kill -9 with the page cache dropped."""
    with measure.Scratch() as directory, load.Sink(options=["--stall"]) as sink, \
            targets.Weir(directory, sink.endpoint, policies=targets.KEEP_ALL, wait="20s") as target:
        weir = target.node
        target_bytes = gigabytes * 1e9
        round_number = 0
        stored = 0
        while stored < target_bytes:
            _fill(target, 20, "--first-round", round_number)
            round_number += 20
            stored = weir.metric("weir_storage_bytes", 'part="journal"') + weir.metric(
                "weir_storage_bytes", 'part="log')
        weir.kill()
        how = machine.drop_page_cache(directory)
        begin = time.monotonic()
        weir.start(seconds=120)
        load.play(weir.grpc, "--traces", 10, "--connections", 1, "--first-round", 900_000)
        took = time.monotonic() - begin
    return [Row("start after kill -9, page cache dropped: clients served after", f"{took:.2f} s", "", f"{took:.2f} s",
                "<= 1 s", f"{stored / 1e9:.2f} GB in journal and log", how)]
