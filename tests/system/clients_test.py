#!/usr/bin/env python3
"""Clients that others wrote: what they send arrives intact, read by a decoder that others wrote."""

import json
import pathlib
import subprocess

from support import case, node, paths
from support.process import Process, wait_until

CLIENT = pathlib.Path(__file__).with_name("support") / "sdk_client.py"
SPANS = 40


class ClientsTest(case.SystemTest):
    def through_the_node(self, client):
        """Runs `client(node)`; the spans that a decoder of others reads from what left the node."""
        python = paths.peer("client-python")
        receiver = Process([python, CLIENT, "receive"], name="receiver")
        with receiver:
            port = receiver.wait_for_line(lambda line: line.startswith("port ")).removeprefix("port ")
            with node.Node(self.path("node"), f"127.0.0.1:{port}") as weir:
                weir.start()
                expected = client(weir, python)
                wait_until(lambda: weir.metric("otelcol_exporter_sent_spans") >= expected, 30,
                           "everything to be sent", every=0.1)
                self.assertEqual(weir.terminate(), 0, weir.process.tail())
            receiver.command("end")
            receiver.wait(20)
            return json.loads(receiver.lines[-1])

    def send_with_sdk(self, protocol):
        def client(weir, python):
            endpoint = weir.grpc if protocol == "grpc" else f"http://{weir.http}/v1/traces"
            done = subprocess.run([python, CLIENT, "send", protocol, endpoint, str(SPANS)], timeout=60,
                                  stdout=subprocess.PIPE, text=True, check=True)
            self.sent = json.loads(done.stdout.splitlines()[-1])
            return SPANS
        return client

    def check_sdk(self, protocol):
        got = self.through_the_node(self.send_with_sdk(protocol))
        self.assertEqual(sorted(got, key=lambda span: span["span_id"]),
                         sorted(self.sent, key=lambda span: span["span_id"]))

    def test_python_sdk_over_grpc(self):
        """Scenario: the Python SDK exports spans with attributes, events, links and status over gRPC.
        Guarantee: each field is read back as it was set."""
        self.check_sdk("grpc")

    def test_python_sdk_over_http(self):
        """Scenario: the same over HTTP with protobuf, packed with gzip.
        Guarantee: the same."""
        self.check_sdk("http")

    def test_telemetrygen(self):
        """Scenario: the Collector's load generator (the Go SDK) sends 200 traces of 2 spans.
        Guarantee: all of them arrive, with its names and attributes."""
        def client(weir, _):
            subprocess.run([paths.peer("telemetrygen"), "traces", "--otlp-endpoint", weir.grpc, "--otlp-insecure",
                            "--rate", "0", "--traces", "200"], timeout=60, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return 400
        got = self.through_the_node(client)
        self.assertEqual(len(got), 400)
        self.assertEqual({span["name"] for span in got}, {"lets-go", "okey-dokey-0"})
        self.assertTrue(all(span["attributes"]["network.peer.address"] == "1.2.3.4"
                            or span["attributes"].get("net.sock.peer.addr") for span in got))


if __name__ == "__main__":
    case.main()
