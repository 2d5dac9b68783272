"""Rows about editing attributes: the same attributes processor on both sides, on every span."""

import functools

from . import measure, targets
from .table import Row
from .throughput import compare

# What people do to spans, over keys that the traffic has; in YAML's flow style, as both sides are given them. The
# first one alone is the set of one.
RULES = [
    "{action: upsert, key: deployment.environment, value: production}",
    "{action: insert, key: rpc.system, value: grpc}",
    "{action: update, key: component, value: service}",
    "{action: upsert, key: rpc.method, from_attribute: grpc.method}",
    "{action: extract, key: grpc.method, pattern: '^/(?P<rpc_service>[^/]+)/(?P<rpc_name>[^/]+)$'}",
    "{action: convert, key: peer.port, converted_type: int}",
    "{action: hash, key: peer.hostname}",
    "{action: delete, key: signalfx.tracing.version}",
    "{action: delete, pattern: '^sfx\\.error\\.'}",
    "{action: insert, key: http.request.method, from_attribute: http.method}",
]
COUNTS = (0, 1, len(RULES))
RATE = 100_000


def processors(rules):
    """The block `processors`, of that many rules; of none it is empty: both refuse a processor without actions."""
    return {"attributes": f"{{actions: [{', '.join(RULES[:rules])}]}}"} if rules else {}


def weir(rules, directory, sink):
    return targets.Weir(directory, sink, processors=processors(rules))


def collector(rules, directory, sink):
    return targets.Collector(directory, sink, processors=processors(rules))


def _measured(make, rules, offered):
    figure = measure.measure(functools.partial(make, rules), offered)
    print(f"  {figure.target}, {rules} rules: {offered.text()}: {figure.per_second:.0f}/s, "
          f"{figure.cpu_ns_per_span:.0f} ns of CPU a span", flush=True)
    return figure


def _cost_text(figures):
    whole = " / ".join(f"{figure.cpu_ns_per_span:.0f}" for figure in figures)
    return f"{whole} ns; {_ns_a_rule(figures):.0f} a rule"


def _ns_a_rule(figures):
    """What ten rules cost more than none, a rule: opening the span and writing it anew are in it."""
    return (figures[-1].cpu_ns_per_span - figures[0].cpu_ns_per_span) / COUNTS[-1]


def attributes(seconds):
    """Ten rules saturated and at the same rate, and what 0, 1 and 10 of them cost a span and a rule."""
    saturated = measure.Load(0, seconds)
    rows = [compare("ten attribute rules on every span, durable pass-through against the Collector with a memory "
                    "queue, both saturated", ">= 6x", _measured(weir, 10, saturated),
                    _measured(collector, 10, saturated))]
    offered = measure.Load(RATE, seconds)
    ours, theirs = ([_measured(make, rules, offered) for rules in COUNTS] for make in (weir, collector))
    rows.append(compare("the same at the same offered rate", ">= 6x", ours[-1], theirs[-1]))
    rows.append(Row("CPU a span with 0 / 1 / 10 attribute rules; a rule: 1/10 of what ten cost", _cost_text(ours),
                    f"{theirs[0].target}: {_cost_text(theirs)}",
                    f"{_ns_a_rule(theirs) / _ns_a_rule(ours):.1f}x a rule", "reported", offered.text(),
                    "edits on slices, before the log"))
    return rows
