"""The policies that are compared, as the tail_sampling processor takes them."""


def policy(kind, name=None, **options):
    return {"name": name or kind, "type": kind, **({kind: options} if options else {})}


ERRORS = policy("status_code", "errors", status_codes=["ERROR"])
SLOW = policy("latency", "slow", threshold_ms=600)
TENTH = policy("probabilistic", "tenth", sampling_percentage=10)
GOLD = policy("string_attribute", "gold", key="tier", values=["gold", ""])
VIP = policy("boolean_attribute", "vip", key="vip", value=True)
NOT_VIP = {"name": "not vip", "type": "not", "not": {"not_sub_policy": VIP}}


def both(name, *parts):
    return {"name": name, "type": "and", "and": {"and_sub_policy": list(parts)}}


def veto(name, *parts):
    return {"name": name, "type": "drop", "drop": {"drop_sub_policy": list(parts)}}


ALL = policy("always_sample", "all")

# By name of the pipeline: the policies, and further options of the processor.
EXACT = {
    "latency": ([SLOW], {}),
    "latency_band": ([policy("latency", threshold_ms=200, upper_threshold_ms=500)], {}),
    "errors": ([ERRORS], {}),
    "status_several": ([policy("status_code", status_codes=["OK", "ERROR"])], {}),
    "probabilistic": ([policy("probabilistic", sampling_percentage=33.3)], {}),
    "probabilistic_salt": ([policy("probabilistic", sampling_percentage=70, hash_salt="pepper")], {}),
    "string": ([GOLD], {}),
    "string_inverted": ([policy("string_attribute", key="tier", values=["gold", "iron"],
                                invert_match=True)], {}),
    "string_regex": ([policy("string_attribute", key="route", values=["^/pay", "v[0-9]+$"],
                             enabled_regex_matching=True)], {}),
    "string_regex_any": ([policy("string_attribute", key="route", values=[".*"],
                                 enabled_regex_matching=True, cache_max_size=10)], {}),
    "string_regex_inverted": ([policy("string_attribute", key="route", values=["^/home$"],
                                      enabled_regex_matching=True, invert_match=True)], {}),
    "numeric": ([policy("numeric_attribute", key="code", min_value=400, max_value=499)], {}),
    "numeric_from": ([policy("numeric_attribute", key="code", min_value=-10)], {}),
    "numeric_inverted": ([policy("numeric_attribute", key="code", min_value=200, max_value=300,
                                 invert_match=True)], {}),
    "boolean": ([VIP], {}),
    "boolean_false": ([policy("boolean_attribute", key="vip", value=False)], {}),
    "boolean_inverted": ([policy("boolean_attribute", key="vip", value=False, invert_match=True)], {}),
    "span_count": ([policy("span_count", min_spans=3, max_spans=8)], {}),
    "span_count_from": ([policy("span_count", min_spans=6)], {}),
    "trace_state": ([policy("trace_state", key="shop", values=["gold", "silver"])], {}),
    "trace_flags": ([policy("trace_flags")], {}),
    "and": ([both("slow gold", SLOW, policy("string_attribute", "any tier", key="tier",
                                            values=["gold", "iron"]))], {}),
    "and_not": ([both("slow not vip", SLOW, NOT_VIP)], {}),
    "not": ([NOT_VIP], {}),
    "drop": ([ALL, veto("no slow ones", SLOW)], {}),
    "drop_all_of": ([veto("slow but not vip", SLOW, NOT_VIP), ALL], {}),
    "mixed": ([ERRORS, SLOW, TENTH], {}),
    "mixed_first_match": ([ERRORS, SLOW, GOLD, TENTH], {"sample_on_first_match": True}),
    "mixed_all": ([TENTH, ERRORS, GOLD, VIP, both("long", policy("span_count", min_spans=8), SLOW),
                   veto("home", policy("string_attribute", "home", key="route", values=["/home"]))], {}),
}

LIMITED = policy("rate_limiting", "limited", spans_per_second=300)
SHARED = {
    "name": "shared", "type": "composite",
    "composite": {
        "max_total_spans_per_second": 500, "policy_order": ["vips", "rest"],
        "composite_sub_policy": [policy("boolean_attribute", "vips", key="vip", value=True),
                                 policy("always_sample", "rest")],
        "rate_allocation": [{"policy": "vips", "percent": 60}, {"policy": "rest", "percent": 40}],
    },
}



def shared(name, *parts):
    """A composite policy whose rates nothing here comes near."""
    return {"name": name, "type": "composite", "composite": {
        "max_total_spans_per_second": 1_000_000, "policy_order": [part["name"] for part in parts],
        "composite_sub_policy": list(parts),
        "rate_allocation": [{"policy": part["name"], "percent": 100 // len(parts)} for part in parts]}}


# Compared by what the scopes of kept spans say of the policy.
RECORDED = {
    **{name: EXACT[name] for name in ("errors", "mixed", "mixed_first_match", "mixed_all", "and_not", "drop")},
    "composite": ([shared("shared", VIP, GOLD, both("slow errors", SLOW, ERRORS))], {}),
    "composites": ([ERRORS, shared("vips and gold", VIP, GOLD), TENTH, shared("gold and slow", GOLD, SLOW)], {}),
    "composites_first_match": ([ERRORS, shared("vips and gold", VIP, GOLD), shared("gold and slow", GOLD, SLOW)],
                               {"sample_on_first_match": True}),
}

# Compared by how much they keep.
RATES = {
    "rate_limiting": ([LIMITED], {}),
    "rate_limiting_burst": ([policy("rate_limiting", spans_per_second=200, burst_capacity=1000)], {}),
    "rate_limiting_part": ([both("limited vips", VIP, LIMITED)], {}),
    "bytes_limiting": ([policy("bytes_limiting", bytes_per_second=40_000)], {}),
    "composite": ([SHARED], {}),
}
