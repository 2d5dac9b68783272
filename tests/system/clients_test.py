#!/usr/bin/env python3
"""Clients that others wrote: what they send arrives intact, read by a decoder that others wrote. scripts/clients has
more languages than are quick to build."""

import copy
import json
import subprocess

from support import case, clients, paths
from support.process import wait_until


class ClientsTest(case.SystemTest):
    def check_language(self, language):
        client = clients.build(language)
        combinations = clients.matrix(language)
        with clients.Bench(self.directory) as bench:
            for combination in combinations:
                bench.send(client, combination)
            bench.finish(combinations)
        problems = [f"{combination.name}: {problem}" for combination in combinations
                    for problem in combination.problems]
        self.assertEqual(problems, [], "\n".join(problems))
        return combinations

    def test_python(self):
        """Scenario: the Python SDK sends spans, metrics and logs with every kind of value over gRPC, HTTP with
        protobuf and HTTP with JSON, plain and packed with gzip, without TLS, with TLS and with mutual TLS.
        Guarantee: it sends in the way it was told to; each field of each item arrives as the SDK had it."""
        sent = self.check_language("python")[0].sent
        self.check_comparison(sent)

    def check_comparison(self, sent):
        """The comparison sees what is lost, doubled or changed in any place."""
        self.assertEqual(clients.compare(sent, copy.deepcopy(sent)), [])
        self.assertTrue(clients.compare(sent, sent[1:]))
        self.assertTrue(clients.compare(sent, sent + sent[-1:]))
        for signal in clients.SIGNALS:
            item = next(index for index, item in enumerate(sent) if item["signal"] == signal
                        and (item.get("events") or signal != "span"))
            for path in leaves(sent[item]):
                changed = copy.deepcopy(sent)
                change(changed[item], path)
                self.assertTrue(clients.compare(sent, changed), (signal, path))

    def test_javascript(self):
        """Scenario: the same with the JavaScript SDK in Node.
        Guarantee: the same."""
        self.check_language("node")

    def test_go(self):
        """Scenario: the same with the Go SDK, which knows JSON for spans alone.
        Guarantee: the same."""
        self.check_language("go")

    def test_telemetrygen(self):
        """Scenario: the Collector's load generator (the Go SDK) sends 200 traces of 2 spans.
        Guarantee: all of them arrive, with its names and attributes."""
        with clients.Bench(self.directory) as bench:
            subprocess.run([paths.peer("telemetrygen"), "traces", "--otlp-endpoint", bench.endpoints["plain", "grpc"],
                            "--otlp-insecure", "--rate", "0", "--traces", "200"], timeout=60, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: len(bench.lines()) >= 400, 20, "everything to arrive", every=0.1)
            bench.finish([])
            got = [json.loads(line) for line in bench.lines()]
        self.assertEqual(len(got), 400)
        self.assertEqual({span["name"] for span in got}, {"lets-go", "okey-dokey-0"})
        self.assertTrue(all(span["attributes"].get("network.peer.address") == {"string": "1.2.3.4"}
                            or span["attributes"].get("net.sock.peer.addr") for span in got))


def leaves(facts, path=()):
    """Paths to everything in it that is no list or map."""
    pairs = facts.items() if isinstance(facts, dict) else enumerate(facts)
    for key, item in pairs:
        if isinstance(item, (dict, list)):
            yield from leaves(item, (*path, key))
        elif (*path, key) != ("signal",):
            yield *path, key


def change(facts, path):
    for key in path[:-1]:
        facts = facts[key]
    item = facts[path[-1]]
    if isinstance(item, bool):
        facts[path[-1]] = not item
    else:
        facts[path[-1]] = (item or "") + "1" if item is None or isinstance(item, str) else -1.5


if __name__ == "__main__":
    case.main()
