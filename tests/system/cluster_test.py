#!/usr/bin/env python3
"""Nodes that are one cluster: traces whose spans come in at all of them, while nodes come, go and die."""

import pathlib
import signal
import time

from support import case, cluster, load, node, paths

RATE = 12_000  # spans a second
WAIT = "4s"
PATIENT = ["--max-elapsed", 0, "--initial-backoff", 50, "--max-backoff", 500, "--timeout", 4000]


class ClusterTest(case.SystemTest):
    def cluster_of(self, count, sink, policies="keep-all", **options):
        made = cluster.Cluster(pathlib.Path(self.path("cluster")), sink.endpoint, count,
                               policies=node.SAMPLING[policies], wait=WAIT, **options)
        self.addCleanup(made.__exit__)
        return made

    def play(self, members, acked, rounds, *options):
        endpoints = [word for each in members[1:] for word in ("--endpoint", each.grpc)]
        return load.Player(members[0].grpc, *endpoints, *paths.traffic_options(), "--acked", acked,
                           "--rounds", rounds, "--rate", RATE, "--connections", 2 * len(members), *PATIENT, *options)

    def rounds_for(self, seconds):
        with load.Sink() as sink:
            spans = load.play(sink.endpoint, *paths.traffic_options())["spans"]
        return max(1, int(seconds * RATE / spans))

    def reference(self, policies, rounds):
        """What one node keeps of the same traffic."""
        seen = self.path("reference")
        with load.Sink(record=seen) as sink, \
                node.Node(self.path("alone"), sink.endpoint, policies=node.SAMPLING[policies], wait=WAIT) as weir:
            weir.start()
            # At the same pace: the spans of some traces come further apart than traces wait.
            load.play(weir.grpc, *paths.traffic_options(), "--rounds", rounds, "--rate", RATE, "--max-elapsed", 0)
            weir.wait_at_rest()
            sink.stop()
        return seen

    def test_three_decide_as_one(self):
        """Scenario: three nodes, traces whose spans come in at all of them, policies for errors, latency and a tenth
        of the rest.
        Guarantee: every trace is whole or absent, and decided as one node decides it; nothing comes twice; each node
        owns about a third, and knows the others."""
        rounds = self.rounds_for(10)
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen) as sink:
            nodes = self.cluster_of(3, sink, "mixed").start()
            for each in nodes.members:
                up, owned = each.ring()
                self.assertEqual(up, 3)
                self.assertGreater(owned, 900)
            with self.play(nodes.members, acked, rounds) as player:
                summary = player.summary(120)
            nodes.wait_at_rest()
            self.assertGreater(nodes.metric("weir_cluster_received_entries_total"), 10)
            members = nodes.members[0].ask("members")
            self.assertEqual(len(members["cluster"]["members"]), 3, members)
            for each in nodes.members:
                self.assertEqual(each.terminate(), 0, each.process.tail())
            sink.stop()
        self.assertEqual(summary["failed_spans"], 0, summary)
        result = load.check(acked, seen, self.reference("mixed", rounds))
        print(f"{summary['acknowledged_spans']} spans acknowledged, {result['traces_whole']} traces whole, "
              f"{result['traces_none']} absent, {result['duplicates']} duplicates")
        self.assertEqual(result["traces_part"] + result["decided_otherwise"] + result["foreign"], 0, result)
        self.assertEqual(result["duplicates"], 0, result)
        self.assertGreater(result["traces_whole"], 0, result)
        self.assertGreater(result["traces_none"], 0, result)

    def test_nodes_come_and_go_under_load(self):
        """Scenario: three nodes under load; a fourth joins, one leaves, one is restarted, one is killed and comes
        back, one stands still for longer than `down_after`.
        Guarantee: nothing acknowledged is lost, no trace arrives in part."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen) as sink:
            nodes = self.cluster_of(3, sink, cluster={"suspect_after": "2s", "down_after": "4s"}).start()
            one, two, three = nodes.members
            with self.play(nodes.members, acked, self.rounds_for(45)) as player:
                four = nodes.add().start()
                nodes.wait_formed(4)
                three.kill()
                nodes.wait_formed(3)
                three.start()
                nodes.wait_formed(4)
                self.assertEqual(two.terminate(), 0, two.process.tail())
                two.start()
                nodes.wait_formed(4)
                one.ask("leave", "n4")
                self.assertEqual(four.process.wait(90), 0, four.process.tail())
                nodes.wait_formed(3)
                one.process.signal(signal.SIGSTOP)
                time.sleep(8)  # The fault itself.
                one.process.signal(signal.SIGCONT)
                nodes.wait_formed(3)
                summary = player.summary(180)
            nodes.wait_at_rest()
            for each in nodes.running:
                self.assertEqual(each.terminate(), 0, each.process.tail())
            total = sink.stop()
        result = load.check(acked, seen)
        print(f"{summary['acknowledged_spans']} spans acknowledged, {total['spans']} arrived, "
              f"{result['duplicates']} duplicates")
        self.assertEqual(summary["failed_spans"], 0, summary)
        self.assertEqual(result["missing"] + result["foreign"] + result["traces_part"], 0, result)


if __name__ == "__main__":
    case.main()
