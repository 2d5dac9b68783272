#!/usr/bin/env python3
"""More comes in than can leave: memory stays bounded, every refusal asks to come again, nothing is lost.

WEIR_OVERLOAD_SECONDS: how long (CI: 15; the full test: 60).
"""

import os
import time

from support import case, load, node, paths
from support.process import wait_until

SECONDS = int(os.environ.get("WEIR_OVERLOAD_SECONDS", "15"))
DRAIN = 10_000               # spans a second that the back end takes
PAYLOAD = 2048               # random bytes in a span, so that the disk fills up within the test
MEMORY_LIMIT = 900 << 20     # of the node, all told
DISK = "448MiB"


class OverloadTest(case.SystemTest):
    def test_refusals_are_polite_and_nothing_is_lost(self):
        """Scenario: clients offer twice what the back end takes, with a small disk quota, and then stop.
        Guarantee: memory stays under a stated limit; every refusal has RetryInfo; a client that sends
        again loses nothing."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen, options=["--rate", str(DRAIN)]) as sink, \
                node.Node(self.path("node"), sink.endpoint, policies=node.SAMPLING["keep-all"], wait="2s",
                          storage={"max_bytes": DISK}) as weir:
            weir.start()
            with load.Player(weir.grpc, "--traces", 2000, "--payload", PAYLOAD, "--spans-per-request", 128,
                             "--acked", acked, "--rounds", 0,
                             "--rate", 2 * DRAIN, "--duration", SECONDS, "--connections", 8,
                             "--in-flight", 8, "--initial-backoff", 50, "--max-backoff", 1000,
                             "--max-elapsed", 0) as player:
                peak = self.peak_memory(weir, player)
                sink.tell("rate 0")
                summary = player.summary(180)
            weir.wait_at_rest()
            self.assertEqual(weir.terminate(), 0, weir.process.tail())
            sink.stop()
        print(f"{summary['acknowledged_spans']} spans acknowledged, {summary['refusals']} refusals, "
              f"peak memory {peak >> 20} MiB")
        result = load.check(acked, seen)
        if not paths.SANITIZED:
            self.assertLess(peak, MEMORY_LIMIT)
        self.assertGreater(summary["refusals"], 0, "nothing was refused: no overload")
        self.assertEqual(summary["refusals_without_delay"], 0, summary)
        self.assertEqual(summary["failed_spans"], 0, summary)
        self.assertEqual(result["missing"], 0, result)
        self.assertEqual(result["foreign"], 0, result)

    @staticmethod
    def peak_memory(weir, player):
        """The node's highest resident memory while the load lasts."""
        end = time.monotonic() + SECONDS
        wait_until(lambda: time.monotonic() >= end or not player.running(), SECONDS + 5, "the load to end", every=0.2)
        return weir.process.peak_memory_bytes()

    def test_a_silent_back_end_does_not_stop_intake(self):
        """Scenario: the back end takes requests and answers none, for a while.
        Guarantee: clients are served meanwhile, and everything arrives once it answers."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen, options=["--stall"]) as sink, \
                node.Node(self.path("node"), sink.endpoint, exporter={"timeout": "60s"}) as weir:
            weir.start()
            summary = load.play(weir.grpc, *paths.traffic_options(), "--acked", acked, "--rounds", 2)
            self.assertEqual(summary["refusals"] + summary["failed_spans"], 0, summary)
            sink.tell("go")
            weir.wait_at_rest()
            self.assertEqual(weir.terminate(), 0, weir.process.tail())
            sink.stop()
        result = load.check(acked, seen)
        self.assertEqual(result["missing"] + result["foreign"] + result["duplicates"], 0, result)


if __name__ == "__main__":
    case.main()
