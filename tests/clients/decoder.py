"""Takes OTLP over gRPC and writes each span, log record and metric as a line of facts (README.md), read with the
protobuf classes that OpenTelemetry publishes. Knows nothing of Weir. Runs in scripts/peers' client-python.

  decoder.py FILE     prints "port N"; ends at a line on standard input
"""

import concurrent.futures
import json
import sys
import threading

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


def value_of(value):
    which = value.WhichOneof("value")
    if which is None:
        return {}
    found = getattr(value, which)
    return {"string_value": lambda: {"string": found}, "bool_value": lambda: {"bool": found},
            "int_value": lambda: {"int": str(found)}, "double_value": lambda: {"double": found},
            "bytes_value": lambda: {"bytes": found.hex()},
            "array_value": lambda: {"array": [value_of(item) for item in found.values]},
            "kvlist_value": lambda: {"map": attributes_of(found.values)}}[which]()


def attributes_of(pairs):
    result = {pair.key: value_of(pair.value) for pair in pairs}
    if len(result) != len(pairs):
        raise ValueError(f"a key stands twice: {[pair.key for pair in pairs]}")
    return result


def around(resource, scope):
    """What items share: their resource and scope."""
    return {"resource": attributes_of(resource.resource.attributes), "resource_schema": resource.schema_url,
            "scope": {"name": scope.scope.name, "version": scope.scope.version, "schema": scope.schema_url,
                      "attributes": attributes_of(scope.scope.attributes)}}


def event_of(event):
    return {"name": event.name, "time": str(event.time_unix_nano), "attributes": attributes_of(event.attributes),
            "dropped": event.dropped_attributes_count}


def link_of(link):
    return {"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex(), "state": link.trace_state,
            "attributes": attributes_of(link.attributes), "dropped": link.dropped_attributes_count}


def span_of(span):
    return {"trace_id": span.trace_id.hex(), "span_id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
            "state": span.trace_state, "name": span.name, "kind": span.kind, "flags": span.flags,
            "start": str(span.start_time_unix_nano), "end": str(span.end_time_unix_nano),
            "attributes": attributes_of(span.attributes),
            "dropped": {"attributes": span.dropped_attributes_count, "events": span.dropped_events_count,
                        "links": span.dropped_links_count},
            "events": [event_of(event) for event in span.events], "links": [link_of(link) for link in span.links],
            "status": {"code": span.status.code, "message": span.status.message}}


def log_of(record):
    return {"time": str(record.time_unix_nano), "observed": str(record.observed_time_unix_nano),
            "severity": record.severity_number, "text": record.severity_text, "event": record.event_name,
            "body": value_of(record.body), "attributes": attributes_of(record.attributes),
            "dropped": record.dropped_attributes_count, "trace_id": record.trace_id.hex(),
            "span_id": record.span_id.hex(), "flags": record.flags}


def number_of(point):
    which = point.WhichOneof("value")
    return {} if which is None else {"as_int": lambda: {"int": str(point.as_int)},
                                     "as_double": lambda: {"double": point.as_double}}[which]()


def exemplar_of(exemplar):
    return {"value": number_of(exemplar), "time": str(exemplar.time_unix_nano), "trace_id": exemplar.trace_id.hex(),
            "span_id": exemplar.span_id.hex(), "attributes": attributes_of(exemplar.filtered_attributes)}


def buckets_of(buckets):
    return {"offset": buckets.offset, "buckets": [str(count) for count in buckets.bucket_counts]}


def point_of(kind, point):
    facts = {"attributes": attributes_of(point.attributes), "start": str(point.start_time_unix_nano),
             "time": str(point.time_unix_nano), "exemplars": [exemplar_of(item) for item in point.exemplars]}
    if kind in ("gauge", "sum"):
        return facts | {"value": number_of(point)}
    facts |= {"count": str(point.count),
              **{name: getattr(point, name) for name in ("sum", "min", "max") if point.HasField(name)}}
    if kind == "histogram":
        return facts | {"buckets": [str(count) for count in point.bucket_counts],
                        "bounds": list(point.explicit_bounds)}
    return facts | {"scale": point.scale, "zero_count": str(point.zero_count),
                    "zero_threshold": point.zero_threshold, "positive": buckets_of(point.positive),
                    "negative": buckets_of(point.negative)}


def metric_of(metric):
    which = metric.WhichOneof("data")
    data = getattr(metric, which)
    kind = {"exponential_histogram": "exponential"}.get(which, which)
    facts = {"name": metric.name, "description": metric.description, "unit": metric.unit, "kind": kind,
             "points": [point_of(kind, point) for point in data.data_points]}
    if kind != "gauge":
        facts["temporality"] = data.aggregation_temporality
    if kind == "sum":
        facts["monotonic"] = data.is_monotonic
    return facts


class Output:
    """One line an item; a request is there whole before it is answered."""

    def __init__(self, path):
        self._file = open(path, "w", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, signal, resources, scopes, items, facts_of):
        lines = [json.dumps({"signal": signal, **around(resource, scope), **facts_of(item)})
                 for resource in resources for scope in getattr(resource, scopes) for item in getattr(scope, items)]
        with self._lock:
            self._file.write("".join(line + "\n" for line in lines))
            self._file.flush()


def services(output):
    class Traces(trace_service_pb2_grpc.TraceServiceServicer):
        def Export(self, request, context):
            output.write("span", request.resource_spans, "scope_spans", "spans", span_of)
            return trace_service_pb2.ExportTraceServiceResponse()

    class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
        def Export(self, request, context):
            output.write("metric", request.resource_metrics, "scope_metrics", "metrics", metric_of)
            return metrics_service_pb2.ExportMetricsServiceResponse()

    class Logs(logs_service_pb2_grpc.LogsServiceServicer):
        def Export(self, request, context):
            output.write("log", request.resource_logs, "scope_logs", "log_records", log_of)
            return logs_service_pb2.ExportLogsServiceResponse()

    return Traces(), Metrics(), Logs()


def main():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    traces, metrics, logs = services(Output(sys.argv[1]))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(traces, server)
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(metrics, server)
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(logs, server)
    print("port", server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.readline()
    server.stop(1).wait()


if __name__ == "__main__":
    main()
