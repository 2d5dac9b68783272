#!/usr/bin/env python3
"""What a node says as it starts, and the pages of which there may be several."""

import json
import re
import subprocess
import urllib.request

from support import case, node, paths
from support.reloading import ReloadNode


def start_line(one):
    """The fields of the line that a log begins with."""
    line = next(line for line in one.process.lines if " starts in " in line)
    return json.loads(line[line.index("{"):])


class StartTest(case.SystemTest):
    def node(self):
        one = ReloadNode(self.path("node"))
        self.addCleanup(one.kill)
        return one

    def test_the_log_begins_with_who_starts(self):
        """Scenario: a node starts for the first time, is killed, starts, is told to stop, starts.
        Guarantee: the first line has version, commit, sources, directory and limits, and how it was stopped
        before."""
        one = self.node()
        for last_stop, end in (("none", one.kill), ("unclean", one.terminate), ("clean", one.kill)):
            one.start()
            said = start_line(one)
            self.assertIn("weir ", one.process.lines[0])
            self.assertTrue(said["last_stop"].startswith(last_stop), said)
            self.assertEqual(said["directory"], str(one.directory / "data"))
            self.assertIn(str(one.config), said["sources"])
            self.assertRegex(said["version"], r"^\d+\.\d+\.\d+$")
            self.assertRegex(said["commit"], r"^(unknown|[0-9a-f]{7,40}\+?)$")
            for limit in ("max_bytes", "window_memory", "max_bytes_in_flight", "max_connections"):
                self.assertGreater(said[limit], 0)
            end()

    def test_several_pages(self):
        """Scenario: two health extensions, one of version 2, and two readers of metrics.
        Guarantee: all four ports answer."""
        one = self.node()
        ports = [node.free_port() for _ in range(2)]
        prometheus = [{"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": port}}}}
                      for port in (one.ports["metrics"], ports[0])]
        one.write(extensions={"health_check": {"endpoint": f"127.0.0.1:{one.ports['health']}"},
                              "healthcheckv2": {"use_v2": "true", "http": {"endpoint": f"127.0.0.1:{ports[1]}"}}},
                  service={"extensions": ["health_check", "healthcheckv2"],
                           "telemetry": {"metrics": {"readers": prometheus}},
                           "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file/a"]}}})
        one.start()
        for port, path in ((one.ports["metrics"], "metrics"), (ports[0], "metrics"),
                           (one.ports["health"], ""), (ports[1], "status")):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as page:
                self.assertEqual(page.status, 200)

    def test_the_version_is_that_of_the_log(self):
        """Scenario: `weir --version`. Guarantee: version, commit and formats, the first two as in the log."""
        text = subprocess.run([paths.program("weir"), "--version"], stdout=subprocess.PIPE, text=True,
                              timeout=30, check=True).stdout
        one = self.node().start()
        said = start_line(one)
        self.assertIn(f"weir {said['version']}\ncommit {said['commit']}\n", text)
        self.assertTrue(re.search(r"formats on disk: directory \d+", text), text)


if __name__ == "__main__":
    case.main()
