"""Nodes that are one cluster, on loopback or on hosts of their own (network.py)."""

import json
import subprocess

from . import node, paths
from .process import Failed, wait_until

PARTITIONS = 4096
# What a node has taken in another one has settled: the ledgers of all go on after who has left.
AT_REST = ("weir_journal_open_slots", "weir_window_spans", "otelcol_exporter_queue_size",
           "otelcol_exporter_in_flight_requests")


class Member(node.Node):
    """A node that others reach at `address`, with an admin API."""

    def __init__(self, directory, sink, address, seeds, cluster=None, place=None, **options):
        self.address = address
        self.place = place
        prefix = place.prefix if place else ()
        self.admin = f"127.0.0.1:{node.free_port()}"
        block = {"name": "tested", "node": directory.name, "listen": address, "advertise": address,
                 "join": seeds, **(cluster or {})}
        super().__init__(directory, sink, cluster=block, admin={"endpoint": self.admin}, prefix=prefix,
                         host=address.rsplit(":", 1)[0], **options)

    def command(self, name, *arguments, seconds=60):
        """A command of the admin API, as it ended."""
        return subprocess.run([*self.prefix, paths.program("weir"), name, *arguments, "--endpoint", self.admin,
                               "--output", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=seconds, check=False)

    def ask(self, name, *arguments):
        """What such a command prints, as JSON."""
        done = self.command(name, *arguments)
        if done.returncode != 0:
            raise Failed(f"weir {name}: {done.stderr}")
        return json.loads(done.stdout)

    def troubles(self):
        """What `weir status` says is wrong."""
        return [each["problem"] for each in self.ask("status")["troubles"]]

    def ring(self):
        """Members that are up, and partitions that it owns, as it sees them."""
        page = self.metrics()
        up = sum(value for labels, value in page.get("weir_cluster_members", {}).items() if 'state="up"' in labels)
        return int(up), int(sum(page.get("weir_cluster_owned_partitions", {}).values()))


class Cluster:
    """Starts members one by one; all end with the block.

    network: each gets a host of its own there. A trusted one, where `cluster` has no `tls`.
    """

    def __init__(self, directory, sink, count, cluster=None, network=None, **options):
        self.directory = directory
        self.network = network
        self.sink = sink
        self.options = options
        self.cluster = {"tls": {"insecure": True}, **(cluster or {})} if network else cluster
        self.seeds = []
        self.members = []
        for _ in range(count):
            self.add()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self.members:
            each.kill()

    def add(self):
        place = self.network.add() if self.network else None
        address = f"{place.address if place else '127.0.0.1'}:{node.free_port()}"
        if len(self.seeds) < 3:
            self.seeds.append(address)
        added = Member(self.directory / f"n{len(self.members) + 1}", self.sink, address, list(self.seeds),
                       cluster=self.cluster, place=place, **self.options)
        self.members.append(added)
        return added

    def start(self):
        for each in self.members:
            each.start()
        self.wait_formed()
        return self

    @property
    def running(self):
        return [each for each in self.members if each.process and each.process.running()]

    def wait_formed(self, count=None, seconds=60):
        """Until all that run see so many up, and own all partitions between them."""
        count = count or len(self.running)

        def formed():
            rings = [each.ring() for each in self.running]
            return all(up == count for up, _ in rings) and sum(owned for _, owned in rings) == PARTITIONS
        wait_until(formed, seconds, f"a ring of {count}: {[each.ring() for each in self.running]}", every=0.2)

    def wait_up(self, count, seconds=60):
        """Until all that run see so many up, and own a part of the ring; who is not this test's too."""
        wait_until(lambda: all(up == count and 0 < owned <= PARTITIONS * 2 // count for up, owned in
                               (each.ring() for each in self.running)), seconds, f"{count} members", every=0.2)

    def metrics(self):
        """The pages of all that run, added up."""
        total = {}
        for each in self.running:
            for name, series in each.metrics().items():
                mine = total.setdefault(name, {})
                for labels, value in series.items():
                    mine[labels] = mine.get(labels, 0) + value
        return total

    def metric(self, name, containing=""):
        return sum(value for labels, value in self.metrics().get(name, {}).items() if containing in labels)

    def wait_at_rest(self, seconds=120):
        for each in self.running:
            each.process.wait_for_line(lambda line: "the journal is read back" in line, seconds)
        node.wait_calm(self.metrics, seconds, AT_REST)

    def endpoints(self, members=None):
        """Options for weir-load: the OTLP/gRPC ports of these, or of all."""
        return [word for each in members or self.members for word in ("--endpoint", each.grpc)]
