#!/usr/bin/env python3
"""An exporter over two servers, on 127.0.0.1 and 127.0.0.2, one of which goes and comes back under load."""

import pathlib

from support import case, load, node
from support.process import wait_until

RATE = 20_000  # spans a second


class SeveralServersTest(case.SystemTest):
    def test_one_of_two_servers_goes_and_comes_back(self):
        """Scenario: both servers take requests; one ends, and starts again on its port, under load.
        Guarantee: both get a share, before and after; what was acknowledged arrives at one of them; the
        exporter does not wait for the one that is away."""
        acked = self.path("acked")
        records = [self.path(f"seen-{name}") for name in ("first", "second", "again")]
        with load.Sink(record=records[0]) as first, \
                load.Sink(record=records[1], listen="127.0.0.2:0") as second, \
                node.Node(self.path("node"), first.endpoint,
                          exporter={"endpoints": [second.endpoint]}) as weir:
            weir.start()

            def sent():
                return weir.metric("otelcol_exporter_sent_spans")

            with load.Player(weir.grpc, "--acked", acked, "--rounds", 0, "--rate", RATE, "--duration", 120,
                             "--max-elapsed", 0) as player:
                wait_until(lambda: sent() > RATE, 30, "both servers to get a share")
                self.assertEqual(weir.metric("weir_exporter_connections"), 2)
                totals = [second.stop()]
                before = sent()
                wait_until(lambda: weir.metric("weir_exporter_connections") == 1, 10, "the loss to be seen")
                wait_until(lambda: sent() > before + RATE, 10, "the other server to get everything")
                with load.Sink(record=records[2], listen=second.endpoint) as again:
                    wait_until(lambda: weir.metric("weir_exporter_connections") == 2, 20, "both to be connected")
                    before = sent()
                    wait_until(lambda: sent() > before + RATE, 10, "both to be served")
                    player.signal(2)
                    summary = player.summary(60)
                    weir.wait_at_rest()
                    self.assertEqual(weir.terminate(), 0, weir.process.tail())
                    totals.append(again.stop())
            totals.append(first.stop())
        seen = self.path("seen")
        with open(seen, "wb") as all_of_them:
            for record in records:
                all_of_them.write(pathlib.Path(record).read_bytes())
        result = load.check(acked, seen)
        print(f"{summary['acknowledged_spans']} spans acknowledged; second server before, after, first: "
              f"{[total['spans'] for total in totals]}; {result}")
        for total in totals:
            self.assertGreater(total["spans"], 0)
        self.assertEqual(result["missing"], 0, result)
        self.assertEqual(result["foreign"], 0, result)


if __name__ == "__main__":
    case.main()
