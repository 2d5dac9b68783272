#!/usr/bin/env python3
"""Commands that ask the whole cluster, from any of its nodes."""

import json
import pathlib
import signal
import subprocess
import time

from support import case, cluster, load, paths
from support.process import wait_until


class HandsTest(case.SystemTest):
    def weir(self, member, *words):
        return subprocess.run([paths.program("weir"), *words, "--endpoint", member.admin], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    def names(self, done):
        """Which nodes answered, and which did not with the reason."""
        speakers = [each["speaker"] for each in json.loads(done.stdout)["answers"]]
        return (sorted(each["name"] for each in speakers if not each["silent"]),
                {each["name"]: each["silent"] for each in speakers if each["silent"]})

    def test_any_node_answers_for_all(self):
        """Scenario: three nodes; each is asked, for all and for another one; one stops answering, is killed, comes
        back; one is told to leave. Guarantee: every node that is there answers and is named; who does not answer is
        named within seconds, with exit code 3; what changes something is logged where it is done, with who asked."""
        with load.Sink() as sink:
            nodes = cluster.Cluster(pathlib.Path(self.path("cluster")), sink.endpoint, 3)
            self.addCleanup(nodes.__exit__)
            nodes.start()
            first, second, third = nodes.members
            listing = ("exporters", "list", "--output", "json")
            for each in nodes.members:
                done = self.weir(each, *listing)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(self.names(done), (["n1", "n2", "n3"], {}))
            done = self.weir(first, *listing, "--node", "n3")
            self.assertEqual(self.names(done), (["n3"], {}))
            table = self.weir(second, "exporters", "list")
            self.assertEqual(table.returncode, 0)
            for name in ("n1", "n2", "n3"):
                self.assertRegex(table.stdout, rf"(?m)^{name} +traces +\S+ +sending +0 +-")
            nobody = self.weir(first, *listing, "--node", "n7")
            self.assertEqual(nobody.returncode, 1)
            self.assertIn("no member is called `n7`", nobody.stderr)

            third.process.signal(signal.SIGSTOP)
            began = time.monotonic()
            done = self.weir(first, *listing)
            self.assertLess(time.monotonic() - began, 9)
            self.assertEqual(done.returncode, 3)
            answered, silent = self.names(done)
            self.assertEqual((answered, list(silent)), (["n1", "n2"], ["n3"]))
            self.assertIn("Warning: node n3 did not answer: ", done.stderr)
            third.kill()
            wait_until(lambda: "it is down" in self.names(self.weir(first, *listing))[1].get("n3", ""), 30, "n3 is down")
            third.start()
            wait_until(lambda: self.names(self.weir(second, *listing)) == (["n1", "n2", "n3"], {}), 30, "n3 is back")

            self.assertEqual(self.weir(second, "leave").returncode, 0)
            second.process.wait_for_line(lambda line: "admin: Leave was asked for by ipv4:127.0.0.1:" in line)


if __name__ == "__main__":
    case.main()
