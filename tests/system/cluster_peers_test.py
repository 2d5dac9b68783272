#!/usr/bin/env python3
"""Members that do not do what members do, and strangers on the cluster port."""

import pathlib
import random
import socket
import struct
import time

from support import case, cluster, http2, load, node, paths, wire
from support.bystander import Bystander
from support.process import Process, wait_until

QUICK = {"suspect_after": "2s", "down_after": "4s", "join_timeout": "1s"}
CONTROL = "/weir.cluster.v1.Cluster/Control"


class PeersTest(case.SystemTest):
    def cluster_of(self, count, sink):
        made = cluster.Cluster(pathlib.Path(self.path("cluster")), sink, count, policies=node.SAMPLING["keep-all"],
                               wait="2s", cluster=QUICK)
        self.addCleanup(made.__exit__)
        return made.start()

    def fake(self, nodes, behaviour):
        made = Process([paths.program("fake-peer"), "--join", nodes.members[0].address, "--cluster", "tested",
                        "--listen", f"127.0.0.1:{node.free_port()}", "--behaviour", behaviour], name="fake-peer")
        self.addCleanup(made.kill)
        made.says("welcome by")
        nodes.wait_up(len(nodes.members) + 1)
        return made

    def check(self, behaviour, patience=30):
        """Two nodes beside a member that is none: what the two own arrives; when it is gone, all."""
        seen, acked = self.path("seen"), self.path("acked")
        with load.Sink(record=seen) as sink:
            nodes = self.cluster_of(2, sink.endpoint)
            fake = self.fake(nodes, behaviour)
            cpu = [each.process.cpu_seconds() for each in nodes.members]
            began = time.monotonic()
            one, two = nodes.members
            summary = load.play(one.grpc, "--endpoint", two.grpc, "--traces", 3000, "--rounds", 1, "--acked", acked,
                                "--rate", 10_000, "--max-elapsed", 0)
            self.assertEqual(summary["failed_spans"], 0, summary)
            spans = summary["acknowledged_spans"]
            wait_until(lambda: nodes.metric("otelcol_exporter_sent_spans") > spans / 2, patience,
                       "what is not the fake one's to be delivered")
            came = time.monotonic() - began
            self.assertLess(nodes.metric("otelcol_exporter_sent_spans"), spans)
            time.sleep(max(0, 10 - came))  # What is turned away for ever comes round in this time.
            spent = sum(each.process.cpu_seconds() - before for each, before in zip(nodes.members, cpu))
            peak = max(each.process.peak_memory_bytes() for each in nodes.members)
            print(f"{behaviour}: the others' traces after {came:.1f} s; {spent:.1f} s of CPU, {peak >> 20} MiB, "
                  f"{nodes.metric('weir_cluster_turned_away_slots_total'):.0f} slots turned away, "
                  f"{nodes.metric('weir_cluster_sent_entries_total'):.0f} entries sent, "
                  f"{nodes.metric('weir_window_decided_incomplete_total'):.0f} decided incomplete")
            self.assertLess(spent, 10)
            if not paths.SANITIZED:
                self.assertLess(peak, 400 << 20)
            fake.kill()
            nodes.wait_up(2)
            nodes.wait_at_rest()
            sink.stop()
        result = load.check(acked, seen)
        self.assertEqual(result["missing"] + result["foreign"] + result["traces_part"], 0, result)

    def test_a_member_that_turns_all_away(self):
        """Scenario: a third member says of every slot that it is another's, by a ring that nobody has, for ever; then
        it dies.
        Guarantee: the others' traces are delivered meanwhile, at little cost; then all are, nothing is lost."""
        self.check("turns-away")

    @case.takes_minutes
    def test_a_member_that_answers_nothing(self):
        """Scenario: a third member takes everything and answers nothing; then it dies. Guarantee: the same."""
        self.check("deaf")

    @case.takes_minutes
    def test_a_member_that_does_not_read(self):
        """Scenario: a third member stops reading what it is sent; then it dies. Guarantee: the same."""
        self.check("stuck")

    @case.takes_minutes
    def test_a_member_that_only_gossips(self):
        """Scenario: a third member gossips, and says nothing of what it has handed over or sent; then it dies.
        Guarantee: the same; the others' traces wait until the gate opens for want of its word, which is counted."""
        self.check("mute", patience=60)


class HostileTest(case.SystemTest):
    PEAK = 64 << 20

    def setUp(self):
        super().setUp()
        self.nodes = cluster.Cluster(pathlib.Path(self.path("cluster")), "127.0.0.1:1", 2,
                                     policies=node.SAMPLING["keep-all"], cluster=QUICK)
        self.addCleanup(self.nodes.__exit__)
        self.nodes.start()
        self.node = self.nodes.members[0]
        pathlib.Path(f"/proc/{self.node.process.pid}/clear_refs").write_text("5", encoding="ascii")
        self.idle = self.node.process.memory_bytes()
        self.chance = random.Random(1)

    def connect(self):
        host, port = self.node.address.rsplit(":", 1)
        made = socket.create_connection((host, int(port)), 15)
        self.addCleanup(made.close)
        return made

    def send(self, data):
        made = self.connect()
        try:
            made.sendall(data)
        except OSError:
            pass
        return made

    def grpc(self, messages, path=CONTROL):
        """A call with these bytes as messages; how the node ended it: its trailers, as they come."""
        with http2.Connection(self.node.address) as connection:
            stream = connection.open(http2.head(path, more=[("te", "trailers")]))
            for each in messages:
                connection.send(http2.frame(http2.DATA, 0, stream, http2.message(each)))
            said = b""
            for kind, flags, number, payload in connection.frames():
                if number == stream:
                    said += payload
                    if flags & http2.END_STREAM or kind == http2.RST_STREAM:
                        break
            return said

    @staticmethod
    def hello(cluster_name="tested", node_id=0xbad, more=b""):
        """ControlMessage{hello}, with fields that no release knows."""
        varints = b"".join(wire.tag(number, wire.VARINT) + wire.varint(value)
                           for number, value in ((4, 1), (5, 1), (6, 4096)))
        return wire.field(1, wire.field(1, cluster_name) + wire.fixed64(2, node_id) + wire.fixed64(3, 1) + varints
                          + wire.field(7, "127.0.0.1:1") + wire.field(8, "none") + more)

    def test_whatever_comes_on_the_cluster_port(self):
        """Scenario: random bytes, TLS, HTTP/1, truncated and replayed beginnings of a link, messages that are no
        hello, huge announcements, floods, connections that say nothing, from many connections.
        Guarantee: each is closed, what could be understood with a reason in the log; memory stays flat, clients are
        served, the other member stays."""
        with Bystander(self.node.http) as bystander:
            self.rubbish()
            self.huge()
            self.slow()
            self.words()
        bystander.check(self, 5)
        self.assertEqual([each.ring()[0] for each in self.nodes.members], [2, 2])
        peak = self.node.process.peak_memory_bytes() - self.idle
        print(f"{peak / 2**20:.1f} MiB above {self.idle / 2**20:.0f} MiB at rest")
        if not paths.SANITIZED:
            self.assertLessEqual(peak, self.PEAK)

    def rubbish(self):
        begun = http2.PREFACE + http2.settings() + http2.frame(
            http2.HEADERS, 4, 1, http2.head(CONTROL)) + http2.frame(http2.DATA, 0, 1, http2.message(self.hello()))
        for _ in range(100):
            self.send(self.chance.randbytes(self.chance.randrange(1, 3000))).close()
            self.send(begun[:self.chance.randrange(len(begun))]).close()
            self.send(begun[:-40] + self.chance.randbytes(40)).close()
        self.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + self.chance.randbytes(400))

    def huge(self):
        """A message of 1 GB is announced, and as much of it sent as is taken."""
        for _ in range(8):
            with http2.Connection(self.node.address) as connection:
                stream = connection.open(http2.head(CONTROL))
                connection.send(http2.frame(http2.DATA, 0, stream, b"\0" + struct.pack(">I", 1 << 30)))
                for _ in range(2000):
                    if not connection.send(http2.frame(http2.DATA, 0, stream, bytes(16000))):
                        break

    def slow(self):
        """Many that say nothing, or begin a call and say no more: closed in time."""
        quiet = [self.connect() for _ in range(100)]
        begun = [self.send(http2.PREFACE + http2.settings() + http2.frame(http2.HEADERS, 4, 1, http2.head(CONTROL)))
                 for _ in range(100)]
        for each in quiet + begun:
            each.settimeout(30)
            try:
                while each.recv(65536):
                    pass
            except ConnectionResetError:
                pass

    def words(self):
        """What is understood and not good ends with a reason, which the caller is told and the log says."""
        self.assertIn(b"hello", self.grpc([b"\xff\xff\xff"]) + self.grpc([wire.field(2, b"")]))
        refused = self.grpc([self.hello("other")])
        self.assertIn(b'it is of cluster "other"', refused)
        self.node.process.says('it is of cluster "other"')
        self.assertIn(b"second hello", self.grpc([self.hello(), self.hello()]))
        # A newer release: fields and kinds that nobody knows are passed over, a good hello is welcome.
        unknown = wire.field(90, "later") + wire.tag(91, wire.VARINT) + wire.varint(7)
        self.assertIn(b"second hello", self.grpc([self.hello(more=unknown), wire.field(77, "a kind"), self.hello()]))
        self.assertIn(b"token", self.grpc([wire.field(1, bytes(16))], "/weir.cluster.v1.Cluster/Data"))


if __name__ == "__main__":
    case.main()
