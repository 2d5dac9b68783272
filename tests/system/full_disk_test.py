#!/usr/bin/env python3
"""A disk that is really full, under a node that runs: a small tmpfs in a mount namespace of the test's own."""

import os
import pathlib
import signal
import subprocess
import sys
import time

from support import case, load, mounts, node, reloading
from support.process import wait_until

SIZE_MIB = 900
OTHERS_MIB = 250             # what somebody else has on the disk, and deletes later
PAYLOAD = 4096               # random bytes in a span, so that the disk fills up within the test
INSIDE = "WEIR_TEST_NAMESPACE"


def free_bytes(directory):
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def fill(path, size=None):
    """Writes zeros: so many bytes, or until the disk is full."""
    block = bytes(1 << 20)
    with open(path, "ab", buffering=0) as file:
        try:
            while size is None or file.tell() < size:
                file.write(block)
        except OSError:
            while block:  # what is left of the last MiB
                block = block[:len(block) // 2]
                try:
                    file.write(block)
                except OSError:
                    continue


class FullDiskTest(case.SystemTest):
    def setUp(self):
        super().setUp()
        if INSIDE not in os.environ:
            self.skipTest("mounts of its own are not permitted here (unshare -m, unshare -rm)")
        self.disk = pathlib.Path(self.path("disk"))
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "none", self.disk], check=True, timeout=20)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], timeout=20, check=False)

    def test_a_full_disk_is_lived_through(self):
        """Scenario: a node under load fills the disk as far as it may, with a back end that takes nothing;
        somebody else takes the very last byte of it; later they delete what they had. Guarantee: clients are
        refused with UNAVAILABLE and RetryInfo; the node lives, and goes on by itself when there is room;
        nothing that was acknowledged is lost."""
        fill(self.disk / "others", OTHERS_MIB << 20)
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen, options=["--stall"]) as sink, \
                node.Node(self.disk / "node", sink.endpoint, exporter={"timeout": "5s"}) as weir:
            weir.start()
            process = weir.process
            with load.Player(weir.grpc, "--traces", 2000, "--payload", PAYLOAD, "--spans-per-request", 128,
                             "--acked", acked, "--rounds", 0, "--duration", 300, "--rate", 20_000,
                             "--connections", 4, "--in-flight", 4, "--initial-backoff", 50, "--max-backoff", 500,
                             "--max-elapsed", 0) as player:
                self.wait_refused(weir, 120)
                at_reserve = free_bytes(self.disk)
                fill(self.disk / "filler")
                full = free_bytes(self.disk)
                before = weir.metric("otelcol_receiver_accepted_spans")
                time.sleep(3)  # the node meets the full disk, with all that it does by itself
                self.assertTrue(process.running(), process.tail())
                self.assertEqual(weir.metric("otelcol_receiver_accepted_spans"), before, "taken with a full disk")
                (self.disk / "filler").unlink()
                (self.disk / "others").unlink()
                wait_until(lambda: weir.metric("otelcol_receiver_accepted_spans") > before, 60,
                           "clients to be served again")
                sink.tell("go")
                player.signal(2)
                summary = player.summary(120)
            weir.wait_at_rest()
            self.assertIs(weir.process, process, "it was restarted")
            self.assertEqual(weir.terminate(), 0, process.tail())
            sink.stop()
        print(f"{summary['acknowledged_spans']} spans acknowledged, {summary['refusals']} refusals; "
              f"{at_reserve >> 20} MiB free when intake stopped, {full} bytes when the disk was full")
        result = load.check(acked, seen)
        self.assertLess(full, 1 << 20)
        self.assertGreater(summary["refusals"], 0, summary)
        self.assertEqual(summary["refusals_without_delay"], 0, summary)
        self.assertEqual(result["missing"], 0, result)
        self.assertEqual(result["foreign"], 0, result)

    def test_a_full_disk_keeps_no_node_from_ending(self):
        """Scenario: somebody else takes the very last byte of the disk while the node has something to write; a
        reload is asked for, then SIGTERM. Guarantee: the reload says why it does nothing, at once; the process
        ends within shutdown_timeout and five seconds; what was acknowledged is there once there is room."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen, options=["--stall"]) as sink, \
                node.Node(self.disk / "node", sink.endpoint, exporter={"timeout": "5s"}) as weir:
            weir.write_text(weir.config_text().replace("service:\n", "service:\n  shutdown_timeout: 5s\n", 1))
            weir.start()
            with load.Player(weir.grpc, "--traces", 2000, "--payload", PAYLOAD, "--spans-per-request", 128,
                             "--acked", acked, "--rounds", 0, "--duration", 300, "--rate", 5_000,
                             "--connections", 2, "--in-flight", 4, "--initial-backoff", 50, "--max-backoff", 500,
                             "--max-elapsed", 0) as player:
                wait_until(lambda: weir.metric("otelcol_receiver_accepted_spans") > 8000, 60, "spans to come in")
                sink.tell("rate 200")
                sink.tell("go")  # each delivery is something to write
                wait_until(lambda: self.is_stuck(weir), 60, "the writer to wait for room")
                code, said = reloading.weir("reload", "--config", weir.config, seconds=20)
                begin = time.monotonic()
                weir.process.signal(signal.SIGTERM)
                weir.process.wait(10)
                took = time.monotonic() - begin
                player.signal(2)
                player.summary(60)
            print(f"ended after {took:.1f} s; the reload said: {said.strip()}")
            self.assertEqual(code, 1, said)
            self.assertIn("the disk is full", said)
            (self.disk / "filler").unlink()
            sink.tell("rate 0")
            weir.start()
            weir.wait_at_rest()
            self.assertEqual(weir.terminate(), 0, weir.process.tail())
            sink.stop()
        result = load.check(acked, seen)
        self.assertEqual(result["missing"], 0, result)

    def is_stuck(self, weir):
        """Takes what is left of the disk, again and again: the ballast goes when the node runs out."""
        fill(self.disk / "filler")
        return any("waiting for room on the disk" in line for line in weir.process.lines)

    @staticmethod
    def wait_refused(weir, seconds):
        wait_until(lambda: any("clients are told to retry" in line for line in weir.process.lines), seconds,
                   "the disk to be full", every=0.2)


if __name__ == "__main__":
    if INSIDE not in os.environ and (command := mounts.namespace()):
        os.environ[INSIDE] = "1"
        os.execvp(command[0], [*command, sys.executable, *sys.argv])
    case.main()
