// Sends spans by the Go SDK's exporter over gRPC for some time, and writes down which were acknowledged: ../../README.md.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const spansPerRequest = 10

func check[T any](made T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return made
}

// batch has span ids that run on from first + 1; its spans are one trace.
func batch(client, first uint64) tracetest.SpanStubs {
	var spans tracetest.SpanStubs
	var traceID trace.TraceID
	binary.BigEndian.PutUint64(traceID[:8], client)
	binary.BigEndian.PutUint64(traceID[8:], first+1)
	for number := first + 1; number <= first+spansPerRequest; number++ {
		var spanID trace.SpanID
		binary.BigEndian.PutUint64(spanID[:], client<<40|number)
		spans = append(spans, tracetest.SpanStub{Name: "load", StartTime: time.Now(), EndTime: time.Now(),
			SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID,
				TraceFlags: trace.FlagsSampled})})
	}
	return spans
}

// load HOST:PORT ACKED CLIENT SECONDS RATE
func main() {
	client := check(strconv.ParseUint(os.Args[3], 10, 24))
	ends := time.Now().Add(time.Duration(check(strconv.Atoi(os.Args[4]))) * time.Second)
	period := time.Second * spansPerRequest / time.Duration(check(strconv.Atoi(os.Args[5])))
	ctx := context.Background()
	exporter := check(otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(os.Args[1]), otlptracegrpc.WithInsecure(),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: 100 * time.Millisecond,
			MaxInterval: time.Second, MaxElapsedTime: 30 * time.Second})))
	file := check(os.Create(os.Args[2]))
	acked := bufio.NewWriter(file)
	var offered, acknowledged uint64
	for next := time.Now(); next.Before(ends); {
		time.Sleep(time.Until(next))
		first := offered
		if exporter.ExportSpans(ctx, batch(client, first).Snapshots()) == nil {
			acknowledged += spansPerRequest
			for number := first + 1; number <= first+spansPerRequest; number++ {
				fmt.Fprintf(acked, "%x\n", client<<40|number)
			}
		}
		for now := time.Now(); !next.After(now) || offered == first; next = next.Add(period) {
			offered += spansPerRequest
		}
	}
	if acked.Flush() != nil || file.Close() != nil {
		os.Exit(1)
	}
	fmt.Printf("{\"offered\": %d, \"acknowledged\": %d}\n", offered, acknowledged)
}
