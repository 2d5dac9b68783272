"""Nodes on hosts of their own: network namespaces around a router, whose ways are cut and healed.

The process that uses it goes into a namespace of its own first (enter()): it is the router, and the clients and back
ends that it starts are there too, so that what is cut between hosts is never cut from them.
"""

import os
import shutil
import subprocess
import sys

from . import paths
from .process import Process, wait_until

ROUTER = "10.77.0.1"
_MARK = "WEIR_TEST_NETWORK"
_WAYS = (["unshare", "-mn", "--propagation", "private"], ["unshare", "-rmn", "--propagation", "private"])


def enter():
    """Starts this program again in a network (and mounts) of its own; returns in there, or where that cannot be."""
    if _MARK in os.environ:
        if entered():
            _ip("link", "set", "lo", "up")
        return
    found = _problem()
    os.environ[_MARK] = found or "entered"
    if found:
        return
    own = next(way for way in _WAYS if _works([*way, "true"]))
    os.execvp(own[0], [*own, sys.executable, "-W", "ignore::ResourceWarning", *sys.argv])


def need():
    """Missing, with the reason, where there are no networks to be had."""
    if not entered():
        raise paths.Missing(problem())


def entered():
    return os.environ.get(_MARK) == "entered"


def problem():
    """Why there are none."""
    return os.environ.get(_MARK, "the program did not ask for a network")


def address_of(number):
    """Of the host that is made so many-th, from 1."""
    return f"10.77.{number}.2"


def _problem():
    for tool in ("unshare", "nsenter", "ip"):
        if not shutil.which(tool):
            return f"there is no {tool} here (iproute2, util-linux)"
    script = ("ip link set lo up && unshare -n sleep 5 & sleep 0.2; "
              "ip link add probe type veth peer name inside netns $! && ip rule add from 10.77.9.9 blackhole")
    if not any(_works([*way, "sh", "-c", script]) for way in _WAYS):
        return "network namespaces cannot be made here"
    return None


def _works(command):
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _ip(*arguments, where=()):
    subprocess.run([*where, "ip", *map(str, arguments)], check=True, capture_output=True, text=True)


class Host:
    """Where a node runs: its address, and the command in front of a program's."""

    def __init__(self, number):
        self.address = address_of(number)
        self._keeper = Process(["unshare", "-n", "sleep", "infinity"], name="host")
        self.prefix = ["nsenter", "-t", str(self._keeper.pid), "-n"]
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self._keeper.pid}/ns/net") != own, 10, "a network namespace")
        near, far = f"weir{number}", "eth0"
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self._keeper.pid)
        _ip("addr", "add", f"10.77.{number}.1/24", "dev", near)
        _ip("link", "set", near, "up")
        for words in (("link", "set", "lo", "up"), ("addr", "add", f"{self.address}/24", "dev", far),
                      ("link", "set", far, "up"), ("route", "add", "default", "via", f"10.77.{number}.1")):
            _ip(*words, where=self.prefix)

    def end(self):
        self._keeper.kill()


class Network:
    """Hosts, and which of them reach which: packets on a way that is cut are gone without a word."""

    def __init__(self):
        need()
        _ip("addr", "replace", f"{ROUTER}/32", "dev", "lo")
        with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as forward:
            forward.write("1")
        self.hosts = []
        self._cuts = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.heal()
        for each in self.hosts:
            each.end()

    def add(self):
        self.hosts.append(Host(len(self.hosts) + 1))
        return self.hosts[-1]

    def cut_way(self, source, target):
        """Nothing goes from one host to the other any more; the way back stays."""
        rule = ("from", f"{source.address}/32", "to", f"{target.address}/32", "pref", "100", "blackhole")
        _ip("rule", "add", *rule)
        self._cuts.append(rule)

    def cut(self, one, other):
        self.cut_way(one, other)
        self.cut_way(other, one)

    def split(self, one_side, other_side):
        for one in one_side:
            for other in other_side:
                self.cut(one, other)

    def heal(self):
        for rule in self._cuts:
            _ip("rule", "del", *rule)
        self._cuts.clear()
