"""Sends with the Python SDK and writes down what it sent: ../README.md."""

import json
import sys
import time

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (ExponentialHistogram, Gauge, Histogram, MetricExporter,
                                              PeriodicExportingMetricReader, Sum)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import (Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags,
                                 TraceState)

TEXT = "größer ☃ 𝄞 \"quoted\" \\ \n\t\u0001"
SCHEMA = "https://opentelemetry.io/schemas/1.21.0"
VALUES = {
    "text": TEXT, "empty": "", "long": "x" * 5000, "whole": -42, "largest": 2**63 - 1, "smallest": -2**63, "zero": 0,
    "real": 0.1, "round": 3.0, "tiny": 5e-324, "huge": 1.7976931348623157e308, "yes": True, "no": False,
    "texts": ["a", "ü", ""], "wholes": [1, -2, 2**63 - 1], "reals": [0.5, 1e-7], "truths": [True, False]}


def value_of(value):
    if value is None:
        return {}
    for kind, name in ((bool, "bool"), (str, "string"), (float, "double")):
        if isinstance(value, kind):
            return {name: value}
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if hasattr(value, "items"):
        return {"map": attributes_of(value)}
    return {"array": [value_of(item) for item in value]}


def attributes_of(attributes):
    return {key: value_of(value) for key, value in (attributes or {}).items()}


def number_of(value):
    return {"double": value} if isinstance(value, float) else {"int": str(value)}


def around(resource, scope):
    return {"resource": attributes_of(resource.attributes), "resource_schema": resource.schema_url,
            "scope": {"name": scope.name, "version": scope.version, "schema": scope.schema_url,
                      "attributes": attributes_of(scope.attributes)}}


def state_of(state):
    return ",".join(f"{key}={value}" for key, value in (state or {}).items())


def span_of(span):
    context = span.get_span_context()
    return {
        "signal": "span", **around(span.resource, span.instrumentation_scope),
        "trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else "", "state": state_of(context.trace_state),
        "name": span.name, "kind": span.kind.value + 1, "start": str(span.start_time), "end": str(span.end_time),
        # The exporter leaves the W3C flags out.
        "flags": 0x300 if span.parent and span.parent.is_remote else 0x100,
        "attributes": attributes_of(span.attributes),
        "dropped": {"attributes": span.dropped_attributes, "events": span.dropped_events,
                    "links": span.dropped_links},
        "events": [{"name": event.name, "time": str(event.timestamp), "attributes": attributes_of(event.attributes),
                    "dropped": event.dropped_attributes} for event in span.events],
        # Without the state: the exporter leaves it out.
        "links": [{"trace_id": f"{link.context.trace_id:032x}", "span_id": f"{link.context.span_id:016x}",
                   "attributes": attributes_of(link.attributes), "dropped": link.dropped_attributes}
                  for link in span.links],
        "status": {"code": span.status.status_code.value, "message": span.status.description}}


def log_of(readable):
    record = readable.log_record
    return {
        "signal": "log", **around(readable.resource, readable.instrumentation_scope),
        "time": str(record.timestamp or 0), "observed": str(record.observed_timestamp),
        "severity": record.severity_number.value if record.severity_number else 0, "text": record.severity_text,
        "event": record.event_name, "body": value_of(record.body), "attributes": attributes_of(record.attributes),
        "dropped": readable.dropped_attributes, "flags": int(record.trace_flags),
        "trace_id": f"{record.trace_id:032x}" if record.trace_id else "",
        "span_id": f"{record.span_id:016x}" if record.span_id else ""}


def exemplar_of(exemplar):
    return {"value": number_of(exemplar.value), "time": str(exemplar.time_unix_nano),
            "trace_id": f"{exemplar.trace_id:032x}" if exemplar.trace_id else "",
            "span_id": f"{exemplar.span_id:016x}" if exemplar.span_id else "",
            "attributes": attributes_of(exemplar.filtered_attributes)}


def point_of(kind, point):
    facts = {"attributes": attributes_of(point.attributes), "time": str(point.time_unix_nano),
             "exemplars": [exemplar_of(item) for item in point.exemplars]}
    if kind == "gauge":  # The exporter leaves the start out.
        return facts | {"value": number_of(point.value)}
    facts["start"] = str(point.start_time_unix_nano)
    if kind == "sum":
        return facts | {"value": number_of(point.value)}
    facts |= {"count": str(point.count), "sum": point.sum, "min": point.min, "max": point.max}
    if kind == "histogram":
        return facts | {"buckets": [str(count) for count in point.bucket_counts],
                        "bounds": list(point.explicit_bounds)}

    def buckets_of(buckets):
        counts = [str(count) for count in buckets.bucket_counts]
        return {"offset": buckets.offset, "buckets": counts} if counts else {}
    return facts | {"scale": point.scale, "zero_count": str(point.zero_count),
                    "positive": buckets_of(point.positive), "negative": buckets_of(point.negative)}


def metrics_of(data):
    kinds = {Gauge: "gauge", Sum: "sum", Histogram: "histogram", ExponentialHistogram: "exponential"}
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = kinds[type(metric.data)]
                facts = {"signal": "metric", **around(resource.resource, scope.scope), "name": metric.name,
                         "description": metric.description, "unit": metric.unit, "kind": kind,
                         "points": [point_of(kind, point) for point in metric.data.data_points]}
                if kind != "gauge":
                    facts["temporality"] = int(metric.data.aggregation_temporality)
                if kind == "sum":
                    facts["monotonic"] = metric.data.is_monotonic
                yield facts


class Sent:
    """Writes down what is handed to exporters, and whether they brought it home."""

    def __init__(self):
        self.facts = []
        self.failures = 0

    def noted(self, facts, outcome):
        self.facts.extend(facts)
        self.failures += outcome.name != "SUCCESS"
        return outcome

    def recording(self, base, inner, facts_of):
        outer = self

        class Recording(base):
            def __init__(self):
                if base is MetricExporter:
                    super().__init__(inner._preferred_temporality, inner._preferred_aggregation)

            def export(self, batch, *arguments, **options):
                return outer.noted(facts_of(batch), inner.export(batch, *arguments, **options))

            def shutdown(self, *arguments, **options):
                inner.shutdown(*arguments, **options)

            def force_flush(self, timeout_millis=30000):
                return True
        return Recording()


def exporters(protocol, endpoint, compression, tls):
    """Exporters of spans, metrics and logs."""
    ca, cert, key = (tls + [None] * 3)[:3]
    if protocol == "grpc":
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc import _log_exporter, metric_exporter, trace_exporter

        def content(path):
            with open(path, "rb") as file:
                return file.read()
        options = {"compression": grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression}
        if ca:
            options["credentials"] = grpc.ssl_channel_credentials(
                content(ca), key and content(key), cert and content(cert))
        else:
            options["insecure"] = True
        return (trace_exporter.OTLPSpanExporter(endpoint=endpoint, **options),
                metric_exporter.OTLPMetricExporter(endpoint=endpoint, **options),
                _log_exporter.OTLPLogExporter(endpoint=endpoint, **options))
    if protocol == "http/json":
        from opentelemetry.exporter.otlp.common.http import Compression
        from opentelemetry.exporter.otlp.json.http import _log_exporter, metric_exporter, trace_exporter
    else:
        from opentelemetry.exporter.otlp.proto.http import Compression, _log_exporter, metric_exporter, trace_exporter
    options = {"compression": Compression(compression), "certificate_file": ca, "client_certificate_file": cert,
               "client_key_file": key}
    return (trace_exporter.OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", **options),
            metric_exporter.OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", **options),
            _log_exporter.OTLPLogExporter(endpoint=f"{endpoint}/v1/logs", **options))


def send_spans(provider):
    """The last span's context, for logs and exemplars to point to."""
    tracer = provider.get_tracer("scope größe", "1.2", SCHEMA, {"scope.attribute": True, "scope.list": ["a", "b"]})
    plain = provider.get_tracer("plain")
    remote = SpanContext(0x5b8efff798038103d269b633813fc60c, 0xeee19b7ec3c1b174, True, TraceFlags(1),
                         TraceState([("vendor", "some"), ("other", "1")]))
    parent = trace.set_span_in_context(NonRecordingSpan(remote))
    with tracer.start_as_current_span("GET /größe/{id}", context=parent, kind=SpanKind.SERVER) as root:
        root.set_attributes(VALUES)
        for kind in SpanKind:
            link = Link(root.get_span_context(), {"why": "test", "number": 7})
            with tracer.start_as_current_span(f"kind {kind.name}", kind=kind, links=[link, Link(remote)]) as span:
                span.add_event("happened", {"at": kind.value, "text": TEXT, "list": [1.5]})
                span.add_event("bare", timestamp=1544712660300000500)
        with tracer.start_as_current_span("fails") as span:
            span.set_status(Status(StatusCode.ERROR, "broken ☠\nin two"))
            span.record_exception(ValueError("no"))
        with plain.start_as_current_span("fine") as span:
            span.set_status(Status(StatusCode.OK))
        with tracer.start_as_current_span("too much", links=[Link(remote)] * 12) as span:
            span.set_attributes({f"key {number}": number for number in range(40)})
            for number in range(20):
                span.add_event(f"event {number}", {f"key {index}": index for index in range(12)})
        for number in range(100):
            with plain.start_as_current_span(f"step {number}") as span:
                span.set_attribute("number", number)
    return trace.set_span_in_context(root)


def send_metrics(provider, within):
    meter = provider.get_meter("meter", "2.0", SCHEMA, {"scope.attribute": 1})
    counter = meter.create_counter("requests", "1", "how many ☃")
    for number in range(10):
        counter.add(number, {"route": f"/größe/{number % 3}", "code": 200 + number % 2}, context=within)
    meter.create_counter("bytes", "By").add(0.25, VALUES)
    meter.create_up_down_counter("open").add(-5)
    meter.create_gauge("temperature", "Cel").set(-12.75, {"room": "a"})
    meter.create_observable_gauge("observed", [lambda _: [Observation(7)]])
    for name in ("duration", "exponential"):
        histogram = meter.create_histogram(name, "s", "how long")
        for value in (0.001, 0.2, 7.5, 7.5, 99999.0, 0.0):
            histogram.record(value, {"route": "/a"}, context=within)


def send_logs(provider, within):
    logger = provider.get_logger("logger", "3.0", SCHEMA, {"scope.attribute": 0.5})
    bodies = [TEXT, "", 42, 2.5, True, b"\x00\xff", ["a", 1, [True]], {"a": 1, "b": {"c": [TEXT]}}, None]
    for number, body in enumerate(bodies):
        logger.emit(LogRecord(
            timestamp=time.time_ns(), observed_timestamp=time.time_ns() + 5, context=within if number % 2 else None,
            severity_number=SeverityNumber(number + 1), severity_text=f"level {number}", body=body,
            attributes={**VALUES, "map": {"deep": {"x": 1}}, "bytes": b"\x01\x02"}, event_name=f"event {number}"))
    logger.emit(LogRecord(observed_timestamp=time.time_ns()))


def main():
    protocol, endpoint, compression, facts, run, *tls = sys.argv[1:]
    sent = Sent()
    spans, metrics, logs = exporters(protocol, endpoint, compression, tls)
    resource = Resource({"service.name": "client", "test.run": run, "replica": 3, "ratio": 0.5, "list": ["a", "b"]},
                        SCHEMA)
    limits = SpanLimits(max_span_attributes=32, max_events=16, max_links=8, max_event_attributes=8)
    tracers = TracerProvider(resource=resource, span_limits=limits)
    tracers.add_span_processor(BatchSpanProcessor(
        sent.recording(SpanExporter, spans, lambda batch: [span_of(span) for span in batch])))
    reader = PeriodicExportingMetricReader(sent.recording(MetricExporter, metrics, metrics_of), 3600_000)
    meters = MeterProvider([reader], resource, views=[
        View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())])
    loggers = LoggerProvider(resource)
    loggers.add_log_record_processor(SimpleLogRecordProcessor(
        sent.recording(LogRecordExporter, logs, lambda batch: [log_of(record) for record in batch])))
    within = send_spans(tracers)
    send_metrics(meters, within)
    send_logs(loggers, within)
    for provider in (tracers, meters, loggers):
        provider.shutdown()
    with open(facts, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(item) + "\n" for item in sent.facts)
    sys.exit(1 if sent.failures else 0)


if __name__ == "__main__":
    main()
