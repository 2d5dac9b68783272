#!/usr/bin/env python3
"""Each stage in turn does no work for a while under full load: what waits for it stays bounded, and nothing is
lost.

WEIR_STALL_SECONDS: how long each is held up (CI: 3).
"""

import os
import signal
import time

from support import case, load, node, paths
from support.process import wait_until

SECONDS = float(os.environ.get("WEIR_STALL_SECONDS", "3"))
IN_FLIGHT = 48 << 20          # bodies taken in and not answered
WINDOW = 64 << 20
HANDED = CREDIT = DECIDED = TAIL = 32 << 20  # stated in ARCHITECTURE.md, "Bounded"
ENTRY = 4 << 20               # a single entry or batch may go over a limit
DATABASE = 256 << 20          # memtables, caches, buffers of requests, and what the allocator keeps
# The whole node: each limit once, bodies twice (as they came and as entries), entries packed and unpacked.
MEMORY = 2 * IN_FLIGHT + 2 * WINDOW + 2 * (HANDED + CREDIT + DECIDED) + TAIL + DATABASE
BOUNDS = {
    "weir_receiver_bytes_in_flight": IN_FLIGHT,
    "weir_intake_handed_bytes": HANDED,
    "weir_router_bytes_in_flight": CREDIT + ENTRY,
    "weir_sampler_bytes_in_flight": DECIDED + ENTRY,
    "weir_window_packed_bytes": WINDOW + ENTRY,
}


class StallTest(case.SystemTest):
    def test_writer(self):
        """Scenario: the disk answers nobody. Guarantee: as below, and clients are refused or wait."""
        peaks, before, after = self.stalled("writer")
        self.assertGreater(peaks["weir_receiver_bytes_in_flight"], IN_FLIGHT // 2)
        self.assertLess(after - before, 2 * IN_FLIGHT // 100)  # spans of 100 bytes and more

    def test_intake(self):
        """Scenario: bodies come in and nobody takes them. Guarantee: as for the writer."""
        peaks, before, after = self.stalled("intake")
        self.assertGreater(peaks["weir_receiver_bytes_in_flight"], IN_FLIGHT // 2)
        self.assertLess(after - before, 2 * IN_FLIGHT // 100)

    def test_router(self):
        """Scenario: entries are durable and nobody sends them on. Guarantee: as below, clients are served."""
        peaks, before, after = self.stalled("router")
        self.assertGreater(peaks["weir_intake_handed_bytes"], HANDED // 2)
        self.assertGreater(after, before)

    def test_sampler(self):
        """Scenario: entries are sent and no window takes them. Guarantee: as below, clients are served."""
        peaks, before, after = self.stalled("sampler")
        self.assertGreater(peaks["weir_router_bytes_in_flight"], CREDIT // 2)
        self.assertGreater(after, before)

    def test_compressor(self):
        """Scenario: traces are decided and nobody makes blocks of them. Guarantee: as below, clients are
        served."""
        peaks, before, after = self.stalled("compressor")
        self.assertGreater(peaks["weir_sampler_bytes_in_flight"], DECIDED // 4)
        self.assertGreater(after, before)

    def test_compressor_with_little_kept(self):
        """Scenario: the same where hardly anything is kept: what waits are decisions alone.
        Guarantee: the same."""
        rare = [{"name": "rare", "type": "probabilistic", "probabilistic": {"sampling_percentage": 0.1}}]
        _, before, after = self.stalled("compressor", rare)
        self.assertGreater(after, before)

    def test_exporter(self):
        """Scenario: blocks are in the log and nobody delivers them. Guarantee: as below, clients are served."""
        _, before, after = self.stalled("exporter")
        self.assertGreater(after, before)

    def stalled(self, stage, policies=None):
        """Plays as fast as it goes while the stage is held up. Memory and the gauges of what waits stay within
        their bounds, every refusal asks to come again, and what was acknowledged arrives. The highest values
        of the gauges, and the spans taken before and after the stall."""
        seen, acked = self.path("seen"), self.path("acked")
        keep_all = policies is None
        with load.Sink(record=seen) as sink, \
                node.Node(self.path("node"), sink.endpoint, policies=policies or node.SAMPLING["keep-all"],
                          wait="1s", env={"WEIR_STALL": stage}, program="broken-node",
                          sampling={"window_memory": WINDOW, "samplers": 1},
                          limits={"max_bytes_in_flight": IN_FLIGHT}) as weir:
            weir.start()
            with load.Player(weir.grpc, *paths.traffic_options(), "--acked", acked, "--rounds", 0,
                             "--duration", SECONDS + 2, "--connections", 8, "--in-flight", 64,
                             "--initial-backoff", 50, "--max-backoff", 500, "--timeout", 60000,
                             "--max-elapsed", 0) as player:
                taken = lambda: weir.metric("otelcol_receiver_accepted_spans")  # noqa: E731
                wait_until(lambda: taken() > 100_000, 30, "the load to begin")
                weir.process.signal(signal.SIGUSR1)
                begin = taken()
                peaks = self.watch(weir)
                end = taken()
                weir.process.signal(signal.SIGUSR2)
                wait_until(lambda: taken() > end, 30, "clients to be served again")
                summary = player.summary(120)
            weir.wait_at_rest()
            memory = weir.process.peak_memory_bytes()
            self.assertEqual(weir.terminate(), 0, weir.process.tail())
            sink.stop()
        result = load.check(acked, seen)
        print(f"{stage}: {end - begin:.0f} spans taken in {SECONDS} s of stall, {summary['refusals']} refusals, "
              f"peak memory {memory >> 20} MiB of {MEMORY >> 20}, "
              + ", ".join(f"{name} {value / 2**20:.1f} MiB" for name, value in peaks.items()), flush=True)
        self.assertEqual(summary["refusals_without_delay"] + summary["failed_spans"], 0, summary)
        self.assertEqual(result["foreign"] + result["traces_part"], 0, result)
        if keep_all:
            self.assertEqual(result["missing"], 0, result)
        for name, bound in BOUNDS.items():
            self.assertLessEqual(peaks[name], bound, name)
        if not paths.SANITIZED:
            self.assertLess(memory, MEMORY)
        return peaks, begin, end

    @staticmethod
    def watch(weir):
        """The gauges' highest values while the stall lasts."""
        peaks = dict.fromkeys(BOUNDS, 0)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            now = weir.metrics()
            for name in peaks:
                peaks[name] = max(peaks[name], sum(now.get(name, {}).values()))
            time.sleep(0.1)  # the load's own time, not a synchronisation
        return peaks


if __name__ == "__main__":
    case.main()
