"""Ports for programs that are told theirs: nobody else gets one, also where tests run side by side."""

import pathlib
import random
import socket

EPHEMERAL = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST = 10_000
_taken = []


def _below_ephemeral():
    """The ports that the system gives nobody who did not ask for them by number."""
    low = int(EPHEMERAL.read_text(encoding="ascii").split()[0])
    return range(FIRST, low if low >= FIRST + 2000 else 32_768)


def _take(port):
    """Whether the port is this process's from now on, until it ends."""
    # A name in the same network namespace as the port, which the system frees with the process.
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0weir-test-port-{port}")
        for host in ("127.0.0.1", "0.0.0.0"):
            with socket.socket() as probe:
                probe.bind((host, port))
    except OSError:
        claim.close()
        return False
    _taken.append(claim)
    return True


def free_port():
    """A port that nobody listens on, and that no other call gives, in any process, while this process runs."""
    candidates = _below_ephemeral()
    for port in random.sample(candidates, len(candidates)):
        if _take(port):
            return port
    raise OSError("no port is free")
