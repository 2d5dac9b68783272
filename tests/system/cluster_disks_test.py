#!/usr/bin/env python3
"""A member whose disk is slow, or full: its own traces wait, the cluster's do not."""

import pathlib
import struct
import time

from support import case, cluster, load, mounts, node, paths
from support.process import wait_until

RATE = 6_000  # spans a second
WAIT = "2s"
QUICK = {"suspect_after": "2s", "down_after": "4s"}
DISK_MIB = 700
PATIENT = ["--max-elapsed", 0, "--initial-backoff", 50, "--max-backoff", 500, "--timeout", 4000]


@case.takes_minutes
class DisksTest(case.SystemTest):
    def setUp(self):
        super().setUp()
        self.seen, self.acked = self.path("seen"), self.path("acked")

    def cluster_with(self, sink, **of_third):
        """Three members, the third with options of its own."""
        nodes = cluster.Cluster(pathlib.Path(self.path("cluster")), sink.endpoint, 2, wait=WAIT, cluster=QUICK,
                                policies=node.SAMPLING["keep-all"])
        self.addCleanup(nodes.__exit__)
        nodes.options.update(of_third)
        nodes.add()
        return nodes

    def play(self, nodes):
        """To the two whose disks are well, until it is told to end."""
        one, two, _ = nodes.members
        return load.Player(one.grpc, "--endpoint", two.grpc, *paths.traffic_options(), "--acked", self.acked,
                           "--rounds", 0, "--duration", 300, "--rate", RATE, *PATIENT)

    @staticmethod
    def delivered(members):
        return sum(each.metric("otelcol_exporter_sent_spans") for each in members)

    def pace(self, members, seconds):
        """Spans a second that these deliver."""
        before, began = self.delivered(members), time.monotonic()
        time.sleep(seconds)
        return (self.delivered(members) - before) / (time.monotonic() - began)

    def finish(self, nodes, sink, player):
        player.signal(2)
        summary = player.summary(120)
        nodes.wait_at_rest()
        for each in nodes.members:
            self.assertEqual(each.terminate(), 0, each.process.tail())
        sink.stop()
        result = load.check(self.acked, self.seen)
        print(f"{summary['acknowledged_spans']} spans acknowledged, {result['duplicates']} duplicates")
        self.assertEqual(result["missing"] + result["foreign"] + result["traces_part"], 0, result)

    def test_a_slow_disk_slows_its_own_traces(self):
        """Scenario: each sync of one of three members takes 2 s for a while, under load.
        Guarantee: the other two deliver what they own as before; it is not taken for down; later all has come."""
        delay = pathlib.Path(self.path("delay"))
        delay.write_bytes(struct.pack("=q", 0))
        with load.Sink(record=self.seen) as sink:
            nodes = self.cluster_with(sink, env={"LD_PRELOAD": paths.program("slow_sync.so"),
                                                 "WEIR_SLOW_SYNC": str(delay)})
            nodes.start()
            well, slow = nodes.members[:2], nodes.members[2]
            with self.play(nodes) as player:
                wait_until(lambda: self.delivered(well) > 2 * RATE, 30, "spans to be delivered")
                before = self.pace(well, 6)
                with open(delay, "r+b") as file:
                    file.write(struct.pack("=q", 2000))
                time.sleep(4)
                meanwhile, slowly = self.pace(well, 10), self.pace([slow], 1)
                self.assertEqual([each.ring()[0] for each in nodes.members], [3, 3, 3])
                with open(delay, "r+b") as file:
                    file.write(struct.pack("=q", 0))
                print(f"{before:.0f} spans a second before, {meanwhile:.0f} meanwhile; {slowly:.0f} on the slow disk")
                incomplete = sum(each.metric("weir_window_decided_incomplete_total") for each in nodes.members)
                self.finish(nodes, sink, player)
        self.assertGreater(meanwhile, 0.7 * before)
        self.assertEqual(incomplete, 0)

    def test_a_full_disk_of_an_owner(self):
        """Scenario: one of three members has a disk of its own, the last byte of which somebody else takes, under load
        on the other two; later there is room again.
        Guarantee: the other two take in and deliver what they own as before, the member lives; later all has come."""
        own = mounts.namespace()
        if not own:
            self.skipTest("mounts of its own are not permitted here (unshare -m, unshare -rm)")
        disk = pathlib.Path(self.path("cluster/n3/data"))
        disk.mkdir(parents=True)
        mount = f'mount -t tmpfs -o size={DISK_MIB}m none "$0" && exec "$@"'
        with load.Sink(record=self.seen) as sink:
            nodes = self.cluster_with(sink)
            nodes.members[2].prefix = [*own, "sh", "-c", mount, str(disk)]
            nodes.start()
            well, full = nodes.members[:2], nodes.members[2]
            # The disk as the member sees it.
            seen = pathlib.Path(f"/proc/{full.process.pid}/root{disk}")
            with self.play(nodes) as player:
                wait_until(lambda: self.delivered(well) > 2 * RATE, 30, "spans to be delivered")
                before = self.pace(well, 6)
                with open(seen / "filler", "ab", buffering=0) as filler:
                    self.fill(filler)
                time.sleep(3)
                with open(seen / "filler", "ab", buffering=0) as filler:
                    self.fill(filler)
                meanwhile, stuck = self.pace(well, 10), self.pace([full], 1)
                print(f"{before:.0f} spans a second before, {meanwhile:.0f} meanwhile; {stuck:.0f} on the full disk")
                print("\n".join(full.process.lines[-4:]))
                self.assertTrue(full.process.running(), full.process.tail())
                self.assertEqual([each.ring()[0] for each in nodes.members], [3, 3, 3])
                (seen / "filler").unlink()
                self.finish(nodes, sink, player)
        self.assertGreater(meanwhile, 0.7 * before)

    @staticmethod
    def fill(file):
        block = bytes(1 << 20)
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[:len(block) // 2]


if __name__ == "__main__":
    case.main()
