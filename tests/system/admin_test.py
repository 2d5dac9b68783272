#!/usr/bin/env python3
"""`weir status`, `members` and `leave` against a running node."""

import json
import pathlib
import re
import subprocess

from support import case, node, paths
from support.process import Process


class AdminTest(case.SystemTest):
    def start(self, name, admin):
        """A node that keeps nothing, with these lines for its admin API."""
        directory = pathlib.Path(self.path(name))
        directory.mkdir()
        config = {"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}},
                  "exporters": {"nop": None},
                  "service": {"telemetry": {"metrics": {"level": "none"}},
                              "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["nop"]}}},
                  "storage": {"directory": str(directory / "data")}, **admin}
        path = directory / "weir.yaml"
        path.write_text(json.dumps(config), encoding="utf-8")
        weir = Process([paths.program("weir"), "run", "--config", str(path)], name="weir")
        self.addCleanup(weir.kill)
        return weir

    def ask(self, *arguments):
        return subprocess.run([paths.program("weir"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False)

    def test_a_node_is_asked(self):
        """Scenario: a node without a cluster, asked in every way, as tables and as JSON. Guarantee: what it is and
        how it is, on lines of 80 characters; that there is no cluster, and nothing to leave."""
        endpoint = f"127.0.0.1:{node.free_port()}"
        weir = self.start("one", {"admin": {"endpoint": endpoint}})
        weir.wait_for_line(lambda line: line.endswith("ready"))
        shown = self.ask("status", "--endpoint", endpoint)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertRegex(shown.stdout, r"^Node [0-9a-f]{16}, release \d+\.\d+\.\d+, running for ")
        self.assertRegex(shown.stdout, r"\n  traces +nop +sending +0 +-\n")
        self.assertTrue(all(len(line) <= 80 for line in shown.stdout.splitlines()), shown.stdout)
        status = json.loads(self.ask("status", "--endpoint", endpoint, "--output", "json").stdout)
        self.assertEqual(status["node"]["phase"], "running")
        self.assertGreater(int(status["node"]["disk"]["free_bytes"]), 0)
        self.assertGreater(int(status["node"]["window"]["limit_bytes"]), 0)
        self.assertNotIn("cluster", status)
        self.assertIn("alone", self.ask("members", "--endpoint", endpoint).stdout)
        left = self.ask("leave", "--endpoint", endpoint)
        self.assertEqual(left.returncode, 69)
        self.assertIn("no cluster to leave", left.stderr)
        weir.terminate()
        gone = self.ask("status", "--endpoint", endpoint)
        self.assertEqual(gone.returncode, 69)
        self.assertIn(f"nobody answers at {endpoint}", gone.stderr)

    def test_a_taken_port(self):
        """Scenario: two nodes with the default port; a third that was told a port that is taken; one that is to have
        none. Guarantee: the first two start, one of them perhaps with a warning (as where another program has the
        port); the third does not; the last says nothing of it."""
        first = self.start("first", {})
        first.wait_for_line(lambda line: line.endswith("ready"))
        second = self.start("second", {})
        second.wait_for_line(lambda line: line.endswith("ready"))
        self.assertTrue(any("`weir status` will not reach this node" in line for line in second.lines))
        third = self.start("third", {"admin": {"endpoint": "127.0.0.1:13134"}})
        self.assertEqual(third.wait(), 69)
        self.assertTrue(any("127.0.0.1:13134 cannot be listened on" in line for line in third.lines))
        without = self.start("without", {"admin": {"enabled": False}})
        without.wait_for_line(lambda line: line.endswith("ready"))
        self.assertFalse(any(re.search(r"\badmin\b", line) for line in without.lines))


if __name__ == "__main__":
    case.main()
