#!/usr/bin/env python3
"""Who may be in a cluster, and who is found: certificates, names, ids, protocols, seeds, DNS."""

import os
import pathlib
import shutil
import socket
import subprocess

from support import case, certificates, cluster, mounts, node, paths
from support.process import Process, wait_until

QUICK = {"suspect_after": "2s", "down_after": "4s", "join_timeout": "1s"}


class Strangers(case.SystemTest):
    def member(self, name, seeds=(), address=None, **options):
        """A node that is not started."""
        block = {**QUICK, **options.pop("cluster", {})}
        made = cluster.Member(pathlib.Path(self.path(name)), "127.0.0.1:1",
                              address or f"127.0.0.1:{node.free_port()}", list(seeds), cluster=block,
                              policies=node.SAMPLING["keep-all"], **options)
        self.addCleanup(made.kill)
        return made

    def wait_up(self, *members, count=None):
        count = count or len(members)
        wait_until(lambda: all(each.ring()[0] == count for each in members), 30,
                   f"{count} up, at {[each.directory.name for each in members]}: "
                   f"{[each.process.tail(5) for each in members]}", every=0.2)

    @staticmethod
    def lines(member, text):
        return [line for line in member.process.lines if text in line]


class CertificatesTest(Strangers):
    def tls(self, authority, name):
        return {"cert_file": f"{authority.directory}/{name}.crt", "key_file": f"{authority.directory}/{name}.key",
                "ca_file": f"{authority.directory}/ca.crt", "reload_interval": "1s"}

    def test_only_good_certificates_come_in(self):
        """Scenario: beside a node of one authority, one whose certificate another authority signed, and one whose
        certificate has expired; then both get good files, while they run.
        Guarantee: no link is made, both sides say why, everybody lives; with the good files they are one cluster,
        and links that stand stay."""
        ours, theirs = (certificates.Authority(self.path(name)) for name in ("ours", "theirs"))
        for name in ("good", "late"):
            ours.issue(name)
        theirs.issue("foreign")
        ours.issue("expired", days=-1)
        good = self.member("good", cluster={"tls": self.tls(ours, "good")}).start()
        foreign = self.member("foreign", [good.address], cluster={"tls": self.tls(theirs, "foreign")}).start()
        expired = self.member("expired", [good.address], cluster={"tls": self.tls(ours, "expired")}).start()
        for each in (foreign, expired):
            print(each.process.says("the link to " + good.address).split("]")[-1])
            self.assertEqual(each.ring()[0], 1)
        good.process.says("Handshake failed")
        self.assertEqual(good.ring()[0], 1)
        for name in ("foreign", "expired"):
            which = theirs if name == "foreign" else ours
            for end in ("crt", "key"):
                os.replace(shutil.copy(f"{ours.directory}/late.{end}", self.path("copy")),
                           f"{which.directory}/{name}.{end}")
        os.replace(shutil.copy(f"{ours.directory}/ca.crt", self.path("copy")), f"{theirs.directory}/ca.crt")
        self.wait_up(good, foreign, expired)

    def test_plain_text_is_asked_for(self):
        """Scenario: a cluster port on all addresses without certificates; then with `insecure`.
        Guarantee: the first is refused by name, the second runs and says at start that links are open."""
        bare = self.member("bare", address=f"0.0.0.0:{node.free_port()}", cluster={"advertise": "127.0.0.1:1"})
        done = subprocess.run([paths.program("weir"), "validate", "--config", bare.config], capture_output=True,
                              text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("insecure: true", done.stdout + done.stderr)
        told = self.member("told", address=f"0.0.0.0:{node.free_port()}",
                           cluster={"advertise": "127.0.0.1:1", "tls": {"insecure": True}})
        told.host = "127.0.0.1"
        told.start()
        told.process.says("links are plain text")


class NamesTest(Strangers):
    def hello(self, member, *options):
        """What a node says to a stranger's hello."""
        done = subprocess.run([paths.program("fake-peer"), "--join", member.address, "--cluster", "tested", *options],
                              stdout=subprocess.PIPE, text=True, timeout=30, check=False)
        return done.stdout.strip()

    def test_protocols_one_apart_go_together(self):
        """Scenario: hellos of a program that speaks the number before, the next one, and two further on.
        Guarantee: the newest number that both speak is spoken; where there is none, the reason has both ranges."""
        one = self.member("one").start()
        self.assertIn("protocol 1", self.hello(one, "--protocols", "0-1"))
        self.assertIn("protocol 2", self.hello(one, "--protocols", "2-3"))
        self.assertRegex(self.hello(one, "--protocols", "7-8"), "refused: it speaks protocols 7 to 8, this node 1 to")

    def test_a_release_before_is_asked_itself(self):
        """Scenario: a member that speaks the protocol before the one in which nodes ask each other to leave.
        Guarantee: it is a member; asking this node to have it leave is an error that says why and what to do."""
        one = self.member("one").start()
        old = Process([paths.program("fake-peer"), "--join", one.address, "--cluster", "tested", "--protocols", "1-1",
                       "--listen", f"127.0.0.1:{node.free_port()}", "--behaviour", "deaf"], name="fake-peer")
        self.addCleanup(old.kill)
        self.wait_up(one, count=2)
        wait_until(lambda: any(each.get("link", {}).get("up") for each in one.ask("members")["cluster"]["members"]), 10,
                   "a link to it")
        done = one.command("leave", "fake")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("older release", done.stderr)

    def test_another_cluster_is_refused_once_in_words(self):
        """Scenario: a node of another cluster has this one's address as a seed, and goes on trying.
        Guarantee: both say so with both names, once; they do not become one, and who was refused is not ready."""
        ours = self.member("ours").start()
        theirs = self.member("theirs", [ours.address], cluster={"name": "other"})
        theirs.begin()
        reason = 'it is of cluster "other", this node of "tested"'
        for each in (ours, theirs):
            each.process.says(reason)
        # Several attempts more.
        wait_until(lambda: ours.metric("weir_cluster_refused_peers_total") >= 8, 30, "further attempts")
        for each in (ours, theirs):
            self.assertEqual(len(self.lines(each, reason)), 1, each.process.tail())
            self.assertEqual(each.ring()[0], 1)
        self.assertEqual(theirs.health("/ready"), 503)
        self.assertTrue(any(reason in line for line in theirs.troubles()), theirs.troubles())

    def test_clusters_of_one_name_that_meet_are_one(self):
        """Scenario: two clusters that were made apart by the same name; one's node restarts with a seed of the other.
        Guarantee: they become one."""
        one, two = (self.member(name).start() for name in ("one", "two"))
        third = self.member("third", [one.address]).start()
        self.wait_up(one, third)
        self.assertEqual(two.terminate(), 0)
        two.write_text(two.config_text().replace("join: []", f"join: [{one.address}]"))
        two.start()
        self.wait_up(one, two, third)

    def test_a_copied_directory_is_refused(self):
        """Scenario: the storage directory of a member is copied, and a node started on the copy.
        Guarantee: the copy is refused in words, by both, once; the member stays, and is not disturbed."""
        one = self.member("one").start()
        two = self.member("two", [one.address]).start()
        self.wait_up(one, two)
        self.assertEqual(two.terminate(), 0)
        copy = self.member("copy", [one.address, two.address])
        shutil.copytree(self.path("two/data"), self.path("copy/data"))
        two.start()
        self.wait_up(one, two)
        copy.begin()
        copy.process.says("is taken by another process that lives")
        one.process.says("is taken by another process that lives")
        wait_until(lambda: one.metric("weir_cluster_refused_peers_total") >= 3, 30, "further attempts")
        self.assertEqual(len(self.lines(one, "is taken by another process")), 1, one.process.tail())
        self.assertTrue(two.process.running(), two.process.tail())
        self.assertEqual((one.ring()[0], two.ring()[0]), (2, 2))
        self.assertEqual(copy.health("/ready"), 503)


class SeedsTest(Strangers):
    def test_seeds_that_are_nobody(self):
        """Scenario: seeds where nobody listens, where somebody never answers, and that are the node itself.
        Guarantee: it begins alone after `join_timeout`, and another finds it."""
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            address = f"127.0.0.1:{node.free_port()}"
            nobody = f"127.0.0.1:{node.free_port()}"
            one = self.member("one", [nobody, f"127.0.0.1:{silent.getsockname()[1]}", address, "localhost:1"],
                              address=address).start()
            wait_until(lambda: one.ring() == (1, cluster.PARTITIONS), 10, "a ring of one")
            two = self.member("two", [address]).start()
            self.wait_up(one, two)
            print("\n".join(self.lines(one, "link to")))

    def test_names_whose_addresses_change(self):
        """Scenario: the seed is a name of DNS that stands for an address where nobody is, then for another node's.
        Guarantee: the node finds the other one without a restart."""
        own = mounts.namespace()
        if not own:
            self.skipTest("mounts of its own are not permitted here (unshare -m, unshare -rm)")
        hosts = pathlib.Path(self.path("hosts"))
        hosts.write_text("127.0.0.1 localhost\n127.0.0.9 nodes.weir.test\n", encoding="ascii")
        port = node.free_port()
        one = self.member("one", address=f"127.0.0.2:{port}").start()
        prefix = [*own, "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
        two = self.member("two", [f"dns://nodes.weir.test:{port}"], address=f"127.0.0.3:{port}")
        two.prefix = prefix
        two.start()
        self.assertEqual(two.ring()[0], 1)
        hosts.write_text("127.0.0.1 localhost\n127.0.0.9 nodes.weir.test\n127.0.0.2 nodes.weir.test\n",
                         encoding="ascii")
        self.wait_up(one, two)


if __name__ == "__main__":
    case.main()
