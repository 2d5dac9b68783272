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

from support import certificates, cluster, load, network, node, paths  # noqa: E402
from support.process import Failed, wait_until  # noqa: E402

RATE = int(os.environ.get("WEIR_RATE", "10000"))  # spans a second
MOST = 5       # members
MOST_EVER = 100
SEED = int(os.environ.get("WEIR_SEED", "1"))
COUNTED = ("weir_double_decisions_total", "weir_cluster_insisted_slots_total",
           "weir_window_decided_incomplete_total", "weir_duplicate_slots_total")


def tls(directory):
    """A block `tls` of cluster settings for all hosts that there may be."""
    authority = certificates.Authority(directory)
    authority.issue("node", ",".join(f"IP:{network.address_of(number)}" for number in range(1, MOST_EVER + 1)))
    return {"cert_file": f"{directory}/node.crt", "key_file": f"{directory}/node.key", "ca_file": f"{directory}/ca.crt"}


class Chaos:
    def __init__(self, minutes, directory):
        self.until = time.monotonic() + 60 * minutes
        self.minutes = minutes
        self.directory = pathlib.Path(directory)
        self.chance = random.Random(SEED)
        self.done = collections.Counter()
        self.net = network.Network() if network.entered() else None
        self.faults = [self.kill, self.restart, self.stand_still, self.join, self.leave, self.stall, self.slow]
        if self.net:
            self.faults += [self.cut, self.cut_one_way, self.flap, self.split, self.kill_while_cut]

    def run(self):
        seen, acked = self.directory / "seen", self.directory / "acked"
        block = {"suspect_after": "2s", "down_after": "4s"}
        if self.net:
            block["tls"] = tls(self.directory / "certificates")
        with load.Sink(record=seen, listen=f"{network.ROUTER if self.net else '127.0.0.1'}:0") as self.sink, \
                cluster.Cluster(self.directory / "cluster", self.sink.endpoint, 3, policies=node.SAMPLING["keep-all"],
                                wait="4s", cluster=block, network=self.net) as self.nodes:
            self.nodes.start()
            first = self.nodes.members[:3]
            with load.Player(first[0].grpc, *self.nodes.endpoints(first[1:]), *paths.traffic_options(), "--acked",
                             acked, "--rounds", 0, "--duration", 60 * self.minutes, "--rate", RATE,
                             "--connections", 6, "--max-elapsed", 0, "--initial-backoff", 50, "--max-backoff", 500,
                             "--timeout", 4000) as player:
                while time.monotonic() < self.until:
                    self.one_fault()
                summary = player.summary(300)
            self.nodes.wait_formed(seconds=120)
            self.nodes.wait_at_rest(300)
            page = self.nodes.metrics()
            for each in self.nodes.running:
                if each.terminate() != 0:
                    raise Failed(each.process.tail())
            self.sink.stop()
        return summary, load.check(acked, seen), {name: int(sum(page.get(name, {}).values())) for name in COUNTED}

    def one_fault(self):
        time.sleep(self.chance.uniform(1, 8))  # the time in which nothing happens
        fault = self.chance.choice(self.faults)
        victim = self.chance.choice(self.nodes.running)
        began = time.strftime("%H:%M:%S")
        if fault(victim):
            self.done[fault.__name__] += 1
            print(f"{began} {fault.__name__} {victim.directory.name}", flush=True)

    def other_than(self, victim):
        return self.chance.choice([each for each in self.nodes.running if each is not victim])

    def kill(self, victim):
        victim.kill()
        time.sleep(self.chance.uniform(0, 12))
        victim.start(60)
        return True

    def restart(self, victim):
        if victim.terminate() != 0:
            raise Failed(victim.process.tail())
        victim.start(60)
        return True

    def stand_still(self, victim):
        victim.process.signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.5, 15))
        victim.process.signal(signal.SIGCONT)
        return True

    def join(self, _):
        if len(self.nodes.running) == MOST or len(self.nodes.members) == MOST_EVER:
            return False
        self.nodes.add().start(60)
        return True

    # Not one that clients send to. Another is asked for it.
    def leave(self, victim):
        if victim in self.nodes.members[:3] or len(self.nodes.running) < 4:
            return False
        self.nodes.wait_formed()
        asked = self.other_than(victim)  # Its link to the victim may be made anew after the fault before.
        wait_until(lambda: asked.command("leave", victim.directory.name).returncode == 0, 30, "a link to who leaves", 1)
        if victim.process.wait(180) != 0:
            raise Failed(victim.process.tail())
        return True

    def stall(self, _):
        self.sink.tell("stall")
        time.sleep(self.chance.uniform(1, 10))
        self.sink.tell("go")
        return True

    def slow(self, _):
        self.sink.tell(f"rate {RATE / 2}")
        time.sleep(self.chance.uniform(1, 10))
        self.sink.tell("rate 0")
        return True

    # -- the network --

    def for_a_while(self, longest=15):
        time.sleep(self.chance.uniform(0.5, longest))
        self.net.heal()
        return True

    def cut(self, victim):
        self.net.cut(victim.place, self.other_than(victim).place)
        return self.for_a_while()

    def cut_one_way(self, victim):
        self.net.cut_way(victim.place, self.other_than(victim).place)
        return self.for_a_while()

    def flap(self, victim):
        other = self.other_than(victim)
        for _ in range(self.chance.randrange(2, 10)):
            self.net.cut(victim.place, other.place)
            self.for_a_while(1.5)
            time.sleep(self.chance.uniform(0.1, 1.5))
        return True

    def split(self, victim):
        others = [each.place for each in self.nodes.running if each is not victim]
        self.net.split([victim.place, *others[3:]], others[:3])
        return self.for_a_while(20)

    def kill_while_cut(self, victim):
        self.net.cut(victim.place, self.other_than(victim).place)
        time.sleep(self.chance.uniform(0.5, 8))
        victim.kill()
        self.for_a_while(8)
        victim.start(60)
        return True


def main():
    network.enter()
    minutes = float(sys.argv[1])
    if not network.entered():
        print(f"no network is cut: {network.problem()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="weir-chaos-") as directory:
        chaos = Chaos(minutes, directory)
        summary, result, counted = chaos.run()
    print(f"{minutes:g} minutes, seed {SEED}: {dict(chaos.done)}; {summary['acknowledged_spans']} spans acknowledged, "
          f"{result['missing']} missing, {result['traces_part']} traces in part, {result['duplicates']} duplicates; of "
          f"those that ran at the end {counted}")
    sys.exit(1 if result["missing"] + result["traces_part"] + result["foreign"] + summary["failed_spans"] else 0)


if __name__ == "__main__":
    main()
