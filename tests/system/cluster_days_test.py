#!/usr/bin/env python3
"""Five nodes on bad days: minutes each, with WEIR_LONG=1; scripts/chaos does the same at random."""

import pathlib
import signal
import time

from support import case, cluster, load, node, paths

RATE = 6_000  # spans a second
WAIT = "4s"
TIMES = {"suspect_after": "2s", "down_after": "5s"}
PATIENT = ["--max-elapsed", 0, "--initial-backoff", 50, "--max-backoff", 500, "--timeout", 4000]
ELSEWHERE = 1_000_000  # The first round of traffic that is not the others'.


@case.takes_minutes
class DaysTest(case.SystemTest):
    def cluster_of(self, count, sink, policies):
        made = cluster.Cluster(pathlib.Path(self.path("cluster")), sink.endpoint, count, wait=WAIT, cluster=TIMES,
                               policies=node.SAMPLING[policies])
        self.addCleanup(made.__exit__)
        return made.start()

    def play(self, members, acked, rounds, first=0, rate=RATE):
        more = [word for each in members[1:] for word in ("--endpoint", each.grpc)]
        return load.Player(members[0].grpc, *more, *paths.traffic_options(), "--acked", acked, "--rounds", rounds,
                           "--first-round", first, "--rate", rate, "--connections", 2 * len(members), *PATIENT)

    def rounds_for(self, seconds, rate=RATE):
        with load.Sink() as sink:
            spans = load.play(sink.endpoint, *paths.traffic_options())["spans"]
        return max(1, int(seconds * rate / spans))

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

    def test_a_node_that_never_returns(self):
        """Scenario: five nodes that keep all; the fifth has clients of its own too, is killed under load, and stays
        away. At the end a node is started on its directory after all, to see what was there.
        Guarantee: nothing that the others acknowledged is missing; of what the fifth acknowledged, no more is than
        stood on its disk alone: it is all there when the disk is."""
        seen, others, own = self.path("seen"), self.path("acked"), self.path("acked-by-five")
        with load.Sink(record=seen) as sink:
            nodes = self.cluster_of(5, sink, "keep-all")
            five = nodes.members[4]
            elsewhere = self.play([five], own, 1_000_000, ELSEWHERE, RATE // 4)
            self.addCleanup(elsewhere.kill)
            with self.play(nodes.members[:4], others, self.rounds_for(40)) as player:
                time.sleep(15)
                held = five.metric("weir_journal_open_slots")
                five.kill()
                elsewhere.signal(signal.SIGINT)
                nodes.wait_formed(4)
                summary = player.summary(180)
            told = elsewhere.summary(60)
            nodes.wait_at_rest()
            without, lost = load.check(others, seen), load.check(own, seen)
            print(f"the others: {summary['acknowledged_spans']} spans acknowledged, {without['missing']} missing, "
                  f"{without['duplicates']} duplicates; the fifth: {told['acknowledged_spans']} acknowledged, "
                  f"{lost['missing']} missing, {held:.0f} slots open on its disk a moment before")
            self.assertEqual(summary["failed_spans"], 0, summary)
            self.assertEqual(without["missing"] + without["traces_part"], 0, without)
            self.assertLess(lost["missing"], told["acknowledged_spans"])
            five.start()
            nodes.wait_formed(5)
            nodes.wait_at_rest()
            back = [load.check(others, seen), load.check(own, seen)]
            for each in nodes.members:
                self.assertEqual(each.terminate(), 0, each.process.tail())
        self.assertEqual([each["missing"] for each in back], [0, 0], back)
        self.assertEqual([each["traces_part"] for each in back], [0, 0], back)

    def test_all_that_happens_in_a_week(self):
        """Scenario: five nodes with policies for errors, latency and a tenth of the rest, a back end that is hardly
        faster than the clients all the while; one is killed and returns, one stands still for 20 s, all are restarted
        one after the other, one leaves.
        Guarantee: each trace is whole or absent, and decided as one node decides it, but for those that were decided
        twice by an owner's death, which are counted; duplicates are few."""
        rounds = self.rounds_for(150)
        reference = self.reference("mixed", rounds)
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen) as sink:
            nodes = self.cluster_of(5, sink, "mixed")
            sink.tell(f"rate {RATE * 0.6}")  # About 0.4 of the spans are kept.
            with self.play(nodes.members, acked, rounds) as player:
                time.sleep(8)
                self.kill_and_return(nodes, nodes.members[2])
                self.stand_still(nodes, nodes.members[1])
                self.roll(nodes)
                nodes.members[4].ask("leave")
                self.assertEqual(nodes.members[4].process.wait(180), 0, nodes.members[4].process.tail())
                nodes.wait_formed(4)
                summary = player.summary(300)
            nodes.wait_at_rest()
            page = nodes.metrics()
            for each in nodes.running:
                self.assertEqual(each.terminate(), 0, each.process.tail())
        result = load.check(acked, seen, reference)
        twice = sum(page.get("weir_double_decisions_total", {}).values())
        early = sum(page.get("weir_window_decided_incomplete_total", {}).values())
        print(f"{summary['acknowledged_spans']} spans acknowledged, {result}; {twice:.0f} double decisions, {early:.0f} "
              "decided incomplete, as those count that ran at the end")
        self.assertEqual(summary["failed_spans"], 0, summary)
        self.assertEqual(result["foreign"], 0, result)
        self.assertLessEqual(result["traces_part"] + result["decided_otherwise"], twice + early, result)
        self.assertLess(result["duplicates"], summary["acknowledged_spans"] // 20)

    def kill_and_return(self, nodes, member):
        member.kill()
        nodes.wait_formed(4)
        member.start()
        nodes.wait_formed(5)

    def stand_still(self, nodes, member):
        member.process.signal(signal.SIGSTOP)
        time.sleep(20)  # The fault itself.
        member.process.signal(signal.SIGCONT)
        nodes.wait_formed(5)

    def roll(self, nodes):
        for each in nodes.members:
            self.assertEqual(each.terminate(), 0, each.process.tail())
            each.start()
            nodes.wait_formed(5)


if __name__ == "__main__":
    case.main()
