"""Requests of all three signals, in OTLP/JSON, with every kind of value that exporters print or convert."""

TRACE_ID = "5b8efff798038103d269b633813fc60c"
SPAN_ID = "eee19b7ec3c1b174"


def value(of):
    """A Python value as AnyValue; None is the empty one."""
    if of is None:
        return {}
    if isinstance(of, bool):
        return {"boolValue": of}
    if isinstance(of, int):
        return {"intValue": str(of)}
    if isinstance(of, float):
        return {"doubleValue": of}
    if isinstance(of, bytes):
        import base64
        return {"bytesValue": base64.b64encode(of).decode()}
    if isinstance(of, list):
        return {"arrayValue": {"values": [value(item) for item in of]}}
    if isinstance(of, dict):
        return {"kvlistValue": {"values": attributes(of)}}
    return {"stringValue": of}


def attributes(of):
    return [{"key": key, "value": value(item)} for key, item in of.items()]


EVERY_VALUE = {
    "text": "größer <&> ☃ \" \\ \n\t", "empty": "", "none": None, "yes": True, "no": False, "whole": -42,
    "largest": 2**63 - 1, "real": 0.1, "round": 3.0, "small": 1e-7, "smaller": 1.5e-9, "large": 1e20,
    "larger": 1e21, "largest real": 1.7976931348623157e308, "third": 1 / 3, "bytes": b"\x00\xff\x10",
    "list": ["a", 1, 2.5, True, None, b"ab", ["deep"]],
    "map": {"z": 1, "a": {"n": "q\"uoted\u2028\u0001\u0008\u000c", "ü": None}, "": 1e-9, "e": 1e22},
    "empty list": [], "empty map": {},
}
RESOURCE = {"attributes": attributes({"service.name": "shop", **EVERY_VALUE}), "droppedAttributesCount": 2}
SCOPES = [
    {"name": "library", "version": "1.2", "attributes": attributes({"scope": 1})},
    {"name": "only name"}, {"version": "only version"}, {}]
SCHEMA = "https://opentelemetry.io/schemas/1.21.0"


def wrap(signal, scope_key, item_key, lists):
    """A request with a resource of many values and a bare one, the lists spread over scopes."""
    scopes = [{"scope": scope, item_key: items, **({"schemaUrl": SCHEMA} if i % 2 else {})}
              for i, (scope, items) in enumerate(zip(SCOPES, lists))]
    return {signal: [{"resource": RESOURCE, "schemaUrl": SCHEMA, scope_key: scopes[:2]},
                     {scope_key: scopes[2:]}, {"resource": {}}]}


def traces():
    event = {"timeUnixNano": "1544712660300000500", "name": "event", "droppedAttributesCount": 3,
             "attributes": attributes({"k": "v", "n": 1})}
    link = {"traceId": TRACE_ID, "spanId": SPAN_ID, "traceState": "a=b", "droppedAttributesCount": 1,
            "attributes": attributes({"why": "test"})}
    full = {"traceId": TRACE_ID, "spanId": SPAN_ID, "parentSpanId": "eee19b7ec3c1b173", "traceState": "k=v,x=y",
            "name": "GET /größe", "kind": 2, "startTimeUnixNano": "1544712660000000000",
            "endTimeUnixNano": "1544712661123456789", "attributes": attributes(EVERY_VALUE),
            "droppedAttributesCount": 1, "droppedEventsCount": 2, "droppedLinksCount": 3,
            "events": [event, {"name": "bare"}], "links": [link, {"traceId": TRACE_ID, "spanId": SPAN_ID}],
            "status": {"code": 2, "message": "broken\nin two"}, "flags": 257}
    bare = {"traceId": TRACE_ID, "spanId": "0000000000000001"}
    kinds = [{**bare, "spanId": f"00000000000000a{kind}", "name": f"kind {kind}", "kind": kind,
              "status": {"code": kind % 3}, "startTimeUnixNano": str(kind * 10**9 + kind)} for kind in range(6)]
    return wrap("resourceSpans", "scopeSpans", "spans", [[full, bare], kinds, [bare], []])


def logs():
    full = {"timeUnixNano": "1581452773000000789", "observedTimeUnixNano": "1581452773000009875",
            "severityNumber": 9, "severityText": "Info", "body": value("This is a log message\nof two lines"),
            "attributes": attributes(EVERY_VALUE), "droppedAttributesCount": 1, "flags": 1, "traceId": TRACE_ID,
            "spanId": SPAN_ID, "eventName": "happened"}
    bodies = [{"severityNumber": i, "body": value(body)} for i, body in enumerate(EVERY_VALUE.values())]
    return wrap("resourceLogs", "scopeLogs", "logRecords",
                [[full, {}], bodies, [{"severityNumber": 24, "severityText": "FATAL"}], []])


def metrics():
    times = {"startTimeUnixNano": "1544712660000000000", "timeUnixNano": "1544712661000000001",
             "attributes": attributes({"host": "a", "n": 2})}
    exemplar = {"timeUnixNano": "1544712661000000002", "asInt": "7", "traceId": TRACE_ID, "spanId": SPAN_ID,
                "filteredAttributes": attributes({"left": "out"})}
    numbers = [{**times, "asInt": "-5", "exemplars": [exemplar, {"asDouble": 0.5}]}, {**times, "asDouble": 1.25},
               {"asDouble": 1e-9}, {"asDouble": 123456789.123456789}, {"flags": 1}]
    histogram = {**times, "count": "6", "sum": 10.5, "min": 0.25, "max": 4.0, "bucketCounts": ["1", "2", "3"],
                 "explicitBounds": [0.5, 1e-7], "exemplars": [exemplar]}
    exponential = {**times, "count": "9", "sum": 10.0, "scale": 1, "zeroCount": "2", "min": -3.0, "max": 3.0,
                   "positive": {"offset": 1, "bucketCounts": ["1", "0", "4"]},
                   "negative": {"offset": -2, "bucketCounts": ["2", "1"]}, "zeroThreshold": 0.1}
    summary = {**times, "count": "3", "sum": 6.5, "quantileValues": [{"quantile": 0.5, "value": 2.0},
                                                                    {"quantile": 0.99, "value": 4.25}]}
    about = {"description": "what it is", "unit": "By", "metadata": attributes({"meta": "data"})}
    return wrap("resourceMetrics", "scopeMetrics", "metrics", [
        [{"name": "gauge", "gauge": {"dataPoints": numbers}, **about},
         {"name": "sum", "sum": {"dataPoints": numbers[:1], "aggregationTemporality": 2, "isMonotonic": True}}],
        [{"name": "histogram", "unit": "s",
          "histogram": {"dataPoints": [histogram, {"count": "0"}], "aggregationTemporality": 1}},
         {"name": "exponential", "exponentialHistogram": {"dataPoints": [exponential, {"count": "1"}],
                                                          "aggregationTemporality": 1}}],
        [{"name": "summary", "summary": {"dataPoints": [summary, {}]}}, {"name": "nothing"}], []])


ALL = {"traces": traces, "metrics": metrics, "logs": logs}
