#!/usr/bin/env python3
"""`weir reload` and SIGHUP: what changes, what stays, and what a node refuses to change while it runs."""

import json
import re
import signal
import subprocess
import time

from support import case, load, node, paths
from support.reloading import WAIT_S, ReloadNode, keep, weir
from support.wire import Connection, head, post

RATE = 20_000  # spans a second


class ReloadTest(case.SystemTest):
    def node(self):
        one = ReloadNode(self.path("node"))
        self.addCleanup(one.kill)
        return one

    def assert_reloaded(self, result, *lines):
        code, said = result
        self.assertEqual(code, 0, said)
        for line in lines:
            self.assertIn(line, said)

    # -- policies --

    def test_held_traces_follow_the_new_policies(self):
        """Scenario: traces of two teams wait for their decision under a policy that keeps one of them; a
        reload keeps the other.
        Guarantee: all of them, and those that come later, are decided by the new policy."""
        one = self.node().start()
        one.send(1, "held blue", "blue")
        one.send(2, "held red", "red")
        one.policies["tail_sampling"] = [keep("red")]
        one.write()
        self.assert_reloaded(one.reload(), "pipeline traces: tail_sampling changed",
                             "the configuration is reloaded")
        one.send(3, "new blue", "blue")
        one.send(4, "new red", "red")
        one.wait_for("file/a", ["held red", "new red"])
        one.wait_at_rest(30)
        self.assertEqual(sorted(one.spans("file/a")), ["held red", "new red"])
        self.assert_reloaded(one.reload(), "nothing to change")

    def test_load_goes_on(self):
        """Scenario: clients send without a break while policies, an exporter's settings and pipelines change
        by SIGHUP, again and again.
        Guarantee: no connection is lost, no request is refused, and nothing acknowledged is missing as long
        as the policies keep all."""
        seen, acked = self.path("seen"), self.path("acked")
        everything = node.SAMPLING["keep-all"]
        with load.Sink(record=seen) as sink, node.Node(self.path("node"), sink.endpoint, policies=everything,
                                                       wait=f"{WAIT_S}s") as one:
            text = one.config_text()
            one.start()
            latency = "[{name: long, type: latency, latency: {threshold_ms: 0}}, {name: all, type: always_sample}]"
            variants = [
                text.replace(node.flow(everything), latency),
                text.replace("compression: none", "compression: gzip"),
                text.replace("exporters: [otlp]}", "exporters: [otlp]}\n    traces/b: {receivers: [otlp], "
                             "exporters: [nop]}").replace("exporters: {otlp:", "exporters: {nop: , otlp:"),
                text,
            ]
            with load.Player(one.grpc, *paths.traffic_options(), "--acked", acked, "--rounds", 0,
                             "--rate", RATE, "--duration", 10, "--connections", 4) as player:
                for variant in variants + variants:
                    time.sleep(1)  # the load's own time, not a synchronisation
                    one.write_text(variant)
                    code, said = weir("reload", "--config", one.config)
                    self.assertEqual(code, 0, said)
                    self.assertIn("the configuration is reloaded", said)
                summary = player.summary(120)
            one.wait_at_rest()
            self.assertEqual(one.terminate(), 0, one.process.tail())
            sink.stop()
        result = load.check(acked, seen)
        print(f"{summary['acknowledged_spans']} spans acknowledged over 8 reloads, {result['duplicates']} duplicates")
        self.assertEqual(summary["lost_attempts"] + summary["refusals"] + summary["failed_spans"], 0, summary)
        self.assertEqual(result["missing"] + result["foreign"] + result["traces_part"], 0, result)

    # -- a file that cannot be --

    def test_a_broken_file_changes_nothing(self):
        """Scenario: the file has an error, by the command and by the signal; then it is whole again.
        Guarantee: exit code 1 with file, line and column and the same in the log, both times; the old policy
        decides what is held and what comes; the next reload works."""
        one = self.node().start()
        one.send(1, "held blue", "blue")
        one.policies["tail_sampling"] = [keep("red")]
        one.write(storge={})
        code, said = one.reload()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"weir\.yaml:\d+:\d+: storge: found an unknown option")
        self.assertIn("nothing was changed", said)
        one.process.says("storge: found an unknown option")
        one.process.says("nothing was changed")
        lines = one.hang_up()
        self.assertTrue(any(re.search(r"weir\.yaml:\d+:\d+: storge: found an unknown option", line)
                            for line in lines), lines)
        self.assertIn("nothing was changed", lines[-1])
        one.send(2, "new blue", "blue")
        one.send(3, "new red", "red")
        one.wait_for("file/a", ["held blue", "new blue"])
        one.wait_at_rest(30)
        self.assertEqual(sorted(one.spans("file/a")), ["held blue", "new blue"])
        one.write()
        self.assert_reloaded(one.reload(), "tail_sampling changed")

    def test_another_file_is_refused(self):
        """Scenario: `weir reload` with another file than the node was started with, with a --set more, with
        the same file by another path and by a link; another file that is broken.
        Guarantee: another one is refused with both names and exit code 1, in the log too, and nothing changes;
        the same one is reloaded."""
        one = self.node().start()
        one.policies["tail_sampling"] = [keep("red")]
        one.write()
        other = one.directory / "other.yaml"
        other.write_text(one.config.read_text(encoding="utf-8"), encoding="utf-8")
        for arguments, name in ((["--config", other], "other.yaml"),
                                (["--config", one.config, "--set", "storage.retention=1h"],
                                 "--set storage.retention")):
            code, said = weir("reload", *arguments)
            self.assertEqual(code, 1, said)
            self.assertRegex(said, rf"this node runs {one.config}, and was asked to reload .*{name}")
            self.assertIn("nothing was changed", said)
            one.process.wait_for_line(lambda line, name=name: "was asked to reload" in line and name in line)
        other.unlink()
        other.symlink_to(one.config)
        self.assert_reloaded(weir("reload", "--config", other), "tail_sampling changed")
        self.assert_reloaded(weir("reload", "--config", one.directory / "." / "weir.yaml"), "nothing to change")
        self.assert_reloaded(weir("reload", "--storage", one.directory / "data"), "nothing to change")

    def test_what_takes_a_restart_is_named(self):
        """Scenario: an endpoint, the storage directory, the window's memory change; tail_sampling goes.
        Guarantee: exit code 1, each is named, and nothing changes."""
        one = self.node().start()
        one.write(sampling={"window_memory": "64MiB"})
        code, said = one.reload()
        self.assertEqual(code, 1, said)
        self.assertIn("sampling.window_memory: this cannot change while the node runs", said)
        one.http_port += 1
        one.pipelines["traces"] = ([], ["file/a"])
        one.write(storage={"directory": self.path("elsewhere")})
        code, said = weir("reload", "--storage", one.directory / "data")
        self.assertEqual(code, 1, said)
        for name in ("receivers.otlp.protocols.http.endpoint", "storage.directory",
                     "service.pipelines.traces: tail_sampling"):
            self.assertIn(f"{name}: this cannot change while the node runs", said)
        self.assertIn("nothing was changed", said)
        code, said = one.reload()
        self.assertEqual(code, 69, said)
        self.assertIn("elsewhere/LOCK: No such file or directory", said)

    def test_the_time_for_a_stop_is_taken(self):
        """Scenario: a reload shortens `shutdown_timeout`, then SIGTERM while a client has sent half a request.
        Guarantee: the node ends in order once the new time is over, not the old one."""
        one = self.node().start()
        one.write_text(one.config_text().replace("service: {", "service: {shutdown_timeout: 1s, "))
        self.assert_reloaded(one.reload(), "service.shutdown_timeout: changed")
        slow = Connection(one.http)
        self.addCleanup(slow.socket.close)
        slow.send(head(100, headers=["Expect: 100-continue"]))
        self.assertEqual(slow.answer().status, 100)
        began = time.monotonic()
        self.assertEqual(one.terminate(), 0, one.process.tail())
        took = time.monotonic() - began
        self.assertGreater(took, 0.9)
        self.assertLess(took, 15)  # it was 30 s

    def test_nobody_to_ask(self):
        """Scenario: the node has ended, and its pid is still in its directory.
        Guarantee: exit code 69, no other process gets the signal."""
        one = self.node().start()
        self.assertEqual(one.terminate(), 0)
        with subprocess.Popen(["sleep", "60"]) as other:
            (one.directory / "data" / "LOCK").write_text(f"{other.pid}\n", encoding="ascii")
            code, said = one.reload()
            running = other.poll() is None
            other.kill()
        self.assertEqual(code, 69, said)
        self.assertIn("no node works in the storage directory", said)
        self.assertTrue(running)

    # -- exporters and pipelines --

    def test_exporters_come_and_go(self):
        """Scenario: a second exporter comes, the first goes, and comes back.
        Guarantee: the new one begins at the log's end; the one that went is said to be gone; back again, it
        goes on where it was."""
        one = self.node()
        one.pipelines["traces"] = ([], ["file/a"])
        one.write()
        one.start()
        one.send(1, "first")
        one.wait_for("file/a", ["first"])
        one.pipelines["traces"] = ([], ["file/a", "file/b"])
        one.write()
        self.assert_reloaded(one.reload(), "exporter file/b of pipeline traces: new")
        one.send(2, "second")
        one.wait_for("file/b", ["second"])
        one.pipelines["traces"] = ([], ["file/b"])
        one.write()
        self.assert_reloaded(one.reload(), "exporter file/a of pipeline traces: gone")
        one.send(3, "third")
        one.wait_for("file/b", ["third"])
        one.pipelines["traces"] = ([], ["file/a", "file/b"])
        one.write()
        self.assert_reloaded(one.reload(), "exporter file/a of pipeline traces: new")
        one.wait_for("file/a", ["third"])
        one.wait_at_rest(30)
        self.assertEqual(one.spans("file/a"), ["first", "second", "third"])
        self.assertEqual(one.spans("file/b"), ["second", "third"])
        self.assertEqual(one.terminate(), 0)

    def test_owed_blocks_are_named(self):
        """Scenario: an exporter whose back end is away goes while it owes data.
        Guarantee: the reload says how much, and ends in time."""
        one = self.node()
        one.pipelines["traces"] = ([], ["file/a"])
        dead = {"otlp": {"endpoint": f"127.0.0.1:{node.free_port()}", "tls": {"insecure": True}}}
        both = {"file/a": {"path": one.file("file/a")}, **dead}
        pipelines = {"traces": {"receivers": ["otlp"], "exporters": ["file/a", "otlp"]}}
        one.write()
        usual = one.config.read_text(encoding="utf-8")
        service = json.dumps(pipelines)
        one.config.write_text(usual.replace(
            re.search(r"^exporters: .*$", usual, re.M).group(0), f"exporters: {node.flow(both)}").replace(
            re.search(r"pipelines: .*$", usual, re.M).group(0), f"pipelines: {service}}}"), encoding="utf-8")
        one.start()
        one.send(1, "owed")
        one.wait_for("file/a", ["owed"])
        one.config.write_text(usual, encoding="utf-8")
        self.assert_reloaded(one.reload(), "exporter otlp of pipeline traces: gone; 1 blocks were not delivered")

    def test_pipelines_come_and_go(self):
        """Scenario: a sampled pipeline goes while it holds a trace, another with another signal comes, the
        first comes back.
        Guarantee: the receiver takes the signals of the pipelines that are there; what was held is decided
        when the pipeline is back, once."""
        one = self.node()
        one.pipelines["traces/other"] = ([], ["file/b"])
        one.write()
        one.start()
        metrics = {"path": "/v1/metrics"}
        self.assertEqual(post(one.http, b"", **metrics).status, 404)
        one.send(1, "held", "blue")
        one.wait_for("file/b", ["held"])
        del one.pipelines["traces"]
        one.pipelines["metrics"] = ([], ["file/c"])
        one.write()
        self.assert_reloaded(one.reload(), "pipeline traces: gone", "pipeline metrics: new",
                             "exporter file/a of pipeline traces: gone")
        self.assertEqual(post(one.http, b"", **metrics).status, 200)
        one.send(2, "meanwhile", "blue")
        one.wait_for("file/b", ["meanwhile"])
        self.assertEqual(one.spans("file/a"), [])
        one.pipelines["traces"] = (["tail_sampling"], ["file/a"])
        del one.pipelines["metrics"]
        one.write()
        self.assert_reloaded(one.reload(), "pipeline traces: new", "pipeline metrics: gone")
        self.assertEqual(post(one.http, b"", **metrics).status, 404)
        one.send(3, "after", "blue")
        one.wait_for("file/a", ["held", "after"])
        one.wait_at_rest(30)
        self.assertEqual(sorted(one.spans("file/a")), ["after", "held"])
        self.assertEqual(one.terminate(), 0)
        # The same over a restart: nothing is decided or delivered twice.
        one.start()
        one.wait_at_rest(30)
        self.assertEqual(sorted(one.spans("file/a")), ["after", "held"])


if __name__ == "__main__":
    case.main()
