#!/usr/bin/env python3
"""The same file into the whole Weir program and into the Collector, and the same requests into both: what
leaves them has to be the same, trace by trace and span by span, those included that come after the decision.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import case, paths  # noqa: E402  (the path comes first)

from differential import collector, policies, programs, traffic  # noqa: E402

SEED = 7
TRACES = 1500
LEAST = 50   # traces that each set of policies has to keep, and to leave, of those decided before
WAIT_S = 8   # decision_wait: the spans of a trace are sent well within it
CHOSEN = ["mixed", "mixed_first_match", "mixed_all", "errors", "latency", "probabilistic", "string_regex",
          "numeric", "boolean", "span_count", "trace_state", "and_not", "drop"]


class NodeTest(case.SystemTest):
    def test_what_leaves_is_the_same(self):
        """Scenario: made-up traces through each set of policies, a pipeline each behind one receiver; when all
        are decided, another span of each trace, that most policies would keep by itself, and more traces.
        Guarantee: the same traces leave, with as many spans; each set of policies keeps and leaves fifty or
        more."""
        config = programs.configuration({name: policies.EXACT[name] for name in CHOSEN}, f"{WAIT_S}s")
        theirs = self.program([paths.peer("collector")], "theirs", config)
        ours = self.program([paths.program("weir"), "run"], "ours", config)
        early, fresh = traffic.mixed(SEED, TRACES), traffic.mixed(SEED + 1, TRACES)
        late, spans = traffic.late(early)
        self.send(early, theirs, ours)
        programs.wait_decided(TRACES * len(CHOSEN), theirs, ours)
        self.send(late + fresh, theirs, ours)
        programs.wait_decided(2 * TRACES * len(CHOSEN), theirs, ours)
        for each in (theirs, ours):
            self.assertEqual(each.process.terminate(60), 0, each.process.tail())
        for name in CHOSEN:
            with self.subTest(policies=name):
                expected, got = collector.kept(theirs.file(name)), collector.kept(ours.file(name))
                self.compare(name, expected, got)
                followed = {trace: count for trace, count in got.items() if trace in spans}
                self.assertGreaterEqual(len(followed), LEAST)
                self.assertGreaterEqual(TRACES - len(followed), LEAST)
                self.assertEqual(followed, {trace: spans[trace] + 1 for trace in followed})

    def compare(self, name, expected, got):
        print(f"{name}: {len(expected)} of {2 * TRACES} traces kept, {sum(expected.values())} spans", flush=True)
        missing, extra = sorted(expected.keys() - got.keys()), sorted(got.keys() - expected.keys())
        self.assertEqual((missing[:5], extra[:5]), ([], []), f"{len(missing)} missing, {len(extra)} extra")
        self.assertEqual(got, expected)

    def program(self, command, name, config):
        started = programs.Program(command, self.path(name), config)
        self.addCleanup(started.process.kill)
        return started

    def send(self, requests, *to):
        for each in to:
            self.assertLess(each.send(requests), WAIT_S, "too slow for this decision_wait")


if __name__ == "__main__":
    case.main()
