#!/usr/bin/env python3
"""A node for a long time at a quota that it fills several times, with a back end that goes and comes.

WEIR_SOAK_MINUTES: how long (60). WEIR_SOAK_QUOTA_MIB (256), WEIR_SOAK_SPANS_PER_SECOND (350): how small, how
fast. See scripts/soak.
"""

import collections
import os
import random
import time

from support import case, load, node
from support.process import wait_until

MINUTES = float(os.environ.get("WEIR_SOAK_MINUTES", "60"))
QUOTA_MIB = int(os.environ.get("WEIR_SOAK_QUOTA_MIB", "256"))
RATE = int(os.environ.get("WEIR_SOAK_SPANS_PER_SECOND", "350"))
SEED = int(os.environ.get("WEIR_SEED", "10"))
ROOM_REASONS = ("not_accepting",)  # Of what receivers refuse: clients are told to wait for room.
PAYLOAD = 4096               # random bytes in a span: they do not pack
SPAN_BYTES = PAYLOAD + 100   # on the disk, about
FORCED = 0.5                 # a refusal is the quota's where so much of the limit is owed or undecided, or was
SETTLING_LOOKS = 2           # what was delivered is known to be, and goes, a moment later
# Outages by the share of the limit that comes in meanwhile; the last of a round fills it.
OUTAGES = (0.15, 0.4, 0.1, 0.6, 1.3)
MEMORY_LIMIT = 600 << 20     # of the node, all told


class Watch:
    """What the node says of itself, once a second."""

    def __init__(self, weir):
        self.weir = weir
        self.refusing_seconds = 0
        self.unforced = []   # moments at which it refused with room enough
        self.shares = collections.deque(maxlen=SETTLING_LOOKS)
        self.refused = 0
        self.largest = {}
        self.began = time.monotonic()

    def look(self):
        page = self.weir.metrics()

        def total(name, containing=""):
            return sum(value for labels, value in page.get(name, {}).items() if containing in labels)
        limit = max(1, total("weir_storage_limit_bytes"))
        owed = (total("weir_ledger_undelivered_items") + total("weir_window_spans")) * SPAN_BYTES
        # Connections that are idle, or too many, say nothing of room.
        refused = total("otelcol_receiver_refused_spans") + sum(
            total("weir_receiver_refused_total", f'reason="{reason}"') for reason in ROOM_REASONS)
        share = owed / limit
        self.shares.append(share)
        if refused > self.refused or total("weir_refusing"):
            self.refusing_seconds += 1
            if max(self.shares) < FORCED or total("weir_refusing", "memory") > 0:
                self.unforced.append(f"{time.monotonic() - self.began:.0f} s: {share:.0%} of the limit owed")
        self.refused = refused
        for labels, value in page.get("weir_storage_bytes", {}).items():
            self.largest[labels] = max(self.largest.get(labels, 0), value)
        self.largest["used"] = max(self.largest.get("used", 0), total("weir_storage_used_bytes"))
        return share


class SoakTest(case.SystemTest):
    def test_nothing_is_lost_or_refused_without_need(self):
        """Scenario: as above; a back end that answers nothing, that refuses for the time being, and that is
        there, by turns. Guarantee: everything acknowledged arrives; refusals come only while what is owed
        fills the quota; memory is bounded; the node is at rest at the end."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen) as sink, \
                node.Node(self.path("node"), sink.endpoint, policies=node.SAMPLING["keep-all"], wait="2s",
                          storage={"max_bytes": f"{QUOTA_MIB}MiB", "retention": "24h"},
                          exporter={"timeout": "10s"}) as weir:
            weir.start()
            watch = Watch(weir)
            with load.Player(weir.grpc, "--traces", 2000, "--payload", PAYLOAD, "--spans-per-request", 64,
                             "--acked", acked, "--rounds", 0, "--rate", RATE, "--duration", round(MINUTES * 60),
                             "--connections", 2, "--in-flight", 2, "--initial-backoff", 200,
                             "--max-backoff", 2000, "--max-elapsed", 0) as player:
                outages = self.go_and_come(sink, watch, player)
                sink.tell("fail 0")
                sink.tell("go")
                summary = player.summary(300)
            weir.wait_at_rest(300)
            watch.look()
            committed = weir.metric("weir_storage_committed_bytes_total")
            early = weir.metric("weir_log_early_trimmed_blocks_total")
            seconds = time.monotonic() - watch.began
            cpu = weir.process.cpu_seconds()
            peak = weir.process.peak_memory_bytes()
            self.assertEqual(weir.terminate(), 0, weir.process.tail())
            sink.stop()
        result = load.check(acked, seen)
        print(f"{seconds / 60:.0f} minutes, {outages} outages, seed {SEED}: "
              f"{summary['acknowledged_spans']:,} spans acknowledged, {result['missing']} missing, "
              f"{result['duplicates']:,} twice; {committed / (QUOTA_MIB << 20):.1f} times the quota of {QUOTA_MIB} "
              f"MiB written, at most {watch.largest['used'] / (1 << 20):.0f} MiB used; {early:,.0f} delivered "
              f"blocks went early; {summary['refusals']:,} refusals in {watch.refusing_seconds} s, all of them with "
              f"the quota full of what is owed; {100 * cpu / seconds:.0f} % of a core, peak memory {peak >> 20} MiB")
        for part, value in sorted(watch.largest.items()):
            print(f"  at most {value / (1 << 20):6.1f} MiB {part}")
        self.assertEqual(result["missing"] + result["foreign"], 0, result)
        self.assertEqual(watch.unforced, [])
        self.assertEqual(summary["refusals_without_delay"], 0, summary)
        self.assertEqual(summary["failed_spans"], 0, summary)
        self.assertLess(watch.largest["used"], QUOTA_MIB << 20)
        self.assertLess(peak, MEMORY_LIMIT)

    @staticmethod
    def go_and_come(sink, watch, player):
        """Outages of different kinds and lengths, with pauses in which what waits goes; how many."""
        chance = random.Random(SEED)
        begin = time.monotonic()
        limit = watch.weir.metric("weir_storage_limit_bytes")
        outages = 0

        def left():
            return MINUTES * 60 - (time.monotonic() - begin)

        def watch_for(seconds):
            end = time.monotonic() + min(seconds, left())
            while time.monotonic() < end and player.running():
                watch.look()
                time.sleep(1)
        while left() > 30 and player.running():
            share = OUTAGES[outages % len(OUTAGES)] * chance.uniform(0.8, 1.2)
            sink.tell("stall" if outages % 2 == 0 else "fail 1")
            watch_for(share * limit / (RATE * SPAN_BYTES))
            sink.tell("go")
            sink.tell("fail 0")
            outages += 1
            watch_for(20)
            while left() > 0 and player.running() and watch.look() > 0.1:
                time.sleep(1)
            watch_for(chance.uniform(20, 60))
        wait_until(lambda: not player.running() or left() <= 0, max(1, left() + 5), "the load to end", every=1)
        return outages


if __name__ == "__main__":
    case.main()
