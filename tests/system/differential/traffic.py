"""Made-up traces in which every policy finds something to keep and something to leave."""

import random

from . import otlp

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def _pick(chance, choices):
    return chance.choices([value for value, _ in choices], [weight for _, weight in choices])[0]


def _attributes(chance):
    """What the policies of policies.py ask for, of every type, now and then twice or of a wrong one."""
    pairs = []
    if chance.random() < 0.25:
        pairs.append(("tier", _pick(chance, [("gold", 2), ("golden", 1), ("iron", 6), ("", 1), (7, 1),
                                             (["gold"], 1)])))
    if chance.random() < 0.2:
        pairs.append(("route", _pick(chance, [("/pay/v1", 1), ("/pay", 1), ("/buy/v12", 1), ("/home", 8),
                                              ("x/pay", 2), (3.5, 1)])))
    if chance.random() < 0.2:
        pairs.append(("code", _pick(chance, [(200, 6), (404, 1), (400, 1), (499, 1), (500, 1), (-5, 1),
                                             ("404", 1), (404.0, 1)])))
    if chance.random() < 0.1:
        pairs.append(("vip", _pick(chance, [(True, 1), (False, 2), ("true", 1), (1, 1)])))
    if pairs and chance.random() < 0.05:
        key = pairs[0][0]
        pairs.append((key, _pick(chance, [("gold", 1), (404, 1), (True, 1)])))
    return pairs


def _span(chance, trace_id, begin, root):
    start = begin + int(chance.uniform(0, 0.3) * SECOND)
    end = start + int(chance.expovariate(1 / 0.12) * SECOND)
    if chance.random() < 0.003:
        start = 0
    if chance.random() < 0.01:
        start, end = end, start
    state = _pick(chance, [("", 20), ("shop=gold", 1), ("a=b,shop=iron", 2), ("shop=gold,shop=gold", 1),
                           ("shop=gold,=", 1), ("x=1, shop=silver", 1)])
    return otlp.span(trace_id, chance.randbytes(8), start, end, parent=b"" if root else b"parentid",
                     on_span=_attributes(chance), status=_pick(chance, [(0, 90), (1, 6), (2, 3)]),
                     trace_state=state, flags=_pick(chance, [(0, 12), (0x100, 1), (0x101, 1), (1, 1)]))


def mixed(seed, traces, on_scope=lambda: ()):
    """Requests of traces whose spans are spread over one to three of them, each in a scope of its own with
    the attributes that `on_scope` gives."""
    chance = random.Random(seed)
    requests = []
    for first in range(0, traces, 100):
        parts = [[] for _ in range(3)]
        for number in range(first, min(first + 100, traces)):
            trace_id = chance.randbytes(16)
            begin = START + number * SECOND // 20
            for i in range(_pick(chance, [(1, 4), (2, 3), (3, 3), (5, 3), (8, 2), (20, 1)])):
                resource = [("service.name", "shop")]
                if chance.random() < 0.1:
                    resource += _attributes(chance)
                spans = [_span(chance, trace_id, begin, i == 0)]
                chance.choice(parts).append(otlp.resource_spans(resource, spans, on_scope()))
        requests += [(0, b"".join(part)) for part in parts if part]
    return requests


def late(requests):
    """Another span for each trace of these requests, which most policies would keep for it alone; and the
    spans that the trace has in the requests, by its id in hexadecimal."""
    spans = {}
    for _, body in requests:
        for trace, _, _ in otlp.times(body):
            spans[trace] = spans.get(trace, 0) + 1
    found = [("tier", "gold"), ("vip", True), ("code", 404), ("route", "/pay")]
    traces = list(spans)
    return [(0, b"".join(otlp.resource_spans([("service.name", "late")], [otlp.span(
        bytes.fromhex(trace), b"late".ljust(8, b"_"), START, START + 9 * SECOND, parent=b"parentid",
        on_span=found, status=2)]) for trace in traces[first:first + 100]))
        for first in range(0, len(traces), 100)], spans


def steady(seed, seconds, traces_per_second):
    """Requests at an even pace, ten a second, for the policies that limit rates."""
    chance = random.Random(seed)
    requests = []
    for step in range(seconds * 10):
        message = b""
        for _ in range(traces_per_second // 10):
            trace_id = chance.randbytes(16)
            vip = chance.random() < 0.5
            begin = START + step * SECOND // 10
            for i in range(chance.randint(1, 9)):
                span = otlp.span(trace_id, chance.randbytes(8), begin, begin + SECOND // 100,
                                 parent=b"" if i == 0 else b"parentid", on_span=[("vip", vip)])
                message += otlp.resource_spans([("service.name", "shop")], [span])
        requests.append((step * 100, message))
    return requests
