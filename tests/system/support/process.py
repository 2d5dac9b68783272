"""A program under test: started, waited for, measured and ended by its process id alone."""

import os
import signal
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Failed(Exception):
    """A program did not do what was waited for; the text has its last lines."""


def wait_until(condition, seconds, what, every=0.05):
    """Returns the first true value of `condition()`; Failed when it takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(every)


class Process:
    """A running program whose output is gathered line by line.

    Use as a context manager: it is gone at the end, however the block ends.
    """

    def __init__(self, command, env=None, name=None, cpus=None, cwd=None):
        self.name = name or os.path.basename(command[0])
        self.lines = []
        self._changed = threading.Condition()
        full_env = dict(os.environ, **(env or {}))
        if cpus:
            command = ["taskset", "-c", cpus, *command]
        self._popen = subprocess.Popen(
            [str(part) for part in command], env=full_env, cwd=cwd, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", bufsize=1)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def pid(self):
        return self._popen.pid

    def _read(self):
        for line in self._popen.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def tail(self, count=20):
        return "\n".join(self.lines[-count:])

    def wait_for_line(self, matches, seconds=20):
        """The first line for which `matches(line)` is true, past ones included."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if matches(line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if not self._reader.is_alive() and seen == len(self.lines):
                    raise Failed(f"{self.name} ended:\n{self.tail()}")
                if left <= 0:
                    raise Failed(f"{self.name}: no such line in {seconds} s:\n{self.tail()}")
                self._changed.wait(min(left, 0.2))

    def says(self, text, seconds=10):
        """The first line with this text; a line comes some moments after what it tells of."""
        return self.wait_for_line(lambda line: text in line, seconds)

    def command(self, line):
        """Writes a line to its standard input."""
        self._popen.stdin.write(line + "\n")
        self._popen.stdin.flush()

    def running(self):
        return self._popen.poll() is None

    def signal(self, number):
        if self.running():
            self._popen.send_signal(number)

    def wait(self, seconds=60):
        """Its exit code."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end in {seconds} s:\n{self.tail()}") from None
        self._reader.join(5)
        return code

    def terminate(self, seconds=30):
        """SIGTERM; its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """SIGKILL, and everything it held is released when this returns."""
        self.signal(signal.SIGKILL)
        self._popen.wait()
        self._reader.join(5)
        for pipe in (self._popen.stdin, self._popen.stdout):
            try:
                pipe.close()
            except OSError:
                pass

    def cpu_seconds(self):
        """User and system time so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory_bytes(self):
        """Resident memory now."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE

    def peak_memory_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0

    def written_bytes(self):
        """Bytes it has caused to be written to the disk."""
        with open(f"/proc/{self.pid}/io", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))
