"""The row with every policy that the Collector's tail_sampling has."""

import dataclasses
import json

from differential.policies import both, policy, veto

from . import measure, targets
from .throughput import PEER_RATES, RATES, WAIT, compare

SERVICES = ["adservice", "cartservice", "checkoutservice", "currencyservice", "emailservice", "frontend",
            "paymentservice", "productcatalogservice", "recommendationservice", "shippingservice"]

# One of each of the 17 types. Most keep what is rare, as such sets do: the errors, the slow and a twentieth of the
# rest are what stays. always_sample is what is left of a composite's budget; budgets are small, so that they keep
# about the same share at every rate.
POLICIES = [
    veto("health checks", policy("string_attribute", "health", key="rpc.service", values=["grpc.health.v1.Health"])),
    policy("status_code", "errors", status_codes=["ERROR"]),
    policy("latency", "slow", threshold_ms=500),
    policy("probabilistic", "twentieth", sampling_percentage=5),
    policy("string_attribute", "gold", key="tenant.level", values=["gold", "platinum"]),
    policy("numeric_attribute", "grpc failures", key="rpc.grpc.status_code", min_value=1, max_value=16),
    policy("boolean_attribute", "asked for", key="sampling.keep", value=True),
    policy("span_count", "large", min_spans=60),
    policy("trace_state", "vip", key="vip", values=["yes"]),
    policy("trace_flags", "flagged"),
    policy("rate_limiting", "some spans", spans_per_second=50),
    policy("bytes_limiting", "some bytes", bytes_per_second=20_000),
    policy("ottl_condition", "slow carts", error_mode="ignore", span=[
        'attributes["db.system"] == "redis" and end_time_unix_nano - start_time_unix_nano > 100000000',
        'resource.attributes["service.name"] == "frontend" and attributes["http.status_code"] == "500"']),
    both("slow charges", policy("latency", "over 200 ms", threshold_ms=200),
         policy("string_attribute", "charges", key="http.url", values=["/charge$"], enabled_regex_matching=True)),
    {"name": "strangers", "type": "not",
     "not": {"not_sub_policy": policy("string_attribute", "known", key="service.name", values=SERVICES)}},
    {"name": "shared", "type": "composite", "composite": {
        "max_total_spans_per_second": 100, "policy_order": ["carts", "rest"],
        "composite_sub_policy": [policy("string_attribute", "carts", key="http.url", values=["http://frontend/cart"]),
                                 policy("always_sample", "rest")],
        "rate_allocation": [{"policy": "carts", "percent": 60}, {"policy": "rest", "percent": 40}]}},
]


def weir(directory, sink):
    return targets.Weir(directory, sink, policies=json.dumps(POLICIES), wait=WAIT)


def collector(directory, sink):
    return targets.Collector(directory, sink, policies=json.dumps(POLICIES), durable=True, wait=WAIT)


def policies(seconds):
    """All of them at once, each side at its best rate, and the share of spans that each kept."""
    ours = measure.best(weir, [measure.Load(rate, seconds) for rate in RATES])
    theirs = measure.best(collector, [measure.Load(rate, seconds) for rate in PEER_RATES])
    row = compare("all 17 policies, durable tail sampling against the Collector with a persistent fsynced queue",
                  ">= 15x", ours, theirs)
    kept = ", ".join(f"{100 * figure.kept_share:.1f} % ({figure.target})" for figure in (ours, theirs))
    print(f"  kept: {kept}", flush=True)
    return [dataclasses.replace(row, limit=f"{row.limit}; spans kept: {kept}")]
