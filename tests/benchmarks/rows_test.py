#!/usr/bin/env python3
"""What benchmarks/run counts and compares, without running anything."""

import pathlib
import sys
import tempfile
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))

from lib import before, measure, targets, tiers, wire  # noqa: E402

CONNECTIONS = """\
0      0          127.0.0.1:10113      127.0.0.1:58212 cubic wscale:9,9 rto:201 bytes_sent:1000 bytes_acked:1000 segs_out:7
0      0          127.0.0.1:58212      127.0.0.1:10113 cubic wscale:9,9 rto:204 bytes_sent:25000 bytes_acked:25000
0      0 [::ffff:127.0.0.1]:10113 [::ffff:127.0.0.1]:41000 cubic bytes_sent:5 bytes_received:9
0      0          127.0.0.1:58300      127.0.0.1:10114 cubic bytes_sent:777
0      0          127.0.0.1:58302      127.0.0.1:10113 cubic rto:204
"""


def figure(per_cpu_second):
    return types.SimpleNamespace(per_cpu_second=per_cpu_second)


class RowsTest(unittest.TestCase):
    def test_bytes_are_those_of_the_addresses(self):
        """Scenario: what ss says of connections to several ports, of both families; one has sent nothing yet.
        Guarantee: both ends of those to the wanted addresses count, no others."""
        self.assertEqual(wire.parse(CONNECTIONS, ["127.0.0.1:10113"]), 26_005)
        self.assertEqual(wire.parse(CONNECTIONS, ["127.0.0.1:10113", "127.0.0.1:10114"]), 26_782)
        self.assertEqual(wire.parse(CONNECTIONS, ["127.0.0.1:1011"]), 0)

    def test_medians_are_compared(self):
        """Scenario: three runs each, of which one is far off. Guarantee: it moves nothing."""
        ours = [figure(value) for value in (100, 900, 110)]
        theirs = [figure(value) for value in (1, 100, 105)]
        self.assertAlmostEqual(before.ratio(ours, theirs), 1.1)
        self.assertEqual(measure.middle(ours).per_cpu_second, 110)

    def test_the_collectors_tiers_are_durable(self):
        """Scenario: two tiers of the Collector, with batch processors. Guarantee: the first sends by trace id to each of
        the second, which samples; both have batches and a queue on disk that is fsynced; they pack as they are told."""
        with tempfile.TemporaryDirectory() as directory:
            made = tiers.CollectorTiers(pathlib.Path(directory), "127.0.0.1:1", targets.POLICIES, batching=True,
                                        compression="gzip")
            texts = {path.parent.name: path.read_text(encoding="utf-8")
                     for path in pathlib.Path(directory).glob("*/collector.yaml")}
        self.assertEqual(sorted(texts), ["balancer", "sampler-0", "sampler-1"])
        for name, text in texts.items():
            self.assertIn("fsync: true", text)
            self.assertIn("storage: file_storage", text)
            self.assertIn("extensions: [file_storage]", text)
            self.assertIn("batch: {send_batch_size", text)
            self.assertEqual("tail_sampling" in text, name != "balancer")
        self.assertIn("routing_key: traceID", texts["balancer"])
        self.assertIn("compression: gzip", texts["balancer"])
        for each in made.between:
            self.assertIn(each, texts["balancer"])


if __name__ == "__main__":
    unittest.main()
