#!/usr/bin/env python3
"""What the scopes of kept spans say of the policy that kept them: Weir's option `record_policy` against the
Collector's feature gate."""

import collections
import copy
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import case, paths  # noqa: E402  (the path comes first)

from differential import policies, programs, traffic  # noqa: E402

GATE = "processor.tailsamplingprocessor.recordpolicy"
SEED = 9
TRACES = 1500
LEAST = 5   # spans whose scope names a policy, of each that can keep a trace
WAIT_S = 8  # decision_wait: the spans of a trace are sent well within it
SCOPES = [[], [], [("a", 7)], [("tailsampling.policy", "before")], [("tailsampling.cached_decision", "before")],
          [("tailsampling.composite_policy", "before"), ("a", True)]]


class RecordPolicyTest(case.SystemTest):
    def test_scopes_say_the_same(self):
        """Scenario: made-up traces, in scopes with and without attributes of these names, through policies of
        every form; when all are decided, a late span of each trace.
        Guarantee: the same spans leave, in scopes with the same attributes, in the same order and of the same
        types; each policy and part of a composite one is named, for spans in time and (parts apart) late ones."""
        wanted = programs.configuration(policies.RECORDED, f"{WAIT_S}s")
        theirs = self.program([paths.peer("collector"), f"--feature-gates={GATE}"], "theirs", wanted)
        ours = self.program([paths.program("weir"), "run"], "ours", recording(wanted))
        chance = random.Random(SEED)
        early = traffic.mixed(SEED, TRACES, lambda: chance.choice(SCOPES))
        late, _ = traffic.late(early)
        for each in (theirs, ours):
            self.assertLess(each.send(early), WAIT_S, "too slow for this decision_wait")
        programs.wait_decided(TRACES * len(policies.RECORDED), theirs, ours)
        for each in (theirs, ours):
            each.send(late)
        programs.wait_decided(TRACES * len(policies.RECORDED), theirs, ours)
        for each in (theirs, ours):
            self.assertEqual(each.process.terminate(60), 0, each.process.tail())
        for name, (chosen, _) in policies.RECORDED.items():
            with self.subTest(policies=name):
                expected, got = scopes(theirs.file(name)), scopes(ours.file(name))
                self.assertGreater(len(expected), 0)
                wrong = [span for span in expected if got.get(span) != expected[span]]
                self.assertEqual([(expected[span], got.get(span)) for span in wrong[:3]], [],
                                 f"{len(wrong)} of {len(expected)} differ")
                self.assertEqual(got.keys(), expected.keys())
                self.check_names(name, chosen, got)

    def check_names(self, name, chosen, got):
        """Everyone who can keep a trace is named often enough for the comparison to mean something."""
        said = collections.Counter(
            (one["key"], one["value"].get("stringValue", True)) for attributes, _ in got.values()
            for one in attributes if one["value"].get("stringValue") != "before")
        print(f"{name}: {len(got)} spans; {dict(said)}", flush=True)
        keepers = {one["name"] for one in chosen if one["type"] != "drop"}
        parts = {part["name"] for one in chosen if one["type"] == "composite"
                 for part in one["composite"]["composite_sub_policy"]}
        for wanted in ([("tailsampling.policy", one) for one in keepers]
                       + [("tailsampling.composite_policy", one) for one in parts]
                       + [("tailsampling.cached_decision", True)]):
            self.assertGreaterEqual(said[wanted], LEAST, wanted)

    def program(self, command, name, config):
        started = programs.Program(command, self.path(name), config)
        self.addCleanup(started.process.kill)
        return started


def recording(config):
    """The same for Weir, with its option for the gate."""
    ours = copy.deepcopy(config)
    for options in ours["processors"].values():
        options["record_policy"] = True
    return ours


def scopes(path):
    """By (trace id, span id) of a file that the file exporter wrote: attributes and name of the span's scope."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        for resource in json.loads(line).get("resourceSpans", []):
            for scope in resource.get("scopeSpans", []):
                said = scope.get("scope", {}).get("attributes", []), scope.get("scope", {}).get("name")
                for span in scope.get("spans", []):
                    found[span["traceId"], span["spanId"]] = said
    return found


if __name__ == "__main__":
    case.main()
