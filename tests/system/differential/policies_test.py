#!/usr/bin/env python3
"""The same traces through the Collector's tail_sampling processor and through ours: what is kept has to
be the same, trace by trace, for each policy and for mixtures of them.

One defect of the Collector is known and checked to be the only difference:

* latency with upper_threshold_ms looks at the trace span by span, in the order of their arrival, and
  samples as soon as the spans so far lie in the band. A trace of ten seconds is kept for the half second
  that its first spans took (and one that begins at 0 for the spans behind that one: a start of 0 counts
  as not seen yet). Ours looks at the whole trace, as the option is documented.
"""

import json
import pathlib
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import case, paths  # noqa: E402  (the path comes first)

from differential import collector, otlp, policies, traffic  # noqa: E402

SEED = 20
TRACES = 2500
RECORDED_REQUESTS = 24
LEAST = 50  # traces that each policy has to keep, and to leave
RATE_SECONDS, RATE_TRACES = 20, 200
WAIT_S = 300  # decision_wait where time has no say: the Collector decides when it is stopped
MILLISECOND = 1_000_000


class PoliciesTest(case.SystemTest):
    def test_kept_traces_are_the_same(self):
        """Scenario: each policy, alone and mixed, over made-up traces with values of every type and, where
        it is there, over recorded data.
        Guarantee: the same traces are kept, whole; each policy keeps and leaves fifty or more."""
        requests = traffic.mixed(SEED, TRACES)
        self.check_exact("made up", requests, policies.EXACT, LEAST)

    def test_kept_traces_are_the_same_on_recorded_data(self):
        """Scenario: the policies that find something there, over recorded data.
        Guarantee: the same traces are kept, whole."""
        if not paths.RECORDED.exists():
            self.skipTest("no recorded data")
        path = self.path("cut")
        self.driver("cut", paths.RECORDED, RECORDED_REQUESTS, path)
        names = ["latency", "latency_band", "errors", "probabilistic", "probabilistic_salt", "span_count",
                 "mixed", "drop", "not", "mixed_first_match"]
        chosen = {name: policies.EXACT[name] for name in names}
        self.check_exact("recorded", read_requests(path), chosen, 0)

    def test_rates_are_the_same(self):
        """Scenario: an even stream of traces of one to nine spans through the policies that limit rates.
        Guarantee: as many spans a second are kept, within five percent, once the first burst is over."""
        requests = traffic.steady(SEED, RATE_SECONDS, RATE_TRACES)
        # The Collector decides once a second, ours all the time: what is at the ends differs by a second.
        inner = {trace for at, body in requests if 4000 <= at < 1000 * (RATE_SECONDS - 1)
                 for trace, _, _ in otlp.times(body)}
        theirs, ours, _ = self.play(requests, policies.RATES, "2s", settle=4000)
        for name in policies.RATES:
            with self.subTest(policy=name):
                expected, got = (sum(count for trace, count in kept[name].items() if trace in inner)
                                 for kept in (theirs, ours))
                print(f"{name}: Collector {expected} spans, Weir {got}")
                self.assertGreater(expected, 0)
                self.assertLess(abs(got - expected), 0.05 * expected)

    def check_exact(self, what, requests, chosen, least):
        theirs, ours, took = self.play(requests, chosen, f"{WAIT_S}s")
        self.assertLess(took, WAIT_S - 10, "too slow for this decision_wait")
        spans = {}
        for _, body in requests:
            for trace, start, end in otlp.times(body):
                spans.setdefault(trace, []).append((start, end))
        for name in chosen:
            with self.subTest(policy=name, data=what):
                expected = theirs[name]
                if name == "latency_band":
                    expected = self.without_prefixes(expected, spans, *band_of(chosen[name]))
                print(f"{what}, {name}: {len(expected)} of {len(spans)} traces kept")
                missing, extra = sorted(expected - ours[name].keys()), sorted(ours[name].keys() - expected)
                self.assertEqual((missing[:5], extra[:5]), ([], []), f"{len(missing)} missing, {len(extra)} extra")
                for trace, count in ours[name].items():
                    self.assertEqual(count, len(spans[trace]), trace)
                self.assertGreaterEqual(len(expected), least)
                self.assertGreaterEqual(len(spans) - len(expected), least)

    def without_prefixes(self, kept, spans, lower, upper):
        """What the Collector would have kept had it looked at whole traces; the rest must be its defect."""
        whole = {trace for trace, parts in spans.items() if in_band(spanned(parts), lower, upper)}
        by_defect = {trace for trace, parts in spans.items()
                     if trace not in whole and any(in_band(seen, lower, upper) for seen in so_far(parts))}
        self.assertEqual(kept.keys() - whole, by_defect)
        print(f"latency_band: {len(by_defect)} traces kept by the Collector for their first spans alone")
        return kept.keys() & whole

    def play(self, requests, chosen, decision_wait, settle=0):
        """What both kept, as spans by trace id, by policy; and how long sending took."""
        directory = self.path("run")
        program = paths.peer("collector")
        endpoint = f"127.0.0.1:{collector.free_port()}"
        config = collector.configuration(endpoint, chosen, directory, decision_wait)
        with collector.Collector(program, config, directory) as peer:
            # Nothing at the end but time for the last decisions, where they depend on time.
            took = peer.send(requests + ([(requests[-1][0] + settle, b"")] if settle else []))
            peer.stop()
        theirs = {name: collector.kept(f"{directory}/{name}.json") for name in chosen}
        ours = self.decide(requests, config, chosen)
        return theirs, ours, took

    def decide(self, requests, config, chosen):
        config_path, requests_path = self.path("weir.yaml"), self.path("requests")
        pathlib.Path(config_path).write_text(json.dumps(config), encoding="utf-8")
        with open(requests_path, "wb") as out:
            for at, body in requests:
                out.write(struct.pack(">II", len(body), at) + body)
        directory = pathlib.Path(self.path("ours"))
        directory.mkdir()
        self.driver("decide", config_path, requests_path, directory)
        kept = {}
        for name in chosen:
            lines = (directory / name).read_text(encoding="utf-8").splitlines()
            kept[name] = {line.split()[0]: int(line.split()[1]) for line in lines}
        return kept

    def driver(self, *arguments):
        done = subprocess.run([paths.program("policy-driver"), *map(str, arguments)], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


def band_of(chosen):
    options = chosen[0][0]["latency"]
    return options["threshold_ms"], options["upper_threshold_ms"]


def spanned(spans):
    """First start and last end of (start, end) pairs."""
    return min(start for start, _ in spans), max(end for _, end in spans)


def so_far(spans):
    """The same after each of them, as the Collector works it out: 0 is not seen yet."""
    first = last = 0
    for start, end in spans:
        first = start if first == 0 else min(first, start)
        last = end if last == 0 else max(last, end)
        yield first, last


def in_band(times, lower, upper):
    """Whether the time between lies in a band of the latency policy, in whole milliseconds."""
    lasted = times[1] - times[0]
    whole = abs(lasted) // MILLISECOND * (1 if lasted >= 0 else -1)
    return lower < whole <= upper


def read_requests(path):
    everything = pathlib.Path(path).read_bytes()
    requests, at = [], 0
    while at < len(everything):
        length, when = struct.unpack_from(">II", everything, at)
        requests.append((when, everything[at + 8:at + 8 + length]))
        at += 8 + length
    return requests


if __name__ == "__main__":
    case.main()
