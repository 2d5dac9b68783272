"""Processors that edit: configurations that Weir and the Collector both take, and what goes through them."""

import random

START = 1_700_000_000_000_000_000


def _act(action, key=None, **more):
    return {"action": action, **({"key": key} if key else {}), **more}


ACTIONS = [
    _act("insert", "inserted", value={"a": [1, 2.5, "x", True], "b": {"c": "d"}}),
    _act("insert", "user.id", value="never"),
    _act("UPDATE", "http.method", value=7),
    _act("update", "nowhere", value=7),
    _act("upsert", "region", value="eu-west"),
    _act("upsert", "copied", from_attribute="count"),
    _act("upsert", "copied.not", from_attribute="nowhere"),
    _act("insert", "defaulted", from_attribute="nowhere", default_value="d"),
    _act("delete", "password"),
    _act("delete", pattern="^card\\."),
    _act("hash", "user.email"),
    _act("hash", pattern="^hashed"),
    _act("extract", "url", pattern="^(?P<url_scheme>[a-z]+)://(?P<url_host>[^/]*)(?P<url_path>/.*)?"),
    _act("convert", "text.int", converted_type="int"),
    _act("convert", "text.double", converted_type="double"),
    _act("convert", "count", converted_type="string"),
    _act("convert", "ratio", converted_type="int"),
    _act("convert", "nested", converted_type="string"),
]
_MARK = [_act("upsert", "marked", value=True)]


def _attributes(**match):
    return {"attributes": {"actions": _MARK, **match}}


def _redaction(**options):
    return {"redaction": {"allow_all_keys": True, "blocked_values": ["4[0-9]{12}(?:[0-9]{3})?", "[a-z]+@[a-z.]+"],
                          "summary": "debug", **options}}


def _sampler(percentage, **options):
    return {"probabilistic_sampler": {"sampling_percentage": percentage, **options}}


def _filter(signal, **options):
    return {"filter": {signal: options}}


_EVERYWHERE = {
    "actions": [{"attributes": {"actions": ACTIONS}}],
    "resource": [{"resource": {"attributes": ACTIONS}}],
    "redaction_allowed": [_redaction(allow_all_keys=False, allowed_keys=["http.method", "url", "user.email", "count"],
                                     ignored_keys=["notes"], ignored_key_patterns=["^card\\.h"])],
    "redaction_keys": [_redaction(blocked_key_patterns=["pass", "^count$"], summary="info")],
    "redaction_values": [_redaction(allowed_values=[".+@good\\.example"], summary="debug")],
    "redaction_all_types": [_redaction(redact_all_types=True, blocked_values=["[0-9]+"], summary="silent")],
    "redaction_md5": [_redaction(hash_function="md5", blocked_key_patterns=["password"])],
    "redaction_sha1": [_redaction(hash_function="sha1")],
    "redaction_sha3": [_redaction(hash_function="sha3")],
    "redaction_hmac": [_redaction(hash_function="hmac-sha256", hmac_key="k" * 32)],
    "redaction_twice": [_redaction(), {"redaction/again": _redaction(blocked_key_patterns=["url"])["redaction"]}],
}

TRACES = {
    **_EVERYWHERE,
    "services": [_attributes(include={"match_type": "strict", "services": ["shop", "pay"]})],
    "services_regexp": [_attributes(include={"match_type": "regexp", "services": ["^sh", "nil"]})],
    "names": [_attributes(include={"match_type": "regexp", "span_names": ["^/api/.*", "work"]})],
    "kinds": [_attributes(include={"match_type": "strict", "span_kinds": ["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"]})],
    "by_attributes": [_attributes(include={"match_type": "strict", "attributes": [
        {"key": "count", "value": 7}, {"key": "flag", "value": True}]})],
    "by_ratio": [_attributes(include={"match_type": "strict", "attributes": [{"key": "ratio", "value": 1.5}]})],
    "by_list": [_attributes(include={"match_type": "strict", "attributes": [{"key": "list", "value": ["x", "y"]}]})],
    "by_regexp": [_attributes(include={"match_type": "regexp", "attributes": [{"key": "count", "value": "^[78]$"}]})],
    "by_key": [_attributes(exclude={"match_type": "strict", "attributes": [{"key": "flag"}]})],
    "by_resource": [_attributes(include={"match_type": "strict", "resources": [
        {"key": "service.name", "value": "shop"}, {"key": "zone"}]})],
    "by_library": [_attributes(exclude={"match_type": "strict", "libraries": [{"name": "lib", "version": ""}]})],
    "both": [_attributes(include={"match_type": "regexp", "span_names": ["work"]},
                         exclude={"match_type": "strict", "services": ["pay"], "span_names": ["work"]})],
    "span_from": [{"span": {"name": {"from_attributes": ["http.method", "count"], "separator": "::"}}}],
    "span_from_any": [{"span": {"name": {"from_attributes": ["ratio", "flag", "list"], "separator": " "}}}],
    "span_to": [{"span": {"name": {"to_attributes": {"rules": [
        "^/api/(?P<version>v[0-9]+)/(?P<resource>[a-z]+)/(?P<id>[0-9]+)", "update(?P<suffix>.*)$"]}}}}],
    "span_to_break": [{"span": {"name": {"to_attributes": {"break_after_match": True, "rules": [
        "/(?P<first>[a-z]+)/", "(?P<second>[0-9]+)"]}}}}],
    "span_to_keep": [{"span": {"name": {"to_attributes": {"keep_original_name": True, "rules": [
        "/(?P<first>[a-z]+)/", "(?P<second>[0-9]+)"]}}}}],
    "span_ok": [{"span": {"status": {"code": "Ok"}}}],
    "span_error": [{"span": {"status": {"code": "Error", "description": "because"},
                             "include": {"match_type": "regexp", "span_names": ["work"]}}}],
    "span_unset": [{"span": {"status": {"code": "Unset"}}}],
    "order": [_attributes(include={"match_type": "strict", "services": ["shop"]}),
              {"resource": {"attributes": [_act("update", "service.name", value="renamed")]}},
              {"attributes/second": {"actions": [_act("upsert", "second", value=1)],
                                     "include": {"match_type": "strict", "services": ["renamed"]}}},
              {"span": {"name": {"from_attributes": ["second", "marked"]}}}],
    "hash_seed": [_sampler(50)],
    "hash_seed_22": [_sampler(12.5, hash_seed=22, mode="hash_seed", fail_closed=False)],
    "hash_never": [_sampler(0)],
    "hash_all": [_sampler(100)],
    "equalizing": [_sampler(50, mode="equalizing")],
    "equalizing_fine": [_sampler(33.3, mode="equalizing", sampling_precision=14, fail_closed=False)],
    "proportional": [_sampler(60, mode="proportional")],
    "proportional_open": [_sampler(99.9, mode="proportional", sampling_precision=2, fail_closed=False)],
    "filter_spans": [_filter("spans", include={"match_type": "regexp", "span_names": ["work", "^/api/v1"]},
                             exclude={"match_type": "regexp", "services": ["^pay$"]})],
    "filter_spans_by": [_filter("spans", exclude={"match_type": "strict", "attributes": [
        {"key": "flag", "value": True}], "span_kinds": ["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"]})],
}

LOGS = {
    **_EVERYWHERE,
    "bodies": [_attributes(include={"match_type": "regexp", "log_bodies": ["work", "^7$", "\"k\""]})],
    "severity_texts": [_attributes(include={"match_type": "strict", "log_severity_texts": ["INFO", "WARN"]})],
    "severity": [_attributes(include={"match_type": "strict", "log_severity_number": {"min": 9}})],
    "severity_undefined": [_attributes(exclude={"match_type": "strict", "log_severity_number": {
        "min": 17, "match_undefined": True}})],
    "hash_seed": [_sampler(50)],
    "record": [_sampler(50, attribute_source="record", from_attribute="user.id", hash_seed=3)],
    "record_count": [_sampler(50, attribute_source="record", from_attribute="count", fail_closed=False)],
    "priority": [_sampler(1, sampling_priority="priority", mode="equalizing")],
    "equalizing": [_sampler(50, mode="equalizing", fail_closed=False)],
    "proportional": [_sampler(60, mode="proportional")],
    "filter_logs": [_filter("logs", include={"match_type": "regexp", "bodies": ["work", "k"]},
                            exclude={"match_type": "strict", "severity_texts": ["INFO"]})],
    "filter_logs_by": [_filter("logs", exclude={
        "match_type": "strict", "severity_number": {"min": "WARN", "match_undefined": True},
        "record_attributes": [{"key": "flag", "value": True}],
        "resource_attributes": [{"key": "service.name", "value": "shop"}]})],
}

METRICS = {
    **_EVERYWHERE,
    "names": [_attributes(include={"match_type": "regexp", "metric_names": ["^gauge", "summary"]})],
    "not_names": [_attributes(exclude={"match_type": "strict", "metric_names": ["sum0"]})],
}


def _any(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bytes):
        return {"bytesValue": value.decode()}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _pairs(value)}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any(item) for item in value]}}
    return {}


def _pairs(values):
    return [{"key": key, "value": _any(value)} for key, value in values.items()]


_VALUES = {
    "http.method": ["GET", "PUT", ""],
    "url": ["http://shop.example/pay/1?x=4012888888881881", "https://h", "nothing", 5],
    "user.email": ["me@bad.example", "you@good.example", "", 12, True, 0.5, ["list"], {"m": 1}, b"AAEC", None],
    "user.id": [f"user-{i}" for i in range(30)] + [9],
    "password": ["hunter2", "line\nbreak"],
    "card.number": ["4012888888881881", 4012888888881881],
    "card.holder": ["me@bad.example"],
    "hashed.a": ["x", 1, False],
    "text.int": ["12", "-7", "+8", "1.5", "", "9223372036854775808", True, 2.9, 1e300],
    "text.double": ["1.5", "1e3", "-0", "nope", "Inf", 7, False],
    "count": [7, 8, -1],
    "ratio": [1.5, -2.75, 1e21, 1e-9, 3.0],
    "flag": [True, False],
    "nested": [{"k": {"z": 1, "a": ["<x>", None, 2.0]}, "email": "me@bad.example"}, [1, "two", {"t": 3}], 1e21, b"AAEC"],
    "list": [["x", "y"], ["x"], "x"],
    "notes": ["call me@bad.example", "ünïcode 4012888888881881 ünd"],
    "priority": [100, 50, 0, 12.5, "high"],
}


def _some(chance, share=0.5):
    keys = [key for key in _VALUES if chance.random() < share]
    chance.shuffle(keys)
    return {key: chance.choice(_VALUES[key]) for key in keys}


def _resource(chance):
    attributes = _some(chance, 0.2)
    service = chance.choice(["shop", "pay", "other", 7, None])
    if service is not None:
        attributes["service.name"] = service
    if chance.random() < 0.5:
        attributes["zone"] = "a"
    return {"attributes": _pairs(attributes)} if attributes else {}


def _scope(chance):
    return chance.choice([{}, {"name": "lib"}, {"name": "lib", "version": "1"},
                          {"name": "other", "attributes": _pairs({"password": "p", "notes": "a@b.c"})}])


_STATES = ["", "", "", "a=b", "ot=th:8", "ot=th:c", "ot=th:0", "ot=rv:00000000000001", "x=y,ot=th:4;rv:ff000000000000",
           "ot=rv:80000000000000;th:8;p:1, z=q", "ot=th:zz", "ot=", "=", "ot=a:b", "ot=th:fd70a", "ot=rv:ABCDEF00000000"]


def _span(chance, number):
    attributes = _some(chance)
    if chance.random() < 0.2:
        attributes["sampling.priority"] = chance.choice([0, 1, -1, 0.0, 2.5, "0", "1", "high", True])
    span = {
        "traceId": f"{chance.getrandbits(128) | 1:032x}", "spanId": f"{number + 1:016x}",
        "name": chance.choice(["/api/v1/document/12345/update", "/api/v2/user/7", "work", "work 4012888888881881",
                               "/a/b/update-now", ""]),
        "kind": chance.randint(0, 5), "startTimeUnixNano": str(START), "endTimeUnixNano": str(START + number),
        "attributes": _pairs(attributes),
    }
    state = chance.choice(_STATES)
    if state:
        span["traceState"] = state
    if chance.random() < 0.4:
        span["status"] = chance.choice([{"code": 1}, {"code": 2, "message": "bad"}, {"message": "only"}])
    if chance.random() < 0.3:
        span["events"] = [{"name": "e", "timeUnixNano": str(START), "attributes": _pairs(_some(chance, 0.3))}
                          for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.2:
        span["links"] = [{"traceId": "ab" * 16, "spanId": "cd" * 8, "attributes": _pairs(_some(chance, 0.2))}]
    return span


_BODIES = ["work", "mail me@bad.example now", 7, True, 1.5, None, "you@good.example",
           {"k": "me@bad.example", "password": "x", "http.method": {"notes": "a@b.c", "url": ["me@bad.example", 4]}},
           ["me@bad.example", {"email": "me@bad.example"}, 3]]


def _record(chance, number):
    attributes = _some(chance)
    if chance.random() < 0.3:
        attributes["sampling.threshold"] = chance.choice(["8", "c", "zz", 5])
    if chance.random() < 0.2:
        attributes["sampling.randomness"] = chance.choice(["00000000000001", "ff000000000000", "short"])
    record = {"timeUnixNano": str(START + number), "body": _any(chance.choice(_BODIES)),
              "attributes": _pairs(attributes)}
    if chance.random() < 0.7:
        record["severityNumber"] = chance.choice([5, 9, 13, 17])
        record["severityText"] = chance.choice(["INFO", "WARN", "ERROR", ""])
    if chance.random() < 0.7:
        record["traceId"] = f"{chance.getrandbits(128) | 1:032x}"
    return record


def _metric(chance, number):
    points = [{"timeUnixNano": str(START + i), "attributes": _pairs(_some(chance, 0.3))}
              for i in range(chance.randint(1, 3))]
    kind = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"][number % 5]
    for point in points:
        point.update({"asInt": "1"} if number % 5 < 2 else {"count": "3", "sum": 1.5})
    data = {"dataPoints": points}
    if kind in ("sum", "histogram", "exponentialHistogram"):
        data["aggregationTemporality"] = 2
    return {"name": f"{kind}{number}", kind: data}


SIGNALS = {
    "traces": (TRACES, "resourceSpans", "scopeSpans", "spans", _span),
    "logs": (LOGS, "resourceLogs", "scopeLogs", "logRecords", _record),
    "metrics": (METRICS, "resourceMetrics", "scopeMetrics", "metrics", _metric),
}


def requests(signal, seed, count, per_request=40):
    """OTLP/JSON requests of `count` items in all."""
    _, resources, scopes, items, make = SIGNALS[signal]
    chance = random.Random(seed)
    made = []
    for first in range(0, count, per_request):
        numbers = list(range(first, min(first + per_request, count)))
        message = []
        while numbers:
            inside = []
            resource = {"resource": _resource(chance), scopes: inside}
            for _ in range(chance.randint(1, 3)):
                take, numbers = numbers[:8], numbers[8:]
                if take:
                    inside.append({"scope": _scope(chance), items: [make(chance, n) for n in take]})
            message.append(resource)
        made.append({resources: message})
    return made


def _value(value):
    """An AnyValue that compares as it means: maps without order."""
    if "kvlistValue" in value:
        return ("map", frozenset(_entries(value["kvlistValue"].get("values", [])).items()))
    if "arrayValue" in value:
        return ("list", tuple(_value(item) for item in value["arrayValue"].get("values", [])))
    if "intValue" in value:
        return ("int", int(value["intValue"]))
    if "doubleValue" in value:
        return ("double", float(value["doubleValue"]))
    return next(((kind, got) for kind, got in value.items()), None)


def _entries(pairs):
    return {pair["key"]: _value(pair.get("value", {})) for pair in pairs}


def plain(message):
    """A message as it means: attributes as maps, without what says nothing."""
    if isinstance(message, list):
        return [plain(item) for item in message]
    if not isinstance(message, dict):
        return message
    made = {}
    for key, value in message.items():
        if key == "attributes":
            value = _entries(value)
        elif key == "body":
            value = _value(value)
        else:
            value = plain(value)
        if value not in ("", "0", 0, {}, [], None):
            made[key] = value
    return made


def items_of(signal, lines):
    """What a file exporter wrote, item by item with what it belongs to, by its own number."""
    _, resources, scopes, items, _ = SIGNALS[signal]
    key = {"traces": "spanId", "logs": "timeUnixNano", "metrics": "name"}[signal]
    found = {}
    for line in lines:
        for resource in line.get(resources, []):
            for scope in resource.get(scopes, []):
                for item in scope.get(items, []):
                    assert item[key] not in found, f"{item[key]} came twice"
                    found[item[key]] = (plain(resource.get("resource", {})), plain(scope.get("scope", {})), plain(item))
    return found
