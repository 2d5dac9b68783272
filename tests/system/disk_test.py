#!/usr/bin/env python3
"""Room on the disk: who has to go, who is refused, what is said of it, and what becomes of what nobody wants.

WEIR_DISK_QUOTA_MIB: how much the nodes may use (64, the least).
"""

import os
import re
import subprocess

from support import case, load, node, paths, reloading
from support.process import wait_until

QUOTA_MIB = int(os.environ.get("WEIR_DISK_QUOTA_MIB", "64"))
PAYLOAD = 4096               # random bytes in a span, so that the disk fills up within the test
INVALID_ARGUMENT = "INVALID_ARGUMENT"


def player(endpoint, *options):
    return load.Player(endpoint, "--traces", 2000, "--payload", PAYLOAD, "--spans-per-request", 128, "--rounds", 0,
                       "--connections", 2, "--in-flight", 4, "--initial-backoff", 50, "--max-backoff", 500,
                       "--max-elapsed", 0, *options)


class DiskTest(case.SystemTest):
    def test_dead_letters_do_not_take_the_disk(self):
        """Scenario: a back end refuses everything for good, several times the quota of it, then is well again;
        then a kill and a start. Guarantee: dead letters keep to a tenth of the quota, are counted and measured;
        live data is neither refused nor dropped, before nor after the start."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen, options=["--fail-rate", "1", "--fail-with", INVALID_ARGUMENT]) as sink, \
                node.Node(self.path("node"), sink.endpoint,
                          storage={"max_bytes": f"{QUOTA_MIB}MiB", "retention": "1s",
                                   "overflow": "drop_oldest"}) as weir:
            weir.start()
            with player(weir.grpc, "--rate", 800, "--duration", 300) as playing:
                wait_until(lambda: weir.metric("weir_storage_committed_bytes_total") > 3 * (QUOTA_MIB << 20), 240,
                           "the quota to be filled several times", every=0.2)
                playing.signal(2)
                summary = playing.summary(60)
            weir.wait_at_rest()
            self.assertEqual(summary["failed_spans"], 0, summary)
            self.assertEqual(weir.metric("weir_log_dropped_items_total"), 0)
            self.assertGreater(weir.metric("weir_dead_letters_dropped_items_total"), 0)
            self.assertGreater(weir.metric("weir_dead_letters"), 0)
            self.assertGreater(weir.metric("weir_storage_bytes", 'part="dead_letters"'), 1 << 20)
            wait_until(lambda: weir.metric("weir_storage_bytes", 'part="dead_letters"') < (QUOTA_MIB << 20) / 8, 10,
                       "dead letters to keep to their part")
            sink.tell("fail 0")
            for _ in range(2):
                summary = load.play(weir.grpc, "--traces", 200, "--payload", PAYLOAD, "--acked", acked)
                self.assertEqual(summary["refusals"] + summary["failed_spans"], 0, summary)
                weir.wait_at_rest()
                result = load.check(acked, seen)
                self.assertEqual(result["missing"], 0, result)
                weir.kill()
                weir.start()
            sink.stop()

    def test_a_full_quota_is_said_and_raised(self):
        """Scenario: the back end is away until storage.max_bytes is reached, with the disk far from full; the
        option is raised in the file, and the file is loaded again. Guarantee: the log says limit, used and who
        holds it; the metrics say that clients are refused, and why; clients are served again at once; all
        arrives."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen, options=["--stall"]) as sink, \
                node.Node(self.path("node"), sink.endpoint, exporter={"timeout": "5s"},
                          storage={"max_bytes": f"{QUOTA_MIB}MiB"}) as weir:
            weir.start()
            self.assertEqual(weir.terminate(), 0)
            weir.start()  # with the ports that stand in its file now
            with player(weir.grpc, "--rate", 2000, "--duration", 300, "--acked", acked) as playing:
                line = weir.process.wait_for_line(lambda text: "clients are told to retry" in text, 120)
                self.assertRegex(line, r"storage.max_bytes is reached: \d+ MiB of \d+ MiB may be used, the rest of "
                                       rf"{QUOTA_MIB} MiB .*; Weir has \d+ MiB: log/traces \d+ MiB, .*; the disk has "
                                       r"\d+ MiB free")
                wait_until(lambda: weir.metric("weir_refusing", "quota") == 1, 20, "the metric to say so")
                self.assertEqual(weir.metric("weir_refusing", "disk"), 0)
                self.assertGreater(weir.metric("weir_storage_limit_bytes"), 0)
                before = weir.metric("otelcol_receiver_accepted_spans")
                text = weir.config_text()
                weir.write_text(text.replace(f"max_bytes: {QUOTA_MIB}MiB", f"max_bytes: {8 * QUOTA_MIB}MiB"))
                code, said = reloading.weir("reload", "--config", weir.config)
                self.assertEqual(code, 0, said)
                self.assertIn(f"storage.max_bytes: {8 * QUOTA_MIB} MiB from now on", said)
                wait_until(lambda: weir.metric("otelcol_receiver_accepted_spans") > before, 30,
                           "clients to be served again")
                self.assertEqual(weir.metric("weir_refusing"), 0)
                sink.tell("go")
                playing.signal(2)
                playing.summary(120)
            weir.wait_at_rest()
            self.assertEqual(weir.terminate(), 0, weir.process.tail())
            sink.stop()
        result = load.check(acked, seen)
        self.assertEqual(result["missing"], 0, result)

    def test_delivered_blocks_make_room(self):
        """Scenario: everything is delivered, retention 24h, overflow refuse, and several times the quota.
        Guarantee: nobody is refused; delivered blocks stay as long as there is room."""
        with load.Sink() as sink, \
                node.Node(self.path("node"), sink.endpoint,
                          storage={"max_bytes": f"{QUOTA_MIB}MiB"}) as weir:
            weir.start()
            with player(weir.grpc, "--rate", 2000, "--duration", 300) as playing:
                wait_until(lambda: weir.metric("weir_storage_committed_bytes_total") > 4 * (QUOTA_MIB << 20)
                           or weir.metric("weir_refusing"), 240, "the quota to be filled several times", every=0.2)
                playing.signal(2)
                summary = playing.summary(60)
            weir.wait_at_rest()
            self.assertEqual(summary["refusals"], 0, summary)
            self.assertEqual(weir.metric("weir_log_dropped_items_total"), 0)
            self.assertGreater(weir.metric("weir_log_early_trimmed_blocks_total"), 0)
            self.assertGreater(weir.metric("weir_storage_bytes", 'part="log"'), (QUOTA_MIB << 20) / 5)
            self.assertEqual(weir.terminate(), 0, weir.process.tail())

    def test_a_renamed_exporter(self):
        """Scenario: an exporter whose back end is away is renamed, then a pipeline is; then both names come
        back. Guarantee: each start says what is owed to whom and until when; the metrics count it, to the
        span; it is delivered once the names are back."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen) as sink, \
                node.Node(self.path("node"), f"127.0.0.1:{node.free_port()}") as weir:
            weir.start()
            summary = load.play(weir.grpc, "--traces", 200, "--acked", acked)
            spans = summary["acknowledged_spans"]
            wait_until(lambda: weir.metric("weir_ledger_undelivered_items") == spans, 30, "the spans to be in the log")
            self.assertEqual(weir.terminate(), 0)
            text = re.sub(r"(\botlp: \{endpoint: )[^,]+", rf"\g<1>{sink.endpoint}", weir.config_text())
            for change in (lambda t: t.replace("exporters: {otlp:", "exporters: {otlp/new:")
                           .replace("exporters: [otlp]", "exporters: [otlp/new]"),
                           lambda t: t.replace("    traces: {", "    traces/new: {")):
                weir.write_text(change(text))
                weir.start()
                line = weir.process.says("is not configured any more")
                self.assertRegex(line, rf"exporter otlp of pipeline traces is not configured any more: {spans} items in "
                                       r"\d+ blocks were not delivered to it and stay until 20\d\d-\d\d-\d\dT[\d:]+Z")
                wait_until(lambda: weir.metric("weir_orphaned_items", 'exporter="otlp"') == spans, 10, "the metric")
                self.assertGreater(weir.metric("weir_orphaned_until_seconds"), 1.7e9)
                self.assertEqual(weir.terminate(), 0)
            weir.write_text(text)
            weir.start()
            weir.wait_at_rest()
            self.assertEqual(weir.metric("weir_orphaned_items"), 0)
            self.assertFalse([line for line in weir.process.lines if "not configured any more" in line])
            self.assertEqual(weir.terminate(), 0)
            sink.stop()
        result = load.check(acked, seen)
        self.assertEqual(result["missing"] + result["duplicates"], 0, result)

    def test_a_directory_below_nothing(self):
        """Scenario: storage.directory names a directory whose parents are missing. Guarantee: they are made,
        and nobody but the node's user can look into it, nor into any file of it."""
        with load.Sink() as sink, node.Node(self.path("node"), sink.endpoint) as weir:
            deep = weir.directory / "not" / "there" / "data"
            weir.write_text(weir.config_text().replace(str(weir.directory / "data"), str(deep)))
            weir.start()
            load.play(weir.grpc, "--traces", 20)
            weir.wait_at_rest()
            found = subprocess.run(["find", deep, "-perm", "/077"], stdout=subprocess.PIPE, text=True, timeout=20,
                                   check=True).stdout
            self.assertEqual(found, "")
            self.assertTrue((deep / "VERSION").is_file())


if __name__ == "__main__":
    case.main()
