"""Sends spans by the Python SDK's exporter over gRPC for some time, and writes down which were acknowledged:
../README.md."""

import json
import sys
import time

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags

SPANS_PER_REQUEST = 10


def batch(client, first):
    """Span ids run on from first + 1; the spans are one trace."""
    now = time.time_ns()
    return [ReadableSpan(
        name="load", resource=Resource({}), start_time=now, end_time=now + 10**6,
        context=SpanContext(client << 64 | (first + 1), client << 40 | number, False, TraceFlags(1)))
        for number in range(first + 1, first + SPANS_PER_REQUEST + 1)]


def main(endpoint, path, client, seconds, rate):
    client, period = int(client), SPANS_PER_REQUEST / int(rate)
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)
    offered = acknowledged = 0
    due = time.monotonic()
    ends = due + int(seconds)
    with open(path, "w", encoding="ascii") as acked:
        while due < ends:
            time.sleep(max(0, due - time.monotonic()))
            first = offered
            if exporter.export(batch(client, first)).name == "SUCCESS":
                acknowledged += SPANS_PER_REQUEST
                acked.writelines(f"{client << 40 | number:x}\n" for number in
                                 range(first + 1, first + SPANS_PER_REQUEST + 1))
            now = time.monotonic()
            while due <= now or offered == first:
                offered += SPANS_PER_REQUEST
                due += period
    print(json.dumps({"offered": offered, "acknowledged": acknowledged}))


if __name__ == "__main__":
    main(*sys.argv[1:])
