#!/usr/bin/env python3
"""What was received is sent once more: to another back end, on one node and on three, with kills in between."""

import json
import pathlib
import re
import subprocess

from support import case, cluster, load, node, paths
from support.process import wait_until

TRAFFIC = 60_000  # spans, about


class ReplayTest(case.SystemTest):
    @staticmethod
    def run_weir(admin, *arguments):
        return subprocess.run([paths.program("weir"), *map(str, arguments), "--endpoint", admin], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)

    def ask(self, admin, *arguments, code=0):
        """A command of the admin API: what it prints."""
        done = self.run_weir(admin, *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def refusal(self, admin, code, *arguments):
        """What a command says that is refused, in one line."""
        done = self.run_weir(admin, *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return " ".join(done.stderr.split())

    def replays(self, admin, nodes=1):
        """[part of a replay] of all nodes."""
        answers = json.loads(self.ask(admin, "replay", "list", "--output", "json"))["answers"]
        self.assertEqual(len(answers), nodes, answers)
        return [part for answer in answers for part in answer.get("replays", [])]

    def wait_done(self, admin, nodes=1, seconds=120):
        def done():
            parts = self.replays(admin, nodes)
            self.assertFalse([part for part in parts if part["state"] in ("failed", "left", "cancelled")], parts)
            return parts and all(part["state"] == "done" for part in parts)
        wait_until(done, seconds, "the replay to end", every=0.2)
        return self.replays(admin, nodes)

    @staticmethod
    def add_exporter(weir, endpoint):
        """Configures `otlp/second`, in a pipeline that nothing comes to."""
        exporter = node.flow({"endpoint": endpoint, "tls": {"insecure": True}, "compression": "none",
                              "retry_on_failure": {"initial_interval": "100ms", "max_interval": "500ms"}})
        weir.write_text(weir.config_text().replace("exporters: {otlp: ", f"exporters: {{otlp/second: {exporter}, otlp: ")
                         .replace("  pipelines:", "  pipelines:\n    metrics: {receivers: [otlp], exporters: [otlp/second]}"))

    def one_node(self, sink, second, **options):
        admin = f"127.0.0.1:{node.free_port()}"
        weir = node.Node(self.path("one"), sink.endpoint, admin={"endpoint": admin}, **options)
        self.addCleanup(weir.kill)
        self.add_exporter(weir, second.endpoint)
        return weir.start(), admin

    def fill(self, endpoint, acked, *more):
        """About TRAFFIC spans; the summary."""
        with load.Sink() as sink:
            spans = load.play(sink.endpoint, *paths.traffic_options())["spans"]
        return load.play(endpoint, *paths.traffic_options(), "--acked", acked, "--rounds",
                         max(1, TRAFFIC // spans), "--max-elapsed", 0, *more)

    def test_to_another_back_end(self):
        """Scenario: what was received is delivered; then all of it is asked for at a second back end, with a mark.
        Guarantee: exactly that comes there, each span once; a dry run says how much it is, `weir logs cat` prints
        it, and `weir trace` finds one of its traces."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink() as sink, load.Sink(record=seen) as second:
            weir, admin = self.one_node(sink, second, policies=node.SAMPLING["keep-all"], wait="1s")
            sent = self.fill(weir.grpc, acked)
            weir.wait_at_rest()
            whole = ["--pipeline", "traces", "--from", "-1h"]
            counted = json.loads(self.ask(admin, "replay", *whole, "--dry-run", "--output", "json"))["answers"][0]
            self.assertEqual(int(counted["items"]), sent["acknowledged_spans"], counted)
            self.ask(admin, "replay", *whole, "--exporter", "otlp/second", "--mark", "replayed=yes")
            parts = self.wait_done(admin)
            self.assertEqual(int(parts[0]["delivered"]), sent["acknowledged_spans"], parts)
            self.assertEqual(weir.metric("weir_replay_sent_items_total"), sent["acknowledged_spans"])
            self.check_cat(admin, whole, sent["acknowledged_spans"])
            second.stop()
            result = load.check(acked, seen)
            print(f"{sent['acknowledged_spans']} spans acknowledged, {counted['traces']} traces counted: {result}")
            self.assertEqual(result["missing"] + result["duplicates"] + result["foreign"], 0, result)
            self.assertEqual(weir.terminate(), 0, weir.process.tail())

    def check_cat(self, admin, whole, spans):
        printed = self.ask(admin, "logs", "cat", *whole).splitlines()
        found = [span for line in printed for resource in json.loads(line)["resourceSpans"]
                 for scope in resource["scopeSpans"] for span in scope["spans"]]
        self.assertEqual(len(found), spans)
        trace = found[len(found) // 2]["traceId"]
        mine = [span for span in found if span["traceId"] == trace]
        shown = self.ask(admin, "trace", trace)
        said = " ".join(shown.split())
        self.assertRegex(said, r"kept, in block \d+ of traces")
        self.assertIn("keep, policy all", said)
        self.assertIn("otlp: delivered", said)
        self.assertEqual(len(re.findall(r"=+ +[\d.]+ (?:ms|s)$", shown, re.M))
                         + len(re.findall(r"!+ +[\d.]+ (?:ms|s)$", shown, re.M)), len(mine), shown)
        self.assertTrue(all(len(line) <= 80 for line in shown.splitlines()), shown)
        only = self.ask(admin, "logs", "cat", *whole, "--trace-id", trace).splitlines()
        self.assertEqual(sum(line.count('"traceId"') for line in only),
                         sum(1 + len(span.get("links", [])) for span in mine))
        self.assertIn("no node has a trace", self.ask(admin, "trace", "f" * 32, "--at", "-1m", code=1))

    def test_refusals(self):
        """Scenario: an exporter, a pipeline, a time and a condition that there are not; an empty range. Guarantee:
        each is refused with the reason and an exit code of its own, and nothing begins; the empty range ends."""
        with load.Sink() as sink, load.Sink() as second:
            weir, admin = self.one_node(sink, second)
            good = ["replay", "--pipeline", "traces", "--from", "-2h", "--to", "-1h", "--exporter", "otlp/second"]

            def with_option(name, value):
                words = list(good)
                words[words.index(name) + 1] = value
                return words
            self.assertRegex(self.refusal(admin, 1, *with_option("--exporter", "otlp/third")),
                             r"no exporter `otlp/third` is configured; there are: .*otlp/second")
            self.assertIn("there are: metrics, traces", self.refusal(admin, 1, *with_option("--pipeline", "traces/x")))
            self.assertIn("is no time", self.refusal(admin, 2, *with_option("--from", "yesterday")))
            self.assertIn("--where", self.refusal(admin, 1, *good, "--where", "nmae == 1"))
            self.assertEqual(self.replays(admin), [])
            self.ask(admin, *good, "--watch")
            self.assertEqual(self.replays(admin)[0]["state"], "done")
            self.assertEqual(weir.terminate(), 0, weir.process.tail())

    def test_a_kill_in_the_middle(self):
        """Scenario: the first back end is away; what waits for it goes to a second one at a bounded rate; the node
        is killed half way, and started again. Guarantee: all of it comes to the second one, twice at most what was in
        flight and what a second brings; the first one gets it too, once it is back."""
        seen, acked, first_seen = self.path("seen"), self.path("acked"), self.path("first")
        with load.Sink(record=first_seen) as sink, load.Sink(record=seen) as second:
            weir, admin = self.one_node(sink, second)
            sink.tell("fail 1")
            sent = self.fill(weir.grpc, acked)
            self.ask(admin, "replay", "--pipeline", "traces", "--from", "-1h", "--exporter", "otlp/second", "--rate",
                     "4MB/s")
            half = sent["acknowledged_spans"] // 3
            wait_until(lambda: int(self.replays(admin)[0]["delivered"]) > half, 60, "a part of it", every=0.1)
            weir.kill()
            weir.start()
            part = self.replays(admin)[0]
            self.assertEqual(part["state"], "running", part)
            self.assertLess(int(part["delivered"]), sent["acknowledged_spans"])
            self.wait_done(admin)
            sink.tell("fail 0")
            weir.wait_at_rest()
            second.stop()
            sink.stop()
            result = load.check(acked, seen)
            print(f"{sent['acknowledged_spans']} spans acknowledged: {result}")
            self.assertEqual(result["missing"] + result["foreign"], 0, result)
            self.assertLess(result["duplicates"], sent["acknowledged_spans"] // 2, result)
            self.assertEqual(load.check(acked, first_seen)["missing"], 0)
            self.assertEqual(weir.terminate(), 0, weir.process.tail())

    def test_three_nodes(self):
        """Scenario: three nodes, traces whose spans come in at all of them; a replay is asked for at one node; one of
        the others is killed while it runs, and comes back. Guarantee: each plays its own log, one summary has all;
        every span comes to the second back end, and who does not answer is named."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink() as sink, load.Sink(record=seen) as second:
            nodes = cluster.Cluster(pathlib.Path(self.path("cluster")), sink.endpoint, 3,
                                    policies=node.SAMPLING["keep-all"], wait="1s")
            self.addCleanup(nodes.__exit__)
            for each in nodes.members:
                self.add_exporter(each, second.endpoint)
            nodes.start()
            sent = self.fill(nodes.members[0].grpc, acked, *nodes.endpoints(nodes.members[1:]))
            nodes.wait_at_rest()
            admin = nodes.members[0].admin
            self.ask(admin, "replay", "--pipeline", "traces", "--from", "-1h", "--exporter", "otlp/second", "--rate",
                     "2MB/s")
            victim = nodes.members[2]
            wait_until(lambda: all(int(part["delivered"]) > 0 for part in self.replays(admin, 3)), 60, "a beginning")
            victim.kill()
            self.assertIn("n3", self.refusal(admin, 3, "replay", "list"))
            victim.start()
            nodes.wait_formed(3)
            parts = self.wait_done(admin, 3)
            delivered = sum(int(part["delivered"]) for part in parts)
            second.stop()
            result = load.check(acked, seen)
            print(f"{sent['acknowledged_spans']} spans acknowledged, {delivered} counted: {result}")
            self.assertEqual(len(parts), 3)
            self.assertEqual(delivered, sent["acknowledged_spans"], parts)
            self.assertEqual(result["missing"] + result["foreign"], 0, result)
            for each in nodes.members:
                self.assertEqual(each.terminate(), 0, each.process.tail())


if __name__ == "__main__":
    case.main()
