"""Nodes with one promise broken: each has to be noticed, else the tests of that promise prove nothing."""

import os
import random
import time
import unittest

from support import case, load, node, paths, wire
from support.process import wait_until

ROUNDS = 20   # at most, until a loss is seen
RATE = 0      # as fast as it goes: a commit is nearly always under way


class BrokenTest(case.SystemTest):
    def start_node(self, broken, sink, wait):
        weir = node.Node(self.path("node"), sink.endpoint, policies=node.SAMPLING["keep-all"], wait=wait,
                         env={"WEIR_BROKEN": broken}, program="broken-node")
        self.addCleanup(weir.kill)
        return weir.start()

    def test_ok_before_commit_is_caught(self):
        """Scenario: clients get OK before their spans are on disk, and the node is killed under load.
        Guarantee: the check of kill_test finds spans missing."""
        chance = random.Random(1)
        for played in range(1, ROUNDS + 1):
            seen, acked = self.path(f"seen{played}"), self.path(f"acked{played}")
            with load.Sink(record=seen) as sink:
                weir = self.start_node("answer_before_commit", sink, "1s")
                with load.Player(weir.grpc, *paths.traffic_options(), "--acked", acked, "--rounds", 0,
                                 "--rate", RATE, "--initial-backoff", 50, "--max-backoff", 200) as player:
                    time.sleep(chance.uniform(0.3, 0.6))  # the load's own time, not a synchronisation
                    weir.kill()
                    weir.start()
                    player.signal(15)
                    player.wait(60)
                weir.wait_at_rest()
                weir.kill()
                sink.stop()
            if not os.path.exists(acked):
                continue  # killed before anything was answered
            if load.check(acked, seen)["missing"] > 0:
                print(f"OK before commit: caught by kill {played}")
                return
        self.fail(f"not caught by {ROUNDS} kills")

    def test_forgotten_progress_is_caught(self):
        """Scenario: an entry holds a slot that is settled and one that is not when the node is killed, by a
        node that forgets its progress and by one that does not.
        Guarantee: the settled span arrives twice from the first, once from the second."""
        self.assertEqual(self.arrivals("forget_progress"), 4)
        self.assertEqual(self.arrivals(""), 3)

    def arrivals(self, broken):
        with load.Sink() as sink:
            weir = self.start_node(broken, sink, "4s")
            self.send(weir, ("first", b"A" * 16))
            time.sleep(2)  # the second span of A comes 2 s into its wait of 4 s, with the first of B
            self.send(weir, ("second", b"A" * 16), ("other", b"B" * 16))
            wait_until(lambda: weir.metric("otelcol_exporter_sent_spans") == 2
                       and weir.metric("weir_ledger_unsettled_items") == 1
                       and weir.metric("weir_ledger_undelivered_items") == 0, 20,
                       "A to be decided and delivered, with the cursor on disk, and B not")
            weir.kill()
            weir.start()
            wait_until(lambda: weir.metric("weir_window_decided_traces_total") == 1
                       and weir.metric("weir_journal_open_entries") == 0, 20, "B to be decided")
            wait_until(lambda: weir.metric("weir_ledger_undelivered_items") == 0, 20, "B to be delivered")
            weir.terminate()
            return sink.stop()["spans"]

    def send(self, weir, *spans):
        body = wire.request(*(wire.span(name, trace, name.encode().ljust(8, b"_")) for name, trace in spans))
        self.assertEqual(wire.post(weir.http, body).status, 200)

    def setUp(self):
        super().setUp()
        self.numbers = iter(range(100))

    def path(self, name):
        """A node's directory is its own each time."""
        return super().path(f"{name}-{next(self.numbers)}" if name == "node" else name)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    case.main()
