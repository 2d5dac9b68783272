#!/usr/bin/env python3
"""memory_limiter under load that fits: what is in use counts, not what the allocator holds, and memory comes back.

WEIR_MEMORY_SECONDS: how long the load lasts under each limit (CI: 15; the full test: 60).
"""

import contextlib
import os
import socket
import urllib.error
import urllib.request

from support import case, load, node, paths
from support.process import wait_until

SECONDS = int(os.environ.get("WEIR_MEMORY_SECONDS", "15"))
RATE = 20_000
PAYLOAD = 200


class MemoryLimitTest(case.SystemTest):
    def start(self, sink, limit, **options):
        processors = {"memory_limiter": {"check_interval": "1s", "limit_mib": limit}}
        return node.Node(self.path(f"node-{limit}"), sink.endpoint, processors=processors, **options).start()

    def play(self, weir, seconds, payload=PAYLOAD, rate=RATE):
        return load.play(weir.grpc, "--traces", 500, "--payload", payload, "--rounds", 0, "--rate", rate,
                         "--duration", seconds, "--connections", 2, "--in-flight", 4, "--initial-backoff", 50,
                         "--max-backoff", 500, "--max-elapsed", 3000)

    def assert_served(self, weir):
        """An ordinary load is served without a refusal."""
        after = self.play(weir, 2)
        self.assertGreater(after["acknowledged_spans"], 0, after)
        self.assertEqual(after["refusals"] + after["failed_spans"], 0, after)

    def test_a_healthy_back_end(self):
        """Scenario: limits of 100, 64 and 20 MiB; a load that the back end takes, long enough to fill write buffers.
        Guarantee: no span fails, every refusal says when to come again, and the node serves when it is over. A limit
        below what a node needs is said to be raised."""
        if paths.SANITIZED:
            raise paths.Missing("sanitizers have an allocator of their own")
        for limit in (100, 64, 20):
            with self.subTest(limit=limit), load.Sink() as sink, self.start(sink, limit) as weir:
                summary = self.play(weir, SECONDS)
                print(f"{limit} MiB: {summary['acknowledged_spans']} spans, {summary['refusals']} refusals, "
                      f"{weir.metric('weir_memory_in_use_bytes') / 2**20:.0f} MiB in use, "
                      f"{weir.metric('otelcol_process_memory_rss') / 2**20:.0f} resident")
                self.assertEqual(summary["failed_spans"], 0, summary)
                self.assertEqual(summary["refusals_without_delay"], 0, summary)
                self.assertGreater(summary["acknowledged_spans"], SECONDS * RATE // 4, summary)
                self.assert_served(weir)
                said = any("48MiB" in line and "limit_mib" in line for line in weir.process.lines)
                self.assertEqual(said, limit == 20, weir.process.tail())

    def test_a_burst_is_given_back(self):
        """Scenario: tail sampling under a limit of 300 MiB, a burst that waits for its decision, then nothing.
        Guarantee: memory goes back to the operating system, and the node serves."""
        if paths.SANITIZED:
            raise paths.Missing("sanitizers have an allocator of their own")
        with load.Sink() as sink, self.start(sink, 300, policies=node.SAMPLING["keep-all"], wait="10s") as weir:
            self.play(weir, 8, payload=2048, rate=0)
            peak = weir.process.peak_memory_bytes()
            wait_until(lambda: weir.metric("weir_window_spans") == 0, 120, "the window to be empty", every=0.5)
            wait_until(lambda: weir.process.memory_bytes() < peak * 2 // 3, 90, "memory to be given back", every=1)
            print(f"peak {peak >> 20} MiB, then {weir.process.memory_bytes() >> 20} MiB")
            self.assert_served(weir)

    def test_refusals_are_temporary(self):
        """Scenario: clients keep more in memory than may be: bodies that do not end. Guarantee: meanwhile over gRPC
        UNAVAILABLE with RetryInfo, over HTTP 503 with Retry-After; served again when they are gone."""
        if paths.SANITIZED:
            raise paths.Missing("sanitizers have an allocator of their own")
        with load.Sink() as sink, self.start(sink, 64) as weir, contextlib.ExitStack() as held:
            host, port = weir.http.rsplit(":", 1)
            for _ in range(8):
                client = held.enter_context(socket.create_connection((host, int(port)), timeout=30))
                client.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
                               b"Content-Length: %d\r\n\r\n" % (16 << 20))
                client.sendall(bytes(12 << 20))
            wait_until(lambda: self.http_refusal(weir) is not None, 30, "a refusal over HTTP", every=0.2)
            summary = self.play(weir, 3, rate=1000)
            self.assertGreater(summary["refusals"], 0, summary)
            self.assertEqual(summary["refusals_without_delay"], 0, summary)
            held.close()
            wait_until(lambda: self.http_refusal(weir) is None, 30, "the node to serve again", every=0.5)
            self.assert_served(weir)

    def http_refusal(self, weir):
        """The Retry-After of a refusal for want of memory; None: the request was taken."""
        call = urllib.request.Request(f"http://{weir.http}/v1/traces", b"", {"Content-Type": "application/x-protobuf"})
        try:
            with urllib.request.urlopen(call, timeout=30):
                return None
        except urllib.error.HTTPError as refused:
            self.assertEqual(refused.code, 503)
            self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
            return refused.headers["Retry-After"] if b"memory" in refused.read() else None


if __name__ == "__main__":
    case.main()
