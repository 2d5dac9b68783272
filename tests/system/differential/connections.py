"""Connectors: configurations that Weir and the Collector both take, what goes through them, and what of their metrics
is to be the same."""

import random

from differential import edits

FLUSH = "1s"


def _dimensions(*names, **defaults):
    return [{"name": name} for name in names] + [{"name": name, "default": value} for name, value in defaults.items()]


SPANMETRICS = {
    "plain": {},
    "seconds": {"histogram": {"unit": "s"}},
    "explicit": {"histogram": {"explicit": {"buckets": ["100us", "1ms", "5ms", "2s"]}}},
    "one_bucket": {"histogram": {"explicit": {"buckets": []}}},
    "exponential": {"histogram": {"exponential": {"max_size": 20}}, "dimensions": _dimensions("flag")},
    "exponential_fine": {"histogram": {"exponential": {}, "unit": "s"}},
    "no_histogram": {"histogram": {"disable": True}, "namespace": "red"},
    "dimensions": {"dimensions": _dimensions("http.method", "count", "zone", "nested", "list", nowhere="default", url=""),
                   "exclude_dimensions": ["span.kind", "status.code"]},
    "apart": {"dimensions": _dimensions("flag"), "calls_dimensions": _dimensions("http.method"),
              "histogram": {"dimensions": _dimensions("ratio", zone="none")}},
    "events": {"events": {"enabled": True, "dimensions": _dimensions("notes", "zone", "http.method")},
               "dimensions": _dimensions("count")},
    "resource_key": {"resource_metrics_key_attributes": ["zone"], "add_resource_attributes": True},
    "overflow": {"dimensions": _dimensions("count", "ratio", "user.id"), "aggregation_cardinality_limit": 5},
    "scopes": {"include_instrumentation_scope": ["lib", "other"], "exclude_dimensions": ["span.name"], "namespace": ""},
    "sampled": {"enable_metrics_sampling_method": True},
    "exemplars": {"exemplars": {"enabled": True, "max_per_data_point": 1000}},
    "delta": {"aggregation_temporality": "AGGREGATION_TEMPORALITY_DELTA", "dimensions": _dimensions("flag")},
}

COUNT = {
    "default": {},
    "conditions": {
        "spans": {"slow": {"description": "d", "conditions": ["name == \"work\"", "attributes[\"flag\"] == true"]},
                  "all": {}},
        "spanevents": {"from_work": {"conditions": ["span.name == \"work\" and name == \"e\""]}},
        "metrics": {"gauges": {"conditions": ["type == METRIC_DATA_TYPE_GAUGE"]}},
        "datapoints": {"of_gauges": {"conditions": ["IsMatch(metric.name, \"^gauge\")"]}},
        "logs": {"warnings": {"conditions": ["severity_number >= 13"]}},
    },
    "attributes": {
        "spans": {"by": {"attributes": [{"key": "http.method"}, {"key": "zone", "default_value": "none"}]},
                  "by_number": {"attributes": [{"key": "count", "default_value": 12}]}},
        "spanevents": {"by": {"attributes": [{"key": "zone"}]}},
        "datapoints": {"by": {"attributes": [{"key": "flag"}, {"key": "service.name", "default_value": True}]}},
        "logs": {"by": {"attributes": [{"key": "list"}, {"key": "nested", "default_value": 1.5}]}},
    },
}


def _route(condition, *pipelines, **more):
    return {"condition": condition, "pipelines": list(pipelines), **more}


def _rows(signal, item):
    """Routes that only some of the signals have."""
    a, b, c = (f"{signal}/{name}" for name in "abc")
    return {
        "resources": {"error_mode": "ignore", "default_pipelines": [c], "table": [
            _route("attributes[\"service.name\"] == \"shop\"", a),
            _route("attributes[\"zone\"] == \"a\" and attributes[\"service.name\"] == \"pay\"", a, b)]},
        "statements": {"default_pipelines": [c], "table": [
            {"statement": "route() where attributes[\"zone\"] == \"a\"", "pipelines": [b]}]},
        "copies": {"error_mode": "ignore", "default_pipelines": [c], "table": [
            _route("resource.attributes[\"service.name\"] == \"shop\"", a, action="copy", context=item),
            _route("attributes[\"zone\"] == \"a\"", b, action="copy", context="resource"),
            _route("attributes[\"service.name\"] == \"pay\"", a)]},
        "none_left": {"table": [_route("attributes[\"service.name\"] == \"shop\"", a),
                                _route("true", b, context=item)]},
    }


ROUTING = {
    "traces": {**_rows("traces", "span"), "items": {"error_mode": "ignore", "default_pipelines": ["traces/c"], "table": [
        _route("attributes[\"flag\"] == true", "traces/a", context="span"),
        _route("name == \"work\"", "traces/b", context="span", action="move")]}},
    "logs": {**_rows("logs", "log"), "items": {"error_mode": "ignore", "default_pipelines": ["logs/c"], "table": [
        _route("severity_number >= 13", "logs/a", context="log"),
        _route("attributes[\"flag\"] == true", "logs/b", context="log")]}},
    "metrics": {**_rows("metrics", "metric"), "points": {"default_pipelines": ["metrics/c"], "table": [
        _route("attributes[\"flag\"] == true", "metrics/a", context="datapoint"),
        _route("name == \"sum1\" or IsMatch(name, \"^hist\")", "metrics/b", context="metric")]}},
}


def requests(signal, seed, count):
    """As of `edits`, with durations, and thresholds that divide."""
    made = edits.requests(signal, seed, count)
    chance = random.Random(seed)
    states = ["", "", "a=b", "ot=th:8", "ot=th:c", "ot=th:0", "x=y,ot=th:e;rv:ff000000000000", "ot=th:zz"]
    for request in made if signal == "traces" else []:
        for resource in request["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    span["endTimeUnixNano"] = str(edits.START + chance.choice(
                        [0, -5, 1, 999_999, 10**6, 2 * 10**6, 2 * 10**9, chance.randrange(10**10)]))
                    span["traceState"] = chance.choice(states)
    return made


def _metrics(bodies):
    """(resource, metric, its data, its points) of messages."""
    for body in bodies:
        for resource in body.get("resourceMetrics", []):
            for scope in resource["scopeMetrics"]:
                for metric in scope["metrics"]:
                    data = next(metric[kind] for kind in ("sum", "histogram", "exponentialHistogram") if kind in metric)
                    yield resource, scope["scope"], metric, data, data.get("dataPoints", [])


def freeze(value):
    """Something that compares, and looks the same in whatever order its maps came."""
    if isinstance(value, (dict, frozenset)):
        pairs = value.items() if isinstance(value, dict) else value
        return tuple(sorted(((key, freeze(item)) for key, item in pairs), key=repr))
    return tuple(freeze(item) for item in value) if isinstance(value, (list, tuple)) else value


def _series(resource, scope, metric, data, point):
    attributes = {key: value for key, value in edits.plain({"attributes": point.get("attributes", [])}).get(
        "attributes", {}).items() if key != "collector.instance.id"}
    return (freeze(edits.plain(resource.get("resource", {}))), scope.get("name"), metric["name"],
            metric.get("unit", ""), data.get("isMonotonic", False), data["aggregationTemporality"], freeze(attributes))


_FIELDS = ("asInt", "count", "sum", "min", "max", "scale", "zeroCount")


def _numbers(point):
    made = {name: float(point.get(name, 0)) for name in _FIELDS}
    made["buckets"] = [int(n) for n in point.get("bucketCounts", [])]
    made["bounds"] = point.get("explicitBounds", [])
    positive = point.get("positive", {})
    made["positive"] = (positive.get("offset", 0), [int(n) for n in positive.get("bucketCounts", [])])
    return made


def last_points(bodies):
    """By series, the numbers of its last cumulative point; of delta ones their sum."""
    found = {}
    for resource, scope, metric, data, points in _metrics(bodies):
        for point in points:
            series = _series(resource, scope, metric, data, point)
            numbers = _numbers(point)
            if data["aggregationTemporality"] == 1 and series in found:
                before = found[series]
                for name in ("asInt", "count", "sum"):
                    numbers[name] += before[name]
                numbers["buckets"] = [a + b for a, b in zip(numbers["buckets"], before["buckets"])]
            found[series] = numbers
    return found


def exemplars(bodies):
    found = {}
    for resource, scope, metric, data, points in _metrics(bodies):
        for point in points:
            named = found.setdefault(_series(resource, scope, metric, data, point), set())
            named.update((e["traceId"], e["spanId"], e["asDouble"]) for e in point.get("exemplars", []))
    return found


def all_points(bodies):
    """Every point with its times; times of now are not compared."""
    found = []
    for resource, scope, metric, data, points in _metrics(bodies):
        for point in points:
            times = [int(point[name]) for name in ("startTimeUnixNano", "timeUnixNano")]
            now = times[0] > edits.START + 10**9 * 3600
            found.append(repr((_series(resource, scope, metric, data, point), metric.get("description", ""),
                               int(point["asInt"]), "now" if now else times)))
    return sorted(found)
