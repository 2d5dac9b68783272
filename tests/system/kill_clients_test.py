#!/usr/bin/env python3
"""kill -9 under the load of real clients: what gRPC C++, Go and Python were told is taken, arrives; and each of them is
back soon after the node is.

WEIR_CLIENT_KILLS: how many kills (CI: 3; scripts/kill-rounds: as many as it is told).
WEIR_SEED: of the moments.
"""

import json
import os
import pathlib
import random
import time
import unittest

from support import case, clients, node, paths
from support.process import Failed, Process, wait_until

KILLS = int(os.environ.get("WEIR_CLIENT_KILLS", "3"))
SEED = int(os.environ.get("WEIR_SEED", "1"))
# Each client's language, and the number that its span ids begin with.
CLIENTS = {"cpp": ("cpp", 1), "go": ("go", 2), "python": ("python", 3), "cpp, polling": ("cpp", 4)}
# gRPC C++ that nobody polls between calls sees that its connection stands only when it looks by itself: every 5 s,
# unless told otherwise. The node is back in 0.1 s, such a client after its back-off of 1.2 s and up to 5 s more.
SETTINGS = {"cpp, polling": {"GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS": "200"}}
PERIOD_S = 30  # Between kills, at most; seven tenths of it at least.
RATE = 500  # Spans a second of each client.
ENOUGH = 0.8  # Of what gRPC C++ offered, which sends nothing again.
LOST_S = 8  # At most, a kill, of gRPC C++ as it is: what it takes by itself, and a second or two of a busy machine.


class KillClientsTest(case.SystemTest):
    def configure(self):
        self.grpc, self.health = (f"127.0.0.1:{node.free_port()}" for _ in range(2))
        self.out = pathlib.Path(self.path("out.json"))
        config = pathlib.Path(self.path("weir.yaml"))
        config.write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": self.grpc}}}},
            "processors": {"tail_sampling": {"decision_wait": "1s", "policies": [
                {"name": "all", "type": "always_sample"}]}},
            "exporters": {"file": {"path": str(self.out), "append": True}},
            "service": {"telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "processors": ["tail_sampling"],
                                                 "exporters": ["file"]}}},
            "storage": {"directory": self.path("data"), "max_bytes": "2GiB"}}), encoding="utf-8")
        return config

    def start(self, config):
        process = Process([paths.program("weir"), "run", "--config", config], name="weir")
        self.addCleanup(process.kill)
        process.wait_for_line(lambda line: line.endswith("ready"), 60)
        return process

    def load_clients(self, seconds):
        """Those that can be had here, running: {client: process}."""
        running = {}
        for client, (language, number) in CLIENTS.items():
            try:
                program = clients.build(language).parent / "load"
            except paths.Missing as missing:
                if language == "cpp":
                    raise
                print(f"without {language}: {missing}")
                continue
            running[client] = (program, self.path(f"acked-{client}"), number)
        started = {}
        for client, (program, acked, number) in running.items():
            # Without what reads the environment of an SDK.
            settings = {"PATH": os.environ["PATH"], **SETTINGS.get(client, {})}
            started[client] = Process(["env", "-i", *(f"{name}={value}" for name, value in settings.items()), program,
                                       self.grpc, acked, str(number), str(seconds), str(RATE)], name=client)
            self.addCleanup(started[client].kill)
        return started

    def arrived(self):
        """Span ids in the file, each as often as it is there."""
        found = []
        with open(self.out, encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    found += [int(span["spanId"], 16) for resource in json.loads(line)["resourceSpans"]
                              for scope in resource["scopeSpans"] for span in scope["spans"]]
        return found

    def test_acknowledged_spans_arrive(self):
        """Scenario: a node under the load of clients in gRPC C++, Go and Python is killed and started again, again
        and again. Guarantee: every span that one of them was told is taken arrives; the client of gRPC C++, which
        fails at once and polls only while it calls, is back within what it takes to look at its connections by
        itself; at least 80 % of what it offered are acknowledged, where it looks often and as it is."""
        chance = random.Random(SEED)
        config = self.configure()
        weir = self.start(config)
        load = self.load_clients(PERIOD_S * KILLS + 10)
        for _ in range(KILLS):
            time.sleep(PERIOD_S * chance.uniform(0.7, 1.0))  # The load's own time, not a synchronisation.
            weir.kill()
            weir = self.start(config)
        summaries = {}
        for client, process in load.items():
            self.assertEqual(process.wait(PERIOD_S * KILLS + 120), 0, process.tail())
            summaries[client] = json.loads(process.lines[-1])
        acked = {int(line, 16) for client in load
                 for line in pathlib.Path(self.path(f"acked-{client}")).read_text(encoding="ascii").split()}
        try:
            wait_until(lambda: acked <= set(self.arrived()), 90, "what was acknowledged", every=1)
        except Failed:
            pass  # What is missing is told below.
        found = self.arrived()
        print(f"seed {SEED}, {KILLS} kills, {len(acked)} spans acknowledged, {len(acked - set(found))} of them lost, "
              f"{len(found) - len(set(found))} arrived again; by client " + ", ".join(
                  f"{client}: {one['acknowledged']} of {one['offered']}" for client, one in summaries.items()))
        self.assertEqual(len(acked - set(found)), 0)
        self.assertEqual(weir.terminate(), 0, weir.tail())
        for client, one in summaries.items():
            self.assertGreater(one["acknowledged"], 0, client)
        for one in (summaries["cpp, polling"], summaries["cpp"]):
            self.assertGreaterEqual(one["acknowledged"], ENOUGH * one["offered"], summaries)
        lost = summaries["cpp"]["offered"] - summaries["cpp"]["acknowledged"]
        self.assertLessEqual(lost / RATE / KILLS, LOST_S, summaries)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    case.main()
