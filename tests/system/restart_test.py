#!/usr/bin/env python3
"""What a trace's fate hangs on over a restart: decisions made, spans that came before, a stage that failed."""

import signal

from support import case
from support.process import wait_until
from support.reloading import ReloadNode, keep
from support.wire import attribute, post, request, span

STAGES = ("intake", "writer", "router", "sampler", "compressor", "exporter")


class RestartTest(case.SystemTest):
    def node(self, wait="2s"):
        """Keeps the traces of team blue."""
        one = ReloadNode(self.path("node"))
        self.addCleanup(one.kill)
        one.policies = {"tail_sampling": [keep("blue")]}
        one.waits = {"tail_sampling": wait}
        one.write()
        return one

    def test_late_spans_follow_what_was_decided_before(self):
        """Scenario: one trace is kept, one dropped; the node is killed; each gets a span that alone would be
        decided the other way, right after the start.
        Guarantee: they follow the old decisions, at once, and after one more kill too."""
        one = self.node()
        one.start()
        one.send(1, "sea", "blue")
        one.send(2, "grass", "green")
        one.wait_for("file/a", ["sea"])
        one.wait_at_rest(30)
        for round_ in ("first", "second"):
            one.kill()
            one.start()
            one.send(1, f"sea-{round_}", "green")
            one.send(2, f"grass-{round_}", "blue")
            one.wait_for("file/a", [f"sea-{round_}"])
            one.wait_at_rest(30)
        self.assertEqual(sorted(one.spans("file/a")), ["sea", "sea-first", "sea-second"])

    def test_a_trace_is_decided_from_both_sides_of_a_kill(self):
        """Scenario: two traces have a span before a kill and one after it, inside their wait; the span that
        decides comes first in one, last in the other.
        Guarantee: both are kept whole."""
        one = self.node("6s")
        one.start()
        one.send(1, "sky-early", "blue")
        one.send(2, "sea-early", "green")
        one.kill()
        one.start()
        one.send(1, "sky-late", "green")
        one.send(2, "sea-late", "blue")
        one.wait_at_rest(30)
        self.assertEqual(sorted(one.spans("file/a")), ["sea-early", "sea-late", "sky-early", "sky-late"])

    def test_a_stage_that_throws_ends_the_process(self):
        """Scenario: each stage in turn throws on its next work, as it would when memory runs out.
        Guarantee: the process ends at once and says which; after a start all that was acknowledged arrives."""
        one = self.node("1s")
        sent = []
        for number, stage in enumerate(STAGES, 1):
            one.program, one.env = "broken-node", {"WEIR_THROW": stage}
            one.start()
            one.send(number, stage, "blue")
            sent.append(stage)
            one.process.signal(signal.SIGUSR1)
            wait_until(lambda: self.ended(one, number), 20, f"the process to end for its {stage}")
            one.process.wait_for_line(lambda line: f"stage {stage} threw: broken on purpose" in line, 20)
            one.program, one.env = "weir", None
            one.start()
            one.wait_at_rest(30)
            one.kill()
        self.assertLessEqual(set(sent), set(one.spans("file/a")))

    def ended(self, one, number):
        """Whether it has, by a span more, which may or may not be answered."""
        body = request(span("more", (number + 100).to_bytes(16, "big"), tail=attribute("team", "blue")))
        try:
            post(one.http, body)
        except OSError:
            pass
        return not one.process.running()


if __name__ == "__main__":
    case.main()
