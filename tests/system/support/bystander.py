"""A client that does everything right while others do not: how it is served tells what they cost."""

import itertools
import threading
import time

from . import wire
from .process import wait_until


class Bystander:
    """Sends a span every few milliseconds, each on a connection of its own, for as long as the block lasts."""

    def __init__(self, endpoint, every=0.02, headers=()):
        self.endpoint, self.every, self.headers = endpoint, every, headers
        self.statuses = []
        self.longest = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(60)

    def _run(self):
        for number in itertools.count():
            body = wire.request(wire.span(f"bystander {number}", b"standsby" + number.to_bytes(8, "big")))
            before = time.monotonic()
            try:
                answer = wire.post(self.endpoint, body, headers=self.headers)
                self.statuses.append(answer.status if answer else 0)
            except OSError:
                self.statuses.append(0)
            self.longest = max(self.longest, time.monotonic() - before)
            if self._over.wait(self.every):
                return

    def wait_for_another(self):
        """Until a request that begins from now on has been answered."""
        answered = len(self.statuses)
        wait_until(lambda: len(self.statuses) >= answered + 2, 30, "an answer for the bystander", every=0.002)

    def check(self, test, seconds=2.0):
        """All were taken, each within `seconds` (several times as long where tests share the machine)."""
        print(f"{test.id().rsplit('.', 1)[-1]}: bystander {len(self.statuses)} requests, longest "
              f"{self.longest * 1000:.0f} ms", flush=True)
        test.assertEqual(set(self.statuses), {200})
        test.assertLess(self.longest, seconds)
