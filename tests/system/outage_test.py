#!/usr/bin/env python3
"""A back end that is away under load, then a drain in each order, with a kill in the middle.

WEIR_OUTAGE_MB: unpacked megabytes that wait when the back end comes back (CI: 24).
"""

import os
import time

from support import case, load, node
from support.process import wait_until

MEGABYTES = int(os.environ.get("WEIR_OUTAGE_MB", "24"))
SPAN_BYTES = 342  # of the made-up shop, about
TRACES = 1000     # a round of it
PATIENCE = 120 + MEGABYTES


class OutageTest(case.SystemTest):
    def setUp(self):
        super().setUp()
        with load.Sink() as sink:
            self.spans_a_round = load.play(sink.endpoint, "--traces", TRACES)["spans"]

    def drain(self, order):
        rounds = max(1, MEGABYTES * 1_000_000 // (self.spans_a_round * SPAN_BYTES))
        seen = self.path(f"seen-{order}")
        acked = [self.path(f"acked-{order}-{part}") for part in ("away", "back")]
        exporter = {"drain": {"order": order, "share": "50%"}} if order else {}
        with load.Sink(record=seen) as sink, \
                node.Node(self.path(f"node-{order}"), sink.endpoint, exporter=exporter,
                          storage={"max_bytes": "20GiB"}) as weir:
            weir.start()
            sink.tell("fail 1")
            away = load.play(weir.grpc, "--traces", TRACES, "--rounds", rounds, "--acked", acked[0],
                             "--max-elapsed", 0)
            wait_until(lambda: weir.metric("weir_exporter_waiting_items") >= away["acknowledged_spans"], 60,
                       "all of it to wait")
            memory = weir.process.memory_bytes()
            # So slow that the kill falls into the drain.
            sink.tell(f"rate {max(20_000, away['acknowledged_spans'] // 8)}")
            sink.tell("fail 0")
            with load.Player(weir.grpc, "--traces", TRACES, "--rounds", 1, "--first-round", rounds,
                             "--acked", acked[1], "--max-elapsed", 0) as player:
                wait_until(lambda: 0 < weir.metric("weir_exporter_waiting_items")
                           < 0.7 * away["acknowledged_spans"], PATIENCE, "a third to be delivered")
                left = weir.metric("weir_exporter_waiting_items")
                weir.kill()
                began = time.monotonic()
                weir.start(60)
                ready = time.monotonic() - began
                sink.tell("rate 0")
                back = player.summary(PATIENCE)
            wait_until(lambda: weir.metric("weir_exporter_waiting_items") == 0, PATIENCE, "the drain to end")
            weir.wait_at_rest()
            self.assertEqual(weir.terminate(), 0, weir.process.tail())
            sink.stop()
        both = self.path(f"acked-{order}")
        with open(both, "wb") as out:
            for part in acked:
                with open(part, "rb") as source:
                    out.write(source.read())
        result = load.check(both, seen)
        print(f"{order}: {away['acknowledged_spans']} spans waited ({memory >> 20} MiB in use), {left:.0f} left at the "
              f"kill, ready again after {ready:.2f} s, {back['acknowledged_spans']} came meanwhile; "
              f"{result['duplicates']} duplicates")
        self.assertEqual(result["missing"], 0, result)
        self.assertEqual(result["foreign"], 0, result)
        # What was in flight at the kill, delivered since the last write, and resent by the client.
        self.assertLessEqual(result["duplicates"], 16_384 + 10 * 20_000 + self.spans_a_round, result)

    def test_oldest_first(self):
        """Scenario: the back end is away while data comes; it comes back slow; the node is killed in the drain, while
        more comes.
        Guarantee: everything that was acknowledged arrives; duplicates stay within what was under way at the kill."""
        self.drain("oldest_first")

    def test_newest_first(self):
        """The same, with what comes at once, and the newest of the rest first."""
        self.drain("newest_first")

    def test_interleaved(self):
        """The same, with what comes at once, and the rest in the remaining share."""
        self.drain("interleaved")


if __name__ == "__main__":
    case.main()
