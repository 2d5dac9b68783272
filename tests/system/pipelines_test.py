#!/usr/bin/env python3
"""Several sampled pipelines on one receiver: each decides and settles for itself, also when one is gone."""

from support import case
from support.process import wait_until
from support.reloading import ReloadNode, keep


class PipelinesTest(case.SystemTest):
    def node(self):
        """`all` keeps everything after 1 s, `blue` one team's traces after 6 s."""
        one = ReloadNode(self.path("node"))
        self.addCleanup(one.kill)
        one.pipelines = {"traces/all": (["tail_sampling/all"], ["file/a"]),
                         "traces/blue": (["tail_sampling/blue"], ["file/b"])}
        one.policies = {"tail_sampling/all": [{"name": "all", "type": "always_sample"}],
                        "tail_sampling/blue": [keep("blue")]}
        one.waits = {"tail_sampling/all": "1s", "tail_sampling/blue": "6s"}
        one.write()
        return one

    def decided_by_all(self, one, names):
        """Until `all` has delivered these, with that on the disk, and its entries are settled."""
        one.wait_for("file/a", names)
        waits = ("weir_ledger_undelivered_items", "weir_ledger_unsettled_items")
        calm = 0

        def settled():
            nonlocal calm
            calm = 0 if any(one.metric(name, "traces/all") for name in waits) else calm + 1
            return calm >= 6  # gauges of the ledger follow within a second
        wait_until(settled, 20, "what `all` decided to be settled", every=0.25)

    def test_they_settle_apart(self):
        """Scenario: two pipelines with different waits and policies take the same spans; the node is killed
        when one has decided and the other has not, and once more when both have.
        Guarantee: each delivers what its own policies keep, once."""
        one = self.node()
        one.start()
        one.send(1, "sky", "blue")
        one.send(2, "grass", "green")
        self.decided_by_all(one, ["sky", "grass"])
        self.assertEqual(one.spans("file/b"), [])
        self.assertEqual(one.metric("weir_ledger_unsettled_items", "traces/blue"), 2)
        one.kill()
        one.start()
        one.send(3, "sea", "blue")
        one.wait_for("file/b", ["sky", "sea"])
        one.wait_at_rest(30)
        one.kill()
        one.start()
        one.wait_at_rest(30)
        self.assertEqual(sorted(one.spans("file/a")), ["grass", "sea", "sky"])
        self.assertEqual(sorted(one.spans("file/b")), ["sea", "sky"])

    def test_one_that_is_gone_is_owed(self):
        """Scenario: a pipeline is left out of the file while it holds undecided traces; the node is killed
        and started without it, twice, while the other goes on; then it is back.
        Guarantee: what is owed to it is named and counted at each start, kept, and decided when it is back,
        once; the other delivers nothing twice."""
        one = self.node()
        one.start()
        one.send(1, "sky", "blue")
        one.send(2, "grass", "green")
        self.decided_by_all(one, ["sky", "grass"])
        one.kill()
        whole = one.pipelines
        one.pipelines = {"traces/all": whole["traces/all"]}
        one.write()
        for number, name in (3, "sea"), (4, "lawn"):
            one.start()
            one.process.says("pipeline traces/blue which is not in the configuration")
            wait_until(lambda: one.metric("weir_journal_orphaned_spans_total") == 2, 20, "what is owed to be counted")
            one.send(number, name, "blue")
            self.decided_by_all(one, [name])
            one.kill()
        one.pipelines = whole
        one.write()
        one.start()
        one.wait_for("file/b", ["sky"])
        one.wait_at_rest(30)
        self.assertEqual(one.spans("file/b"), ["sky"])
        self.assertEqual(sorted(one.spans("file/a")), ["grass", "lawn", "sea", "sky"])


if __name__ == "__main__":
    case.main()
