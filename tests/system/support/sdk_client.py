"""Runs inside the Python that has the OpenTelemetry packages: sends spans with the SDK, or takes them in with
the published protobuf classes. Prints what it sent or got as JSON.

  sdk_client.py send grpc|http ENDPOINT COUNT
  sdk_client.py receive               prints "port N"; ends at a line on standard input
"""

import concurrent.futures
import json
import sys


def plain(value):
    return list(value) if isinstance(value, tuple) else value


def send(protocol, endpoint, count):
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import Link, SpanKind, Status, StatusCode

    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)
    else:
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        exporter = OTLPSpanExporter(endpoint=endpoint, compression=Compression.Gzip)
    provider = TracerProvider(resource=Resource.create({"service.name": "client", "replica": 3}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("scope", "1.2")
    ended = []
    with tracer.start_as_current_span("root", kind=SpanKind.SERVER) as root:
        ended.append(root)
        for number in range(count - 1):
            with tracer.start_as_current_span(f"child {number}", kind=SpanKind.CLIENT,
                                              links=[Link(root.get_span_context(), {"why": "test"})]) as span:
                span.set_attributes({"text": "größer ☃", "whole": -number, "real": number / 3, "yes": True,
                                     "list": ["a", "b"]})
                span.add_event("happened", {"at": number})
                if number % 5 == 0:
                    span.set_status(Status(StatusCode.ERROR, "broken"))
                ended.append(span)
    provider.shutdown()
    print(json.dumps([{
        "trace_id": f"{span.context.trace_id:032x}", "span_id": f"{span.context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else "", "name": span.name,
        "kind": span.kind.value + 1, "start": span.start_time, "end": span.end_time,
        "attributes": {key: plain(value) for key, value in span.attributes.items()},
        "events": [[event.name, event.timestamp, dict(event.attributes)] for event in span.events],
        "links": [[f"{link.context.span_id:016x}", dict(link.attributes)] for link in span.links],
        "status": [span.status.status_code.value, span.status.description or ""],
        "service": span.resource.attributes["service.name"],
        "scope": span.instrumentation_scope.name} for span in ended]))


def value_of(value):
    which = value.WhichOneof("value")
    if which == "array_value":
        return [value_of(item) for item in value.array_value.values]
    return getattr(value, which) if which else None


def attributes_of(pairs):
    return {pair.key: value_of(pair.value) for pair in pairs}


def spans_of(request):
    for resource in request.resource_spans:
        service = attributes_of(resource.resource.attributes).get("service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield {
                    "trace_id": span.trace_id.hex(), "span_id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(), "name": span.name, "kind": span.kind,
                    "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
                    "attributes": attributes_of(span.attributes),
                    "events": [[event.name, event.time_unix_nano, attributes_of(event.attributes)]
                               for event in span.events],
                    "links": [[link.span_id.hex(), attributes_of(link.attributes)] for link in span.links],
                    "status": [span.status.code, span.status.message], "service": service,
                    "scope": scope.scope.name}


def receive():
    import grpc
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service

    got = []

    class Traces(service.TraceServiceServicer):
        def Export(self, request, context):
            got.extend(spans_of(request))
            return messages.ExportTraceServiceResponse()

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    service.add_TraceServiceServicer_to_server(Traces(), server)
    print("port", server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.readline()
    server.stop(1).wait()
    print(json.dumps(got))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        receive()
