#!/usr/bin/env python3
"""The same data through the Collector's filter, transform and ottl_condition and through ours: what comes out
has to be the same, for each condition and statement by itself."""

import http.client
import json
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import case, paths  # noqa: E402  (the path comes first)
from support.process import wait_until  # noqa: E402

from differential import collector, ottl_statements as given, policies_test, traffic  # noqa: E402

SEED = 7
SPANS, POINTS, RECORDS = 40, 12, 16
TRACES = 1500
LAMBDAS = ["ottl.functions.enableLambda"]  # still a gate of its own in the Collector
LEAST = 20  # traces that each policy has to keep, and to leave


def any_value(value):
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bytes):
        return {"bytesValue": "AQI="}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    return {"kvlistValue": {"values": pairs(value)}}


def pairs(attributes):
    return [{"key": key, "value": any_value(value)} for key, value in attributes.items()]


CHOICES = {
    "s": ["text", "a", "t\u00e9xt", "", 5, None], "i": [42, 7, 11, -3, "42", 10.5], "d": [2.5, 1.25, 0.0, 3],
    "b": [True, False, "true"], "bytes": [b"12"], "m": [{"k": "v", "n": 1}, {"k": ["x"]}, {"n": {"k": "deep"}}],
    "l": [[1, "two"], [1.0, "two"], [True], []], "n": ["17", "21", "20.75", "x", 22], "pad": ["  x ", "x"],
    "json": ['{"a": 1, "l": ["x", true], "m": {"k": null}}', '{"a": "1"}', "[1]", "{bad"],
}


def attributes(chance, share=0.6):
    return pairs({key: chance.choice(values) for key, values in CHOICES.items() if chance.random() < share})


def traces_message(chance):
    def span(number):
        start = 1_700_000_000_000_000_000 + number
        made = {"traceId": chance.randbytes(16).hex(), "spanId": chance.randbytes(8).hex(),
                "name": chance.choice(["GET /cart", "GET /", "PUT /order", "work"]), "kind": chance.randrange(6),
                "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + chance.randrange(600) * 1_000_000),
                "attributes": attributes(chance)}
        if chance.random() < 0.6:
            made["parentSpanId"] = chance.randbytes(8).hex()
        if chance.random() < 0.5:
            made["traceState"] = chance.choice(["a=1,b=2", "b=2", "a=1"])
        if chance.random() < 0.6:
            made["status"] = {"code": chance.randrange(3), "message": chance.choice(["", "bad"])}
        if chance.random() < 0.4:
            made["flags"] = chance.choice([1, 257])
        if chance.random() < 0.3:
            made["droppedAttributesCount"] = 2
        made["events"] = [{"name": chance.choice(["e1", "e2"]), "timeUnixNano": str(start + 1),
                           "attributes": attributes(chance, 0.2)} for _ in range(chance.randrange(3))]
        return made

    def resource(number):
        return {"resource": {"attributes": pairs({"service.name": chance.choice(["shop", "cart"]), "host": f"h{number}"})},
                "scopeSpans": [{"scope": {"name": chance.choice(["lib", "web"]), "version": "1"},
                                "spans": [span(i) for i in range(SPANS // 4)]}]}

    return {"resourceSpans": [resource(i) for i in range(4)]}


def mergeable_metrics():
    """Points of the same times: pairs of them become one where their attributes are made alike."""
    def at(time, host, zone, **what):
        return {"attributes": pairs({"host": host, "zone": zone}), "startTimeUnixNano": str(5 + len(host)),
                "timeUnixNano": str(time), **what}

    def hosts(make):
        return [at(time, host, zone, **make(time + len(host) + len(zone)))
                for time in (20, 21) for host in ("a", "bb", "ccc") for zone in ("x", "yy")]

    def histogram(n):
        return {"count": str(n), "sum": 1.5 * n, "min": 0.5 * n, "max": 2.0 * n,
                "bucketCounts": [str(n - 1), "1", "0"], "explicitBounds": [5.0, 40.0],
                "exemplars": [{"timeUnixNano": str(n), "asDouble": 1.0}]}

    def exponential(n):
        return {"count": str(n), "sum": 1.5 * n, "scale": 1, "zeroCount": "2",
                "positive": {"offset": 2, "bucketCounts": ["1", "0", str(n - 3)]},
                "negative": {"offset": 1, "bucketCounts": ["1"]}}

    def summary(n):
        return {"count": str(n), "sum": 2.5 * n,
                "quantileValues": [{"quantile": 0.5, "value": 1.0 * n}, {"quantile": 0.99, "value": 2.0 * n}]}

    return [
        {"name": "merge.whole", "unit": "By", "gauge": {"dataPoints": hosts(lambda n: {"asInt": str(n * n)})}},
        {"name": "merge.real", "sum": {"aggregationTemporality": 2, "isMonotonic": True,
                                       "dataPoints": hosts(lambda n: {"asDouble": n + 0.25})}},
        {"name": "merge.delta", "sum": {"aggregationTemporality": 1, "dataPoints": hosts(lambda n: {"asInt": str(n)})}},
        {"name": "merge.latency", "description": "how long", "unit": "ms",
         "histogram": {"aggregationTemporality": 2, "dataPoints": hosts(histogram)}},
        {"name": "merge.sizes", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": hosts(exponential)}},
        {"name": "merge.summary", "description": "of all", "unit": "s", "summary": {"dataPoints": hosts(summary)}},
    ]


def metrics_message(chance):
    def base(number):
        return {"attributes": pairs({"host": chance.choice(["a", "b"]), "n": number}),
                "startTimeUnixNano": "1", "timeUnixNano": str(10 + number), "flags": chance.choice([0, 1])}

    def number_point(number):
        value = {"asInt": str(number)} if chance.random() < 0.5 else {"asDouble": number + 0.5}
        return {**base(number), **value}

    def histogram(number):
        return {**base(number), "count": "3", "sum": 3.0 * number, "bucketCounts": ["1", "2"], "explicitBounds": [5.0]}

    def exponential(number):
        return {**base(number), "count": str(number), "sum": 1.5, "scale": number % 2, "zeroCount": str(number % 3),
                "positive": {"offset": 1, "bucketCounts": ["1"]}}

    def points(make):
        return [make(i) for i in range(1, 1 + chance.randrange(1, POINTS))]

    metrics = mergeable_metrics() + [
        {"name": "cpu", "unit": "s", "gauge": {"dataPoints": points(number_point)}},
        {"name": "requests", "description": "d",
         "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": points(number_point)}},
        {"name": "mem.used", "sum": {"aggregationTemporality": 2, "dataPoints": points(number_point)}},
        {"name": "latency", "unit": "s", "histogram": {"aggregationTemporality": 1, "dataPoints": points(histogram)}},
        {"name": "sizes", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": points(exponential)}},
        {"name": "old", "summary": {"dataPoints": [{**base(1), "count": "4", "sum": 9.5}]}},
    ]
    return {"resourceMetrics": [{"resource": {"attributes": pairs({"service.name": "shop"})},
                                 "scopeMetrics": [{"scope": {"name": "lib"}, "metrics": metrics}]}]}


def logs_message(chance):
    bodies = ["hello", "hallo", {"k": "v", "l": [1]}, {"k": 1}, 5, [1, 2], '{"x": {"y": 1}}', None]

    def record(number):
        made = {"timeUnixNano": str(100 + number), "observedTimeUnixNano": str(chance.choice([50, 500])),
                "severityNumber": chance.choice([0, 1, 9, 13, 17, 24]),
                "severityText": chance.choice(["", "INFO", "WARN"]), "body": any_value(chance.choice(bodies)),
                "attributes": attributes(chance, 0.3)}
        if chance.random() < 0.5:
            made["traceId"] = chance.randbytes(16).hex()
        if chance.random() < 0.5:
            made["eventName"] = "ev"
        return made

    return {"resourceLogs": [{"resource": {"attributes": pairs({"service.name": "shop"})},
                              "scopeLogs": [{"scope": {"name": "lib"},
                                             "logRecords": [record(i) for i in range(RECORDS)]}]}]}


def normal(value):
    """OTLP/JSON without the freedoms that it leaves: absent and empty fields, the order of attributes."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and "key" in item for item in value):
            return {item["key"]: normal(item.get("value", {})) for item in value}
        return [normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    if "dataPoints" in value:  # those that were merged come in any order
        value = {**value, "dataPoints": sorted(value["dataPoints"], key=lambda p: json.dumps(normal(p), sort_keys=True))}
    for key, inner in value.items():
        if key in ("stringValue", "boolValue", "intValue", "bytesValue", "arrayValue", "kvlistValue", "asInt"):
            kept[key] = normal(str(inner) if key in ("intValue", "asInt") else inner)
        elif key == "doubleValue":
            kept[key] = float(inner)
        elif key == "asDouble":  # logarithms differ in the last bit
            kept[key] = float(f"{float(inner):.14g}")
        elif normal(inner) not in (None, "", 0, "0", False, [], {}):
            kept[key] = normal(inner)
    return kept


def steps():
    """By name of the pipeline: its signal, its processor, and the condition or statement."""
    made = {}

    def filters(signal, context, conditions, key):
        for i, text in enumerate(conditions):
            made[f"f_{context}_{i}"] = (signal, "filter", {"error_mode": "silent", signal: {key: [text]}}, text)

    def transforms(signal, context, statements):
        field = {"traces": "trace_statements", "metrics": "metric_statements", "logs": "log_statements"}[signal]
        for i, text in enumerate(statements):
            made[f"t_{context}_{i}"] = (signal, "transform", {
                "error_mode": "silent", field: [{"context": context, "statements": [text]}]}, text)

    filters("traces", "span", given.SPAN_CONDITIONS, "span")
    filters("traces", "spanevent", given.EVENT_CONDITIONS, "spanevent")
    filters("metrics", "metric", given.METRIC_CONDITIONS, "metric")
    filters("metrics", "datapoint", given.POINT_CONDITIONS, "datapoint")
    filters("logs", "log", given.LOG_CONDITIONS, "log_record")
    transforms("traces", "span", given.SPAN_STATEMENTS)
    transforms("traces", "resource", given.RESOURCE_STATEMENTS)
    transforms("traces", "spanevent", given.EVENT_STATEMENTS)
    transforms("metrics", "metric", given.METRIC_STATEMENTS)
    transforms("metrics", "datapoint", given.POINT_STATEMENTS)
    transforms("logs", "log", given.LOG_STATEMENTS)
    return made


def configuration(endpoint, chosen, directory):
    pipelines, processors, exporters = {}, {}, {}
    for name, (signal, kind, options, _) in chosen.items():
        processors[f"{kind}/{name}"] = options
        exporters[f"file/{name}"] = {"path": f"{directory}/{name}.json"}
        pipelines[f"{signal}/{name}"] = {"receivers": ["otlp"], "processors": [f"{kind}/{name}"],
                                         "exporters": [f"file/{name}"]}
    return {"receivers": {"otlp": {"protocols": {"http": {"endpoint": endpoint}}}}, "processors": processors,
            "exporters": exporters, "service": {"pipelines": pipelines}}


class OttlTest(case.SystemTest):
    def test_conditions_and_statements(self):
        """Scenario: each condition of filter and each statement of transform by itself, over data with values
        of every type, of every signal.
        Guarantee: what comes out is what comes out of the Collector; what stands under DEFECTS, where the
        Collector fails, does not."""
        chosen = steps()
        theirs = self.run_collector(chosen)
        ours = self.run_ours(chosen)
        different = []
        for name, (_, _, _, text) in chosen.items():
            if (theirs[name] != ours[name]) != (text in given.DEFECTS):
                different.append(text)
                print(f"DIFFERENT {name}: {text}\n  Collector {difference(theirs[name], ours[name])}")
        print(f"{len(chosen)} conditions and statements, {len(different)} different")
        self.assertEqual(different, [])

    def test_twins_are_caught(self):
        """Scenario: conditions as a wrong reading would have them, on our side alone.
        Guarantee: the comparison finds each."""
        sides = []
        for side in (0, 1):
            sides.append({f"f_{i}": ("traces", "filter", {"error_mode": "silent", "traces": {"span": [pair[side]]}},
                                     pair[side]) for i, pair in enumerate(given.TWINS)})
        theirs, ours = self.run_collector(sides[0]), self.run_ours(sides[1])
        for name, (_, _, _, text) in sides[1].items():
            self.assertNotEqual(theirs[name], ours[name], text)

    def test_policies(self):
        """Scenario: the policy ottl_condition over made-up traces; and the same with a twin that is off by a
        little on our side.
        Guarantee: the same traces are kept; each twin is caught."""
        requests = traffic.mixed(SEED, TRACES)
        chosen, twins = ({name: ([policy_of(name, *options)], {}) for name, options in each.items()}
                         for each in (given.POLICIES, given.POLICY_TWINS))
        endpoint = f"127.0.0.1:{collector.free_port()}"
        directory = self.path("policies")
        config = collector.configuration(endpoint, chosen, directory, "300s")
        with collector.Collector(paths.peer("collector"), config, directory) as peer:
            peer.send(requests)
            peer.stop()
        ours = self.decide(requests, config, chosen, "ours")
        broken = self.decide(requests, collector.configuration(endpoint, twins, directory, "300s"), twins, "broken")
        for name in chosen:
            with self.subTest(policy=name):
                theirs = collector.kept(f"{directory}/{name}.json")
                print(f"{name}: {len(theirs)} traces kept")
                self.assertEqual(theirs, ours[name])
                self.assertGreaterEqual(len(theirs), LEAST)
                self.assertNotEqual(theirs, broken[name])

    def decide(self, requests, config, chosen, where):
        """What our policies keep, by name: see policies_test."""
        play = policies_test.PoliciesTest.decide
        place = self.path
        self.path = lambda name: place(f"{where}-{name}")
        try:
            return play(self, requests, config, chosen)
        finally:
            self.path = place

    driver = policies_test.PoliciesTest.driver

    def messages(self):
        chance = random.Random(SEED)
        return {"traces": traces_message(chance), "metrics": metrics_message(chance), "logs": logs_message(chance)}

    def run_collector(self, chosen):
        directory = self.path(f"collector-{len(chosen)}")
        endpoint = f"127.0.0.1:{collector.free_port()}"
        config = configuration(endpoint, chosen, directory)
        with collector.Collector(paths.peer("collector"), config, directory, LAMBDAS) as peer:
            for signal, message in self.messages().items():
                if any(of == signal for of, _, _, _ in chosen.values()):
                    post(endpoint, signal, json.dumps(message), peer)
            peer.stop()
        return {name: read_lines(f"{directory}/{name}.json") for name in chosen}

    def run_ours(self, chosen):
        directory = pathlib.Path(self.path(f"ours-{len(chosen)}"))
        directory.mkdir()
        for signal, message in self.messages().items():
            (directory / f"{signal}.json").write_text(json.dumps(message), encoding="utf-8")
        config = directory / "weir.yaml"
        config.write_text(json.dumps(configuration("127.0.0.1:0", chosen, directory)), encoding="utf-8")
        out = directory / "out"
        out.mkdir()
        subprocess.run([paths.program("ottl-driver"), config, directory, out], check=True, timeout=120)
        return {name: read_lines(out / name) for name in chosen}


def policy_of(name, span, event, mode):
    options = {"span": span, "spanevent": event, **({"error_mode": mode} if mode else {})}
    return {"name": name, "type": "ottl_condition", "ottl_condition": options}


def post(endpoint, signal, body, peer):
    def connected():
        connection = http.client.HTTPConnection(endpoint, timeout=60)
        try:
            connection.connect()
        except OSError:
            return None
        return connection

    connection = wait_until(connected, 60, f"the Collector:\n{peer._process.tail()}")
    connection.request("POST", f"/v1/{signal}", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise AssertionError(f"the Collector answered {answer.status}: {text}")
    connection.close()


def read_lines(path):
    """All that a file of OTLP/JSON lines holds."""
    text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace") if pathlib.Path(path).exists() else ""
    messages = [normal(json.loads(line)) for line in text.splitlines() if line.strip()]
    return [message for message in messages if message]


def difference(theirs, ours, path=""):
    """The first place where two values differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            if theirs.get(key) != ours.get(key):
                return difference(theirs.get(key), ours.get(key), f"{path}.{key}")
    if isinstance(theirs, list) and isinstance(ours, list):
        for i in range(min(len(theirs), len(ours))):
            if theirs[i] != ours[i]:
                return difference(theirs[i], ours[i], f"{path}[{i}]")
        return f"{path}: {len(theirs)} and {len(ours)} items"
    return f"{path}: {str(theirs)[:200]} and {str(ours)[:200]}"


if __name__ == "__main__":
    case.main()
