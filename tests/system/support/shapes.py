"""Export requests of any shape: protobuf and JSON, with numbers in their items that can be found again."""

import base64
import json
import random
import re
import struct
from dataclasses import dataclass, replace

from . import wire

SIGNALS = ("traces", "metrics", "logs")
MARK = b"WS"
FOUND = re.compile(rb"(?:\x12\x08WS(.{6}))|(?:[\x09\x19](.{6})WS)", re.DOTALL)
MIB = 1 << 20
ENVELOPE = MIB - 100  # the largest one that is taken, less what is around its bytes


@dataclass(frozen=True)
class Shape:
    """Counts are each inside the one above; sizes in bytes."""

    signal: str = "traces"
    resources: int = 1
    scopes: int = 1
    items: int = 1
    resource_bytes: int = 0
    scope_bytes: int = 0
    item_bytes: int = 0
    points: int = 1     # of a metric
    traces: int = 0     # 0: each span is one
    bad: int = 0        # one span in so many has no trace id; 0: none
    noise: bool = False  # nothing packs

    def size(self):
        """About its bytes."""
        items = self.items * (self.points if self.signal == "metrics" else 1)
        scope = self.scope_bytes + items * (self.item_bytes + 45)
        return self.resources * (self.resource_bytes + self.scopes * scope)


class Request:
    """A request of a shape: its bytes, and the numbers of the items that a node has to take."""

    def __init__(self, shape, first, seed=0, as_json=False):
        self.shape = shape
        self.good = set()
        self.rejected = 0
        self._next = first
        self._random = random.Random(seed)
        self.body = self._json() if as_json else self._protobuf()

    @property
    def next(self):
        return self._next

    def _bytes(self, size):
        return self._random.randbytes(size) if self.shape.noise else b"x" * size

    def _attribute(self, size):
        return wire.field(1, "a") + wire.field(2, wire.field(7, self._bytes(size)))

    def _numbers(self):
        """(number, whether it is good, its trace) of the items of one scope."""
        shape = self.shape
        large = shape.resource_bytes > MIB or shape.scope_bytes > MIB
        for _ in range(shape.items * (shape.points if shape.signal == "metrics" else 1)):
            number = self._next
            self._next += 1
            bad = shape.signal == "traces" and shape.bad and number % shape.bad == 0
            if bad or large:
                self.rejected += 1
            else:
                self.good.add(number)
            yield number, not bad, 1 + (number % shape.traces if shape.traces else number)

    # -- protobuf --

    def _protobuf(self):
        return b"".join(self._resource() for _ in range(self.shape.resources))

    def _resource(self):
        resource = wire.field(1, wire.field(1, self._attribute(self.shape.resource_bytes)))
        return wire.field(1, resource + b"".join(wire.field(2, self._scope()) for _ in range(self.shape.scopes)))

    def _scope(self):
        scope = wire.field(1, wire.field(3, self._attribute(self.shape.scope_bytes)))
        make = {"traces": self._spans, "metrics": self._metrics, "logs": self._records}[self.shape.signal]
        return scope + make()

    def _tail(self, number):
        return wire.field(number, self._attribute(self.shape.item_bytes)) if self.shape.item_bytes else b""

    def _spans(self):
        return b"".join(
            wire.field(2, b"\x0a\x10" + (struct.pack("<QQ", trace, trace) if good else bytes(16))
                       + b"\x12\x08" + MARK + struct.pack("<Q", number)[:6] + self._tail(9))
            for number, good, trace in self._numbers())

    def _records(self):
        return b"".join(wire.field(2, b"\x09" + struct.pack("<Q", number)[:6] + MARK + self._tail(6))
                        for number, _, _ in self._numbers())

    def _metrics(self):
        points = [wire.field(1, b"\x19" + struct.pack("<Q", number)[:6] + MARK + self._tail(7))
                  for number, _, _ in self._numbers()]
        each = self.shape.points
        return b"".join(wire.field(2, wire.field(1, "m") + wire.field(5, b"".join(points[i:i + each])))
                        for i in range(0, len(points), each))

    # -- JSON --

    def _json(self):
        names = {"traces": ("resourceSpans", "scopeSpans", "spans"),
                 "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
                 "logs": ("resourceLogs", "scopeLogs", "logRecords")}[self.shape.signal]
        return json.dumps({names[0]: [
            {"resource": {"attributes": [self._json_attribute(self.shape.resource_bytes)]},
             names[1]: [{"scope": {"attributes": [self._json_attribute(self.shape.scope_bytes)]},
                         names[2]: self._json_items()} for _ in range(self.shape.scopes)]}
            for _ in range(self.shape.resources)]}).encode()

    def _json_attribute(self, size):
        return {"key": "a", "value": {"bytesValue": base64.b64encode(self._bytes(size)).decode()}}

    def _json_items(self):
        def time(number):
            return str(int.from_bytes(struct.pack("<Q", number)[:6] + MARK, "little"))

        attributes = [self._json_attribute(self.shape.item_bytes)] if self.shape.item_bytes else []
        numbers = list(self._numbers())
        if self.shape.signal == "traces":
            return [{"traceId": (struct.pack("<QQ", trace, trace) if good else bytes(16)).hex(),
                     "spanId": (MARK + struct.pack("<Q", number)[:6]).hex(), "attributes": attributes}
                    for number, good, trace in numbers]
        if self.shape.signal == "logs":
            return [{"timeUnixNano": time(number), "attributes": attributes} for number, _, _ in numbers]
        points = [{"timeUnixNano": time(number), "attributes": attributes} for number, _, _ in numbers]
        each = self.shape.points
        return [{"name": "m", "gauge": {"dataPoints": points[i:i + each]}} for i in range(0, len(points), each)]


def found(body):
    """The numbers of the items in a message."""
    return {int.from_bytes(a or b, "little") for a, b in FOUND.findall(body)}


# What was trouble once, for traces; the other signals have the same without `traces` and `bad`.
TROUBLE = [
    Shape(items=200, resource_bytes=ENVELOPE),
    Shape(items=20_000, resource_bytes=ENVELOPE),
    Shape(items=200, resource_bytes=ENVELOPE, noise=True),
    Shape(items=301, resource_bytes=ENVELOPE, bad=300),
    Shape(scopes=5_000, resource_bytes=ENVELOPE),
    Shape(items=20_000, resource_bytes=ENVELOPE, scope_bytes=ENVELOPE, traces=9_000),
    Shape(resources=3, items=9_000, resource_bytes=900_000, traces=9_000),
    Shape(resources=3, items=10, resource_bytes=ENVELOPE, noise=True),
    Shape(resources=60, items=500, resource_bytes=50_000, traces=500),
    Shape(items=3, item_bytes=900_000, resource_bytes=900_000, noise=True),
    Shape(items=115, resource_bytes=3_900_000, noise=True),
    Shape(items=40_000, traces=1),
]
OVER_HTTP = [
    Shape(items=1, resource_bytes=5 * MIB, noise=True),
    Shape(resources=10, items=5_000, resource_bytes=ENVELOPE, traces=5_000),
    Shape(items=18, item_bytes=1_000_000, noise=True),
]
HUGE = [Shape(signal, items=70, item_bytes=1_000_000, noise=True) for signal in ("traces", "logs")]


def random_shape(rng, signal):
    """A shape of at most about 3 MiB: mostly small numbers, sometimes large ones."""
    def size(bits):
        return rng.randrange(1 << rng.randrange(bits))

    while True:
        shape = Shape(signal, 1 + size(5), 1 + size(5), 1 + size(12), size(21), size(20), size(13), 1 + size(5),
                      size(10), size(5), rng.random() < 0.5)
        if shape.size() < 3 * MIB and shape.resources * shape.scopes * shape.items * shape.points < 60_000:
            return shape


def all_shapes(seed, count):
    rng = random.Random(seed)
    for signal in SIGNALS:
        yield from (replace(shape, signal=signal, points=7) for shape in TROUBLE)
        yield from (random_shape(rng, signal) for _ in range(count))
