#!/usr/bin/env python3
"""A byte of the disk flips while the node is down: it starts, says once what that cost, counts it, goes on."""

import pathlib

from support import case, load, node
from support.process import wait_until


class DamageTest(case.SystemTest):
    def test_lost_blocks_are_counted_and_nothing_waits_for_them(self):
        """Scenario: data waits for a back end that is away; the node is killed, and a byte in the middle of each
        kind of file of its database is flipped; then the back end is there. Guarantee: the node starts; a salvage
        is said once and its files are in damaged/; what was not lost arrives; the ledger's count of what waits
        comes back to 0, and what is lost is in its column for damage."""
        for kind in (".log", ".sst", "MANIFEST-", "CURRENT", "OPTIONS-", "VERSION", "MARK"):
            with self.subTest(kind=kind):
                self.damage(kind)

    def damage(self, kind):
        directory = pathlib.Path(self.path("node-" + kind.strip(".-")))
        seen, acked = str(directory) + "-seen", str(directory) + "-acked"
        with load.Sink() as away:
            endpoint = away.endpoint
        with node.Node(directory, endpoint, storage={"memtable_bytes": "1MiB"}) as weir:
            weir.start()
            sent = load.play(weir.grpc, "--traces", 4000, "--payload", 500, "--acked", acked, "--max-elapsed", 0)
            weir.kill()
            flipped = self.flip(directory / "data", kind)
            weir.start()
            said = [line for line in list(weir.process.lines) if "is kept in" in line]
            with load.Sink(record=seen, listen=endpoint) as sink:
                weir.wait_at_rest()
                wait_until(lambda: weir.metric("weir_ledger_undelivered_items") == 0, 20, "the ledger to be level")
                lost = weir.metric("weir_ledger_damaged_items")
                again = load.play(weir.grpc, "--traces", 100, "--first-round", 7)
                weir.wait_at_rest()
                self.assertEqual(weir.terminate(), 0, weir.process.tail())
                arrived = sink.stop()["spans"]
        result = load.check(acked, seen)
        print(f"{kind}: {flipped}; {sent['acknowledged_spans']} spans acknowledged, {result['missing']} missing, "
              f"{lost:.0f} counted, salvage said {len(said)} times")
        self.assertLessEqual(len(said), 1, said)
        if said:
            self.assertTrue(any((directory / "data" / "damaged").iterdir()))
        self.assertEqual(again["failed_spans"], 0, again)
        self.assertLess(result["missing"], sent["acknowledged_spans"] / 2, result)
        # A span that was on its way to the log in a batch that is lost was never counted as appended.
        self.assertLessEqual(lost, result["missing"], result)
        if kind == ".sst":  # The counts stand elsewhere, so they are exact.
            self.assertEqual(lost, result["missing"], result)
        self.assertGreater(arrived, 0)

    def flip(self, data, kind):
        """Flips a byte in the middle of the largest file of this kind; its name and place."""
        found = [path for path in data.rglob("*") if path.is_file() and kind in path.name
                 and "spare" not in path.parts]
        file = max(found, key=self.used)
        size = self.used(file)
        with open(file, "r+b") as opened:
            opened.seek(size // 2)
            byte = opened.read(1)
            opened.seek(size // 2)
            opened.write(bytes([byte[0] ^ 0x5a]))
        return f"{file.relative_to(data)} at {size // 2}"

    @staticmethod
    def used(path):
        """Its bytes without the zeros that logs are made of beforehand."""
        return len(path.read_bytes().rstrip(b"\0"))


if __name__ == "__main__":
    case.main()
