#!/usr/bin/env python3
"""kill -9 at random moments under load: what was acknowledged is not lost, traces are whole or absent.

WEIR_KILL_ROUNDS: how many kills a policy set (CI: 5 each, 10 in all; scripts/kill-rounds: 200).
WEIR_SEED: of the moments.
"""

import math
import os
import random
import time
import unittest

from support import case, load, node, paths

ROUNDS = int(os.environ.get("WEIR_KILL_ROUNDS", "5"))
SEED = int(os.environ.get("WEIR_SEED", "1"))
RATE = 40_000  # spans a second
WAIT_S = 5     # decision_wait
REQUEST_SPANS = 512
CONNECTIONS, IN_FLIGHT = 4, 4


class KillTest(case.SystemTest):
    def test_keep_all_loses_nothing(self):
        """Scenario: a node that keeps everything is killed again and again under load.
        Guarantee: every acknowledged span arrives; duplicates stay within what was unsettled at a kill."""
        result = self.kill_rounds("keep-all")
        self.assertEqual(result["missing"], 0, result)
        self.assertEqual(result["traces_part"], 0, result)

    def test_mixed_policies_leave_traces_whole_or_absent(self):
        """Scenario: the same, with policies for errors, latency and a tenth of the rest.
        Guarantee: no trace arrives in part, of what was acknowledged, and each is decided as in a run
        without kills."""
        result = self.kill_rounds("mixed", compared=True)
        self.assertEqual(result["decided_otherwise"], 0, result)
        self.assertEqual(result["traces_part"], 0, result)
        self.assertGreater(result["traces_whole"], 0, result)
        self.assertGreater(result["traces_none"], 0, result)

    def rounds_for(self, seconds):
        """Whole rounds of the traffic that last so long: a round cut short would have other traces."""
        with load.Sink() as sink:
            spans = load.play(sink.endpoint, *paths.traffic_options())["spans"]
        return math.ceil(seconds * RATE / spans)

    def undisturbed(self, policies, rounds):
        """What arrives of the same traffic when nothing is killed."""
        seen = self.path("reference")
        with load.Sink(record=seen) as sink, \
                node.Node(self.path("calm"), sink.endpoint, policies=node.SAMPLING[policies],
                          wait=f"{WAIT_S}s") as weir:
            weir.start()
            load.play(weir.grpc, *paths.traffic_options(), "--rounds", rounds, "--max-elapsed", 0)
            weir.wait_at_rest()
        return seen

    def kill_rounds(self, policies, compared=False):
        chance = random.Random(SEED)
        moments = [chance.uniform(0.3, 3.0) for _ in range(ROUNDS)]
        rounds = self.rounds_for(sum(moments) + ROUNDS)
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen) as sink, \
                node.Node(self.path("node"), sink.endpoint, policies=node.SAMPLING[policies],
                          wait=f"{WAIT_S}s") as weir:
            weir.start()
            with load.Player(weir.grpc, *paths.traffic_options(), "--acked", acked, "--rounds", rounds,
                             "--rate", RATE, "--connections", CONNECTIONS, "--in-flight", IN_FLIGHT,
                             "--initial-backoff", 50, "--max-backoff", 500, "--max-elapsed", 0) as player:
                for moment in moments:
                    time.sleep(moment)  # the load's own time, not a synchronisation
                    weir.kill()
                    weir.start()
                summary = player.summary(120)
            weir.wait_at_rest()
            self.assertEqual(weir.terminate(), 0, weir.process.tail())
            total = sink.stop()
        reference = self.undisturbed(policies, rounds) if compared else None
        result = load.check(acked, seen, reference)
        # What a kill may repeat: requests without an answer, and a cursor interval of what was exported.
        per_kill = CONNECTIONS * IN_FLIGHT * REQUEST_SPANS + RATE
        print(f"{policies}: seed {SEED}, {ROUNDS} kills, {summary['acknowledged_spans']} spans acknowledged, "
              f"{total['spans']} arrived, {result['duplicates']} duplicates "
              f"({result['duplicates_of_resent']} of resent requests; bound {ROUNDS * per_kill})")
        self.assertGreater(summary["acknowledged_spans"], 0)
        self.assertEqual(result["foreign"], 0, result)
        self.assertLessEqual(result["duplicates"], ROUNDS * per_kill, result)
        return result


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    case.main()
