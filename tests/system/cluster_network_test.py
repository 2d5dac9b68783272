#!/usr/bin/env python3
"""Nodes on hosts of their own, between which the network is cut: a link, one way of it, again and again, in two parts."""

import pathlib
import time

from support import case, cluster, load, network, node, paths
from support.process import wait_until

RATE = 8_000  # spans a second
WAIT = "4s"
TIMES = {"suspect_after": "2s", "down_after": "5s"}
PATIENT = ["--max-elapsed", 0, "--initial-backoff", 50, "--max-backoff", 500, "--timeout", 4000]


class Scenario:
    """A cluster of three under load, and what came of it."""

    def __init__(self, test, policies, rate=RATE):
        self.test = test
        self.policies = policies
        self.rate = rate
        self.seen, self.acked = test.path("seen"), test.path("acked")
        self.net = network.Network()
        test.addCleanup(self.net.__exit__)
        self.sink = load.Sink(record=self.seen, listen=f"{network.ROUTER}:0")
        test.addCleanup(self.sink.__exit__)
        self.nodes = cluster.Cluster(pathlib.Path(test.path("cluster")), self.sink.endpoint, 3, network=self.net,
                                     policies=node.SAMPLING[policies], wait=WAIT, cluster=TIMES)
        test.addCleanup(self.nodes.__exit__)
        self.nodes.start()
        self.hosts = self.net.hosts

    def play(self, rounds):
        members = self.nodes.members
        return load.Player(members[0].grpc, *self.nodes.endpoints(members[1:]), *paths.traffic_options(), "--acked",
                           self.acked, "--rounds", rounds, "--rate", self.rate, "--connections", 6, *PATIENT)

    def finish(self, player, reference=None):
        self.summary = player.summary(180)
        self.nodes.wait_formed(3)
        self.nodes.wait_at_rest(180)
        self.page = self.nodes.metrics()
        self.troubles = [line for each in self.nodes.members for line in each.troubles()]
        for each in self.nodes.members:
            self.test.assertEqual(each.terminate(), 0, each.process.tail())
        self.sink.stop()
        self.test.assertEqual(self.summary["failed_spans"], 0, self.summary)
        self.result = load.check(self.acked, self.seen, reference)
        print(f"{self.summary['acknowledged_spans']} spans acknowledged, {self.result}, "
              f"{self.count('weir_double_decisions_total')} double decisions, "
              f"{self.count('weir_cluster_insisted_slots_total')} slots insisted")

    def count(self, name):
        return int(sum(self.page.get(name, {}).values()))


def rounds_for(seconds):
    with load.Sink() as sink:
        spans = load.play(sink.endpoint, *paths.traffic_options())["spans"]
    return max(1, int(seconds * RATE / spans))


class ClusterNetworkTest(case.SystemTest):
    def reference(self, policies, rounds):
        """What one node keeps of the same traffic."""
        seen = self.path("reference")
        with load.Sink(record=seen) as sink, \
                node.Node(self.path("alone"), sink.endpoint, policies=node.SAMPLING[policies], wait=WAIT) as weir:
            weir.start()
            load.play(weir.grpc, *paths.traffic_options(), "--rounds", rounds, "--rate", RATE, "--max-elapsed", 0)
            weir.wait_at_rest()
            sink.stop()
        return seen

    def check_link_is_cut(self, scenario, one, other, seconds):
        """While a link is cut both ends say so; nobody is taken for down, as the third reaches both."""
        scenario.net.cut(scenario.hosts[0], scenario.hosts[1])
        time.sleep(seconds)  # The fault itself.
        for each, peer in ((one, other), (other, one)):
            wait_until(lambda: any(f"no link to {peer.directory.name}" in line for line in each.troubles()), 30,
                       f"{each.directory.name} to miss its link: {each.troubles()}", every=0.5)
            self.assertEqual(each.ring()[0], 3)
        scenario.net.heal()
        scenario.nodes.wait_formed(3)

    def test_links_are_cut_under_load(self):
        """Scenario: three nodes that keep all, under load; a link is cut, then one way of another, then a link flaps,
        then one node is cut from both.
        Guarantee: nothing acknowledged is lost, no trace arrives in part; both ends of a cut say so."""
        pause = 20 if case.LONG else 5
        scenario = Scenario(self, "keep-all")
        one, two, three = scenario.hosts
        with scenario.play(rounds_for(4 * pause + 12)) as player:
            self.check_link_is_cut(scenario, *scenario.nodes.members[:2], pause)
            scenario.net.cut_way(two, three)
            time.sleep(pause)
            scenario.net.heal()
            for _ in range(pause):
                scenario.net.cut(one, three)
                time.sleep(0.5)
                scenario.net.heal()
                time.sleep(0.5)
            scenario.net.split([one], [two, three])
            time.sleep(pause)
            scenario.net.heal()
            scenario.finish(player)
        result = scenario.result
        self.assertEqual(result["missing"] + result["foreign"] + result["traces_part"], 0, result)

    @case.takes_minutes
    def test_a_cluster_in_two_parts_decides_nearly_as_one(self):
        """Scenario: three nodes with policies for errors, latency and a tenth of the rest, cut 2|1 for 20 s and healed;
        traces have spans in both parts.
        Guarantee: no trace comes in part, or is decided otherwise than by one node, but for those that the two parts
        have decided twice; these are counted and shown."""
        rounds = rounds_for(50)
        reference = self.reference("mixed", rounds)
        scenario = Scenario(self, "mixed")
        one, two, three = scenario.hosts
        with scenario.play(rounds) as player:
            time.sleep(8)
            scenario.net.split([one], [two, three])
            time.sleep(20)  # The fault itself.
            scenario.net.heal()
            scenario.finish(player, reference)
        result = scenario.result
        excused = scenario.count("weir_double_decisions_total")
        self.assertEqual(result["foreign"], 0, result)
        self.assertLessEqual(result["traces_part"] + result["decided_otherwise"], excused, result)
        self.assertGreater(excused, 0)
        self.assertTrue(any("decided otherwise" in line for line in scenario.troubles), scenario.troubles)


if __name__ == "__main__":
    network.enter()
    case.main()
