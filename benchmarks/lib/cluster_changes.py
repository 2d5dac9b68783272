"""Rows about nodes that come and go: how long until others do their work."""

import time

from support import load, paths
from support.process import wait_until

from . import measure, targets, tiers
from .table import Row

STEADY = 20_000  # spans a second, while nodes come
KNOWN = 10  # seconds: of a member that is new nobody believes sooner that it is down


def _play(target, rounds, *more):
    return load.play(target.endpoints, *paths.traffic_options(), "--rounds", rounds, "--connections", 6, *more)


def _moment(condition, seconds, what):
    wait_until(condition, seconds, what, every=0.02)
    return time.monotonic()


def join(spans, seconds):
    """A fourth node beside three that hold undecided spans, under a steady load."""
    steady = measure.Load(STEADY, seconds)
    with measure.Scratch() as directory, load.Sink() as sink, tiers.WeirCluster(
            directory, sink.endpoint, policies=targets.KEEP_ALL, wait="300s") as target:
        nodes = target.cluster
        filled = _play(target, max(1, round(spans / 86_583)))["acknowledged_spans"]
        clients = target.endpoints
        before = load.play(clients, *steady.options(), "--first-round", 1000)

        def missing():
            """Spans that were taken in and are in no window."""
            page = nodes.metrics()
            return (sum(page["otelcol_receiver_accepted_spans"].values())
                    - sum(page["weir_window_spans"].values()))
        wait_until(lambda: missing() <= 0, 30, "all spans to be in windows")
        with load.Player(clients, *steady.options(), "--first-round", 2000) as player:
            time.sleep(1)
            on_the_way = max(missing() for _ in range(20)) + STEADY / 10
            begun = time.monotonic()
            fourth = nodes.add().start()
            ready = time.monotonic()
            owned = _moment(lambda: fourth.ring()[1] > 0, 60, "the fourth to own something")
            wait_until(lambda: fourth.metric("weir_window_spans") > 0, 60, "moved slots", every=0.02)
            opened = _moment(lambda: missing() <= on_the_way, 120, "moved slots to be open again")
            moved = fourth.metric("weir_window_spans")
            meanwhile = player.summary(120)
    ratio = meanwhile["p99_ms"] / before["p99_ms"]
    return [
        Row(f"a fourth node joins with {filled / 1e6:.1f} M undecided spans: moved slots open there, after its start",
            f"{opened - begun:.1f} s", "", f"{opened - begun:.1f} s", "<= 5 s", steady.text(),
            f"ready after {ready - begun:.1f} s, owner after {owned - begun:.1f} s; {moved / 1e3:.0f} k spans moved"),
        Row("acknowledgement p99 meanwhile, against before", f"{meanwhile['p99_ms']:.1f} ms",
            f"before: {before['p99_ms']:.1f} ms", f"{ratio:.1f}x", "<= 2x", steady.text(),
            f"{meanwhile['refusals']} refusals, p50 {meanwhile['p50_ms']:.1f} and {before['p50_ms']:.1f} ms"),
    ]


def death(spans):
    """One of three is killed that has taken nothing in, but owns a third of what is undecided."""
    wait_s = 3
    with measure.Scratch() as directory, load.Sink() as sink, tiers.WeirCluster(
            directory, sink.endpoint, policies=targets.KEEP_ALL, wait=f"{wait_s}s") as target:
        *others, killed = target.cluster.members
        time.sleep(KNOWN)
        load.play([each.grpc for each in others], *paths.traffic_options(), "--rounds", max(1, round(spans / 86_583)),
                  "--connections", 6)
        lost = killed.metric("weir_window_spans")
        killed.kill()
        begun = time.monotonic()
        down = _moment(lambda: all(each.ring()[0] == 2 for each in others), 60, "the others to notice")
        # All that the killed one had not decided has waited for longer than it has to.
        settled = _moment(lambda: sum(each.metric("weir_journal_open_slots") for each in others) == 0, 60,
                          "its traces to be decided")
        overdue = down - begun > wait_s
    return [Row("a node is killed: its overdue traces are decided by the others, after it counts as down",
                f"{settled - down:.2f} s", "", f"{settled - down:.2f} s", "<= 2 s",
                f"{lost / 1e3:.0f} k undecided spans", f"down after {down - begun:.1f} s"
                f"{'' if overdue else '; not all were overdue'}")]
