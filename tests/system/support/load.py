"""weir-load: its sink as a process, play and check as calls."""

import json
import subprocess

from . import paths
from .process import Process


class Sink:
    """A back end that counts and notes what it gets, and fails or stalls on demand."""

    def __init__(self, record=None, options=(), listen="127.0.0.1:0"):
        command = [paths.program("weir-load"), "sink", "--control", "--listen", listen, *options]
        if record:
            command += ["--record", record]
        self.process = Process(command, name="sink")
        line = self.process.wait_for_line(lambda text: text.startswith("listening on "))
        self.endpoint = line.removeprefix("listening on ")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()

    def tell(self, command):
        self.process.command(command)

    def stop(self):
        """Its summary."""
        self.process.terminate()
        return json.loads(self.process.lines[-1])


def play_command(endpoints, *options):
    """`endpoints`: one, or several that the load is spread over."""
    if isinstance(endpoints, str):
        endpoints = [endpoints]
    over = [word for each in endpoints for word in ("--endpoint", each)]
    return [paths.program("weir-load"), "play", "--json", *over, *map(str, options)]


def play(endpoints, *options, seconds=600):
    """Plays to the end; its summary."""
    done = subprocess.run(play_command(endpoints, *options), stdout=subprocess.PIPE, text=True,
                          timeout=seconds, check=False)
    if done.returncode == 2:
        raise RuntimeError(f"play: exit {done.returncode}")
    return json.loads(done.stdout)


class Player(Process):
    """A play that goes on in the background."""

    def __init__(self, endpoints, *options):
        super().__init__(play_command(endpoints, *options), name="play")

    def summary(self, seconds=600):
        """Waits for its end."""
        self.wait(seconds)
        return json.loads(self.lines[-1])


def check(acked, seen, reference=None):
    """Compares what was acknowledged with what was seen: the counts of `weir-load check`."""
    more = ["--reference", reference] if reference else []
    done = subprocess.run([paths.program("weir-load"), "check", "--json", "--acked", acked, "--seen", seen, *more],
                          stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout)
