package main

import (
	"encoding/hex"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// facts is what the SDK handed to an exporter: ../README.md.
type facts map[string]any

func nanoseconds(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixNano(), 10)
}

func list[T any](items []T, factsOf func(T) facts) []facts {
	result := make([]facts, 0, len(items))
	for _, item := range items {
		result = append(result, factsOf(item))
	}
	return result
}

func whole(of int64) facts { return facts{"int": strconv.FormatInt(of, 10)} }

func value(of attribute.Value) facts {
	switch of.Type() {
	case attribute.BOOL:
		return facts{"bool": of.AsBool()}
	case attribute.INT64:
		return whole(of.AsInt64())
	case attribute.FLOAT64:
		return facts{"double": of.AsFloat64()}
	case attribute.STRING:
		return facts{"string": of.AsString()}
	case attribute.BYTESLICE:
		return facts{"bytes": hex.EncodeToString(of.AsByteSlice())}
	case attribute.BOOLSLICE:
		return facts{"array": list(of.AsBoolSlice(), func(item bool) facts { return facts{"bool": item} })}
	case attribute.INT64SLICE:
		return facts{"array": list(of.AsInt64Slice(), whole)}
	case attribute.FLOAT64SLICE:
		return facts{"array": list(of.AsFloat64Slice(), func(item float64) facts { return facts{"double": item} })}
	case attribute.STRINGSLICE:
		return facts{"array": list(of.AsStringSlice(), func(item string) facts { return facts{"string": item} })}
	case attribute.SLICE:
		return facts{"array": list(of.AsSlice(), value)}
	case attribute.MAP:
		return facts{"map": attributes(of.AsMap())}
	}
	return facts{}
}

func attributes(of []attribute.KeyValue) facts {
	result := facts{}
	for _, pair := range of {
		result[string(pair.Key)] = value(pair.Value)
	}
	return result
}

func with(of facts, more facts) facts {
	for key, item := range more {
		of[key] = item
	}
	return of
}

func around(from *resource.Resource, scope instrumentation.Scope) facts {
	return facts{
		"resource": attributes(from.Attributes()), "resource_schema": from.SchemaURL(),
		"scope": facts{"name": scope.Name, "version": scope.Version, "schema": scope.SchemaURL,
			"attributes": attributes(scope.Attributes.ToSlice())},
	}
}

func spanFacts(span trace.ReadOnlySpan) facts {
	context, parent := span.SpanContext(), ""
	flags := int(context.TraceFlags()) | 0x100
	if span.Parent().SpanID().IsValid() {
		parent = span.Parent().SpanID().String()
	}
	if span.Parent().IsRemote() {
		flags |= 0x200
	}
	code := map[codes.Code]int{codes.Unset: 0, codes.Ok: 1, codes.Error: 2}[span.Status().Code]
	return with(around(span.Resource(), span.InstrumentationScope()), facts{
		"signal": "span", "trace_id": context.TraceID().String(), "span_id": context.SpanID().String(),
		"parent": parent, "state": context.TraceState().String(), "name": span.Name(),
		"kind": int(span.SpanKind()), "start": nanoseconds(span.StartTime()), "end": nanoseconds(span.EndTime()),
		"flags": flags, "attributes": attributes(span.Attributes()),
		"dropped": facts{"attributes": span.DroppedAttributes(), "events": span.DroppedEvents(),
			"links": span.DroppedLinks()},
		"events": list(span.Events(), func(event trace.Event) facts {
			return facts{"name": event.Name, "time": nanoseconds(event.Time),
				"attributes": attributes(event.Attributes), "dropped": event.DroppedAttributeCount}
		}),
		// Without the state: the exporter leaves it out.
		"links": list(span.Links(), func(link trace.Link) facts {
			return facts{"trace_id": link.SpanContext.TraceID().String(), "span_id": link.SpanContext.SpanID().String(),
				"attributes": attributes(link.Attributes), "dropped": link.DroppedAttributeCount}
		}),
		"status": facts{"code": code, "message": span.Status().Description},
	})
}

func logFacts(record log.Record) facts {
	pairs, traceID, spanID := []attribute.KeyValue{}, "", ""
	record.WalkAttributes(func(pair attribute.KeyValue) bool {
		pairs = append(pairs, pair)
		return true
	})
	if record.TraceID().IsValid() {
		traceID, spanID = record.TraceID().String(), record.SpanID().String()
	}
	return with(around(record.Resource(), record.InstrumentationScope()), facts{
		"signal": "log", "time": nanoseconds(record.Timestamp()), "observed": nanoseconds(record.ObservedTimestamp()),
		"severity": int(record.Severity()), "text": record.SeverityText(), "event": record.EventName(),
		"body": value(record.Body()), "attributes": attributes(pairs), "dropped": record.DroppedAttributes(),
		"trace_id": traceID, "span_id": spanID, "flags": int(record.TraceFlags()),
	})
}

func number[N int64 | float64](of N) facts {
	switch of := any(of).(type) {
	case int64:
		return whole(of)
	case float64:
		return facts{"double": of}
	}
	return facts{}
}

func exemplars[N int64 | float64](of []metricdata.Exemplar[N]) []facts {
	return list(of, func(exemplar metricdata.Exemplar[N]) facts {
		return facts{"value": number(exemplar.Value), "time": nanoseconds(exemplar.Time),
			"trace_id": hex.EncodeToString(exemplar.TraceID), "span_id": hex.EncodeToString(exemplar.SpanID),
			"attributes": attributes(exemplar.FilteredAttributes)}
	})
}

func points[N int64 | float64](of []metricdata.DataPoint[N]) []facts {
	return list(of, func(point metricdata.DataPoint[N]) facts {
		return facts{"attributes": attributes(point.Attributes.ToSlice()), "start": nanoseconds(point.StartTime),
			"time": nanoseconds(point.Time), "value": number(point.Value), "exemplars": exemplars(point.Exemplars)}
	})
}

func counts(of []uint64) []string {
	result := make([]string, 0, len(of))
	for _, count := range of {
		result = append(result, strconv.FormatUint(count, 10))
	}
	return result
}

func extrema(least, most metricdata.Extrema[float64]) facts {
	result := facts{}
	if found, ok := least.Value(); ok {
		result["min"] = found
	}
	if found, ok := most.Value(); ok {
		result["max"] = found
	}
	return result
}

func histogram(point metricdata.HistogramDataPoint[float64]) facts {
	return with(extrema(point.Min, point.Max), facts{
		"attributes": attributes(point.Attributes.ToSlice()), "start": nanoseconds(point.StartTime),
		"time": nanoseconds(point.Time), "count": strconv.FormatUint(point.Count, 10), "sum": point.Sum,
		"buckets": counts(point.BucketCounts), "bounds": point.Bounds, "exemplars": exemplars(point.Exemplars),
	})
}

func exponential(point metricdata.ExponentialHistogramDataPoint[float64]) facts {
	buckets := func(of metricdata.ExponentialBucket) facts {
		return facts{"offset": of.Offset, "buckets": counts(of.Counts)}
	}
	return with(extrema(point.Min, point.Max), facts{
		"attributes": attributes(point.Attributes.ToSlice()), "start": nanoseconds(point.StartTime),
		"time": nanoseconds(point.Time), "count": strconv.FormatUint(point.Count, 10), "sum": point.Sum,
		"scale": point.Scale, "zero_count": strconv.FormatUint(point.ZeroCount, 10),
		"zero_threshold": point.ZeroThreshold, "positive": buckets(point.PositiveBucket),
		"negative": buckets(point.NegativeBucket), "exemplars": exemplars(point.Exemplars),
	})
}

func data(of metricdata.Aggregation) facts {
	temporality := func(of metricdata.Temporality) int {
		return map[metricdata.Temporality]int{metricdata.DeltaTemporality: 1, metricdata.CumulativeTemporality: 2}[of]
	}
	switch of := of.(type) {
	case metricdata.Gauge[int64]:
		return facts{"kind": "gauge", "points": points(of.DataPoints)}
	case metricdata.Gauge[float64]:
		return facts{"kind": "gauge", "points": points(of.DataPoints)}
	case metricdata.Sum[int64]:
		return facts{"kind": "sum", "temporality": temporality(of.Temporality), "monotonic": of.IsMonotonic,
			"points": points(of.DataPoints)}
	case metricdata.Sum[float64]:
		return facts{"kind": "sum", "temporality": temporality(of.Temporality), "monotonic": of.IsMonotonic,
			"points": points(of.DataPoints)}
	case metricdata.Histogram[float64]:
		return facts{"kind": "histogram", "temporality": temporality(of.Temporality),
			"points": list(of.DataPoints, histogram)}
	case metricdata.ExponentialHistogram[float64]:
		return facts{"kind": "exponential", "temporality": temporality(of.Temporality),
			"points": list(of.DataPoints, exponential)}
	}
	return facts{}
}

func metricFacts(of *metricdata.ResourceMetrics) []facts {
	result := []facts{}
	for _, scope := range of.ScopeMetrics {
		for _, metric := range scope.Metrics {
			result = append(result, with(with(around(of.Resource, scope.Scope), data(metric.Data)), facts{
				"signal": "metric", "name": metric.Name, "description": metric.Description, "unit": metric.Unit}))
		}
	}
	return result
}
