// Sends with the Go SDK and writes down what it sent: ../README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	otellog "go.opentelemetry.io/otel/log"
	otelmetric "go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

const (
	text   = "größer ☃ 𝄞 \"quoted\" \\ \n\t\u0001"
	schema = "https://opentelemetry.io/schemas/1.21.0"
)

var values = []attribute.KeyValue{
	attribute.String("text", text), attribute.String("empty", ""), attribute.String("long", strings.Repeat("x", 5000)),
	attribute.Int("whole", -42), attribute.Int64("largest", math.MaxInt64), attribute.Int64("smallest", math.MinInt64),
	attribute.Int("zero", 0), attribute.Float64("real", 0.1), attribute.Float64("round", 3),
	attribute.Float64("tiny", 5e-324), attribute.Float64("huge", math.MaxFloat64), attribute.Bool("yes", true),
	attribute.Bool("no", false), attribute.StringSlice("texts", []string{"a", "ü", ""}),
	attribute.Int64Slice("wholes", []int64{1, -2, math.MaxInt64}), attribute.Float64Slice("reals", []float64{0.5, 1e-7}),
	attribute.BoolSlice("truths", []bool{true, false}),
	{Key: "bytes", Value: attribute.ByteSliceValue([]byte{0, 255})},
	{Key: "map", Value: attribute.MapValue(attribute.Int("b", 1), attribute.String("a", text))},
}

func remoteContext() oteltrace.SpanContext {
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: check(oteltrace.TraceIDFromHex("5b8efff798038103d269b633813fc60c")),
		SpanID:  check(oteltrace.SpanIDFromHex("eee19b7ec3c1b174")), TraceFlags: oteltrace.FlagsSampled, Remote: true,
		TraceState: check(oteltrace.ParseTraceState("vendor=some,other=1"))})
}

func numbered(count int) []attribute.KeyValue {
	result := make([]attribute.KeyValue, 0, count)
	for number := range count {
		result = append(result, attribute.Int(fmt.Sprint("key ", number), number))
	}
	return result
}

// sendSpans gives the root's context, for logs and exemplars to point to.
func sendSpans(provider *trace.TracerProvider) context.Context {
	tracer := provider.Tracer("scope größe", oteltrace.WithInstrumentationVersion("1.2"),
		oteltrace.WithSchemaURL(schema), oteltrace.WithInstrumentationAttributes(attribute.Bool("scope.attribute", true)))
	plain := provider.Tracer("plain")
	remote := remoteContext()
	within, root := tracer.Start(oteltrace.ContextWithRemoteSpanContext(context.Background(), remote),
		"GET /größe/{id}", oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithAttributes(values...))
	for kind := oteltrace.SpanKindInternal; kind <= oteltrace.SpanKindConsumer; kind++ {
		_, span := tracer.Start(within, "kind "+kind.String(), oteltrace.WithSpanKind(kind), oteltrace.WithLinks(
			oteltrace.Link{SpanContext: root.SpanContext(), Attributes: []attribute.KeyValue{attribute.String("why", "test")}},
			oteltrace.Link{SpanContext: remote}))
		span.AddEvent("happened", oteltrace.WithAttributes(attribute.String("text", text), attribute.Float64("at", 1.5)))
		span.AddEvent("bare", oteltrace.WithTimestamp(time.Unix(1544712660, 300000500)))
		span.End()
	}
	_, fails := tracer.Start(within, "fails")
	fails.SetStatus(codes.Error, "broken ☠\nin two")
	fails.RecordError(errors.New("no"))
	fails.End()
	_, fine := plain.Start(within, "fine")
	fine.SetStatus(codes.Ok, "")
	fine.End()
	many := make([]oteltrace.Link, 12)
	for index := range many {
		many[index].SpanContext = remote
	}
	_, much := tracer.Start(within, "too much", oteltrace.WithLinks(many...), oteltrace.WithAttributes(numbered(40)...))
	for number := range 20 {
		much.AddEvent(fmt.Sprint("event ", number), oteltrace.WithAttributes(numbered(12)...))
	}
	much.End()
	for number := range 100 {
		_, span := plain.Start(within, fmt.Sprint("step ", number), oteltrace.WithAttributes(attribute.Int("number", number)))
		span.End()
	}
	root.End()
	return within
}

func sendMetrics(provider *metric.MeterProvider, within context.Context) {
	ctx := context.Background()
	meter := provider.Meter("meter", otelmetric.WithInstrumentationVersion("2.0"), otelmetric.WithSchemaURL(schema),
		otelmetric.WithInstrumentationAttributes(attribute.Int("scope.attribute", 1)))
	requests := check(meter.Int64Counter("requests", otelmetric.WithUnit("1"), otelmetric.WithDescription("how many ☃")))
	for number := range 10 {
		requests.Add(within, int64(number), otelmetric.WithAttributes(
			attribute.String("route", fmt.Sprint("/größe/", number%3)), attribute.Int("code", 200+number%2)))
	}
	check(meter.Float64Counter("bytes", otelmetric.WithUnit("By"))).Add(ctx, 0.25, otelmetric.WithAttributes(values...))
	check(meter.Int64UpDownCounter("open")).Add(ctx, -5)
	check(meter.Float64Gauge("temperature", otelmetric.WithUnit("Cel"))).Record(ctx, -12.75)
	check(meter.Int64ObservableGauge("observed", otelmetric.WithInt64Callback(
		func(_ context.Context, observer otelmetric.Int64Observer) error {
			observer.Observe(7)
			return nil
		})))
	for _, name := range []string{"duration", "exponential"} {
		histogram := check(meter.Float64Histogram(name, otelmetric.WithUnit("s"), otelmetric.WithDescription("how long")))
		for _, value := range []float64{0.001, 0.2, 7.5, 7.5, 99999, 0, -3} {
			histogram.Record(within, value, otelmetric.WithAttributes(attribute.String("route", "/a")))
		}
	}
}

func sendLogs(provider *log.LoggerProvider, within context.Context) {
	logger := provider.Logger("logger", otellog.WithInstrumentationVersion("3.0"), otellog.WithSchemaURL(schema),
		otellog.WithInstrumentationAttributes(attribute.Float64("scope.attribute", 0.5)))
	bodies := []attribute.Value{
		attribute.StringValue(text), attribute.StringValue(""), attribute.IntValue(42), attribute.Float64Value(2.5),
		attribute.BoolValue(true), attribute.ByteSliceValue([]byte{0, 255}),
		attribute.SliceValue(attribute.StringValue("a"), attribute.IntValue(1),
			attribute.SliceValue(attribute.BoolValue(true))),
		attribute.MapValue(attribute.Int("a", 1), attribute.KeyValue{Key: "b", Value: attribute.MapValue(
			attribute.StringSlice("c", []string{text}))}),
		{},
	}
	for number, body := range bodies {
		record := otellog.Record{}
		record.SetTimestamp(time.Now())
		record.SetObservedTimestamp(time.Now().Add(5))
		record.SetSeverity(otellog.Severity(number + 1))
		record.SetSeverityText(fmt.Sprint("level ", number))
		record.SetEventName(fmt.Sprint("event ", number))
		record.SetBody(body)
		record.AddAttributes(values...)
		if number%2 == 1 {
			logger.Emit(within, record)
		} else {
			logger.Emit(context.Background(), record)
		}
	}
	logger.Emit(context.Background(), otellog.Record{})
}

func write(path string, of []facts) {
	file := check(os.Create(path))
	defer file.Close()
	encoder := json.NewEncoder(file)
	for _, item := range of {
		check(0, encoder.Encode(item))
	}
}

func main() {
	protocol, endpoint, compression, output, run, files := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6:]
	ctx := context.Background()
	var made exporters
	if protocol == "grpc" {
		made = overGRPC(ctx, endpoint, compression, files)
	} else {
		made = overHTTP(ctx, protocol == "http/json", endpoint, compression, files)
	}
	notes := &sent{}
	from := resource.NewWithAttributes(schema, attribute.String("service.name", "client"),
		attribute.String("test.run", run), attribute.Int("replica", 3), attribute.Float64("ratio", 0.5),
		attribute.StringSlice("list", []string{"a", "b"}))
	limits := trace.NewSpanLimits()
	limits.AttributeCountLimit, limits.EventCountLimit, limits.LinkCountLimit = 32, 16, 8
	limits.AttributePerEventCountLimit = 8
	tracers := trace.NewTracerProvider(trace.WithResource(from), trace.WithRawSpanLimits(limits),
		trace.WithBatcher(spanRecorder{made.spans, notes}))
	within := sendSpans(tracers)
	check(0, tracers.Shutdown(ctx))
	if made.metrics != nil {
		view := metric.NewView(metric.Instrument{Name: "exponential"},
			metric.Stream{Aggregation: metric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}})
		meters := metric.NewMeterProvider(metric.WithResource(from), metric.WithView(view), metric.WithReader(
			metric.NewPeriodicReader(metricRecorder{made.metrics, notes}, metric.WithInterval(time.Hour))))
		sendMetrics(meters, within)
		check(0, meters.Shutdown(ctx))
	}
	if made.logs != nil {
		loggers := log.NewLoggerProvider(log.WithResource(from),
			log.WithProcessor(log.NewBatchProcessor(logRecorder{made.logs, notes})))
		sendLogs(loggers, within)
		check(0, loggers.Shutdown(ctx))
	}
	write(output, notes.facts)
	if notes.failed {
		os.Exit(1)
	}
}
