#!/usr/bin/env python3
"""`record_policy`: what the scopes of kept spans say of the policy, over kills, restarts and reloads."""

from support import case
from support.reloading import ReloadNode, keep

PART_OF_TEAMS = {"name": "teams", "type": "composite", "composite": {
    "max_total_spans_per_second": 1000, "policy_order": ["team-red"], "composite_sub_policy": [keep("red")],
    "rate_allocation": [{"policy": "team-red", "percent": 100}]}}


class RecordPolicyTest(case.SystemTest):
    def node(self, record=True):
        """Keeps blue by a policy, red by a part of a composite one."""
        one = ReloadNode(self.path("node"))
        self.addCleanup(one.kill)
        one.policies = {"tail_sampling": [keep("blue"), PART_OF_TEAMS]}
        self.record(one, record)
        return one.start()

    @staticmethod
    def record(one, record):
        one.options["tail_sampling"] = {"record_policy": record}
        one.write()

    def assert_said(self, one, expected):
        """By name of a span: its scope's attributes without what their keys have in common."""
        one.wait_for("file/a", expected)
        one.wait_at_rest(30)
        said = {}
        for scope in one.scopes("file/a"):
            values = {pair["key"].removeprefix("tailsampling."): next(iter(pair["value"].values()))
                      for pair in scope.get("scope", {}).get("attributes", [])}
            for span in scope["spans"]:
                self.assertNotIn(span["name"], said)
                said[span["name"]] = values
        self.assertEqual(said, expected)

    def test_a_kill_before_the_decision_changes_nothing(self):
        """Scenario: traces wait for their decision; the node is killed, and decides them after its start;
        then each gets a late span, and one more after another kill.
        Guarantee: the same is said as without a kill; late spans name the policy that is remembered."""
        one = self.node()
        one.send(1, "sea", "blue")
        one.send(2, "rose", "red")
        one.send(3, "grass", "green")
        one.kill()
        one.start()
        expected = {"sea": {"policy": "team-blue"}, "rose": {"policy": "teams", "composite_policy": "team-red"}}
        self.assert_said(one, expected)
        for late in ("late", "later"):
            one.send(1, f"sea-{late}")
            one.send(2, f"rose-{late}")
            expected[f"sea-{late}"] = {"policy": "team-blue", "cached_decision": True}
            expected[f"rose-{late}"] = {"policy": "teams", "cached_decision": True}
            self.assert_said(one, expected)
            one.kill()
            one.start()

    def test_a_reload_switches_it(self):
        """Scenario: without the option a trace is kept and two wait; a reload switches it on, a later one off.
        Guarantee: what is written while it is on says why, late spans of the first trace too; the rest says
        nothing."""
        one = self.node(record=False)
        one.send(1, "before", "blue")
        expected = {"before": {}}
        self.assert_said(one, expected)
        one.send(2, "held", "blue")
        one.send(3, "held-red", "red")
        self.switch(one, True)
        one.send(1, "late")
        expected |= {"held": {"policy": "team-blue"},
                     "held-red": {"policy": "teams", "composite_policy": "team-red"},
                     "late": {"policy": "team-blue", "cached_decision": True}}
        self.assert_said(one, expected)
        self.switch(one, False)
        one.send(2, "off-late")
        one.send(4, "off", "red")
        expected |= {"off-late": {}, "off": {}}
        self.assert_said(one, expected)

    def switch(self, one, record):
        self.record(one, record)
        code, said = one.reload()
        self.assertEqual(code, 0, said)
        self.assertIn("tail_sampling changed", said)


if __name__ == "__main__":
    case.main()
