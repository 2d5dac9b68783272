"""Faults at random on a cluster under load, then the same check as the tests: nothing lost, no trace in part."""

import collections
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

from support import cluster, load, node, paths  # noqa: E402
from support.process import Failed  # noqa: E402

RATE = 10_000  # spans a second
MOST = 5       # members
SEED = int(os.environ.get("WEIR_SEED", "1"))


class Chaos:
    def __init__(self, minutes, directory):
        self.until = time.monotonic() + 60 * minutes
        self.minutes = minutes
        self.directory = pathlib.Path(directory)
        self.chance = random.Random(SEED)
        self.done = collections.Counter()

    def run(self):
        seen, acked = self.directory / "seen", self.directory / "acked"
        with load.Sink(record=seen) as self.sink, \
                cluster.Cluster(self.directory / "cluster", self.sink.endpoint, 3, policies=node.SAMPLING["keep-all"],
                                wait="4s", cluster={"suspect_after": "2s", "down_after": "4s"}) as self.nodes:
            self.nodes.start()
            first = self.nodes.members[:3]
            more = [word for each in first[1:] for word in ("--endpoint", each.grpc)]
            with load.Player(first[0].grpc, *more, *paths.traffic_options(), "--acked", acked, "--rounds", 0,
                             "--duration", 60 * self.minutes, "--rate", RATE, "--connections", 6, "--max-elapsed", 0,
                             "--initial-backoff", 50, "--max-backoff", 500, "--timeout", 4000) as player:
                while time.monotonic() < self.until:
                    self.one_fault()
                summary = player.summary(300)
            self.nodes.wait_at_rest(300)
            for each in self.nodes.running:
                if each.terminate() != 0:
                    raise Failed(each.process.tail())
            self.sink.stop()
        return summary, load.check(acked, seen)

    def one_fault(self):
        time.sleep(self.chance.uniform(1, 8))  # the time in which nothing happens
        fault = self.chance.choice([self.kill, self.restart, self.stand_still, self.join, self.leave, self.stall])
        victim = self.chance.choice(self.nodes.running)
        if fault(victim):
            self.done[fault.__name__] += 1
            print(f"{time.strftime('%H:%M:%S')} {fault.__name__} {victim.directory.name}", flush=True)

    def kill(self, victim):
        victim.kill()
        time.sleep(self.chance.uniform(0, 12))
        victim.start()
        return True

    def restart(self, victim):
        if victim.terminate() != 0:
            raise Failed(victim.process.tail())
        victim.start()
        return True

    def stand_still(self, victim):
        victim.process.signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.5, 15))
        victim.process.signal(signal.SIGCONT)
        return True

    def join(self, _):
        if len(self.nodes.running) == MOST:
            return False
        self.nodes.add().start()
        return True

    # Not one that clients send to.
    def leave(self, victim):
        if victim in self.nodes.members[:3] or len(self.nodes.running) < 4:
            return False
        victim.ask("leave")
        if victim.process.wait(180) != 0:
            raise Failed(victim.process.tail())
        return True

    def stall(self, _):
        self.sink.process.signal(signal.SIGUSR1)
        time.sleep(self.chance.uniform(1, 10))
        self.sink.process.signal(signal.SIGUSR1)
        return True


def main():
    minutes = float(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="weir-chaos-") as directory:
        chaos = Chaos(minutes, directory)
        summary, result = chaos.run()
    print(f"{minutes:g} minutes, seed {SEED}: {dict(chaos.done)}; {summary['acknowledged_spans']} spans acknowledged, "
          f"{result['missing']} missing, {result['traces_part']} traces in part, {result['duplicates']} duplicates")
    sys.exit(1 if result["missing"] + result["traces_part"] + result["foreign"] + summary["failed_spans"] else 0)


if __name__ == "__main__":
    main()
