package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/credentials"
)

// exporters are of spans, metrics and logs; the latter two nil where the SDK cannot send them so.
type exporters struct {
	spans   trace.SpanExporter
	metrics metric.Exporter
	logs    log.Exporter
}

func check[T any](made T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return made
}

// tlsConfig: files is CA, and perhaps CERT and KEY.
func tlsConfig(files []string) *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(check(os.ReadFile(files[0])))
	config := &tls.Config{RootCAs: roots}
	if len(files) == 3 {
		config.Certificates = []tls.Certificate{check(tls.LoadX509KeyPair(files[1], files[2]))}
	}
	return config
}

func overGRPC(ctx context.Context, endpoint, compression string, files []string) exporters {
	spans := []otlptracegrpc.Option{otlptracegrpc.WithEndpointURL(endpoint)}
	metrics := []otlpmetricgrpc.Option{otlpmetricgrpc.WithEndpointURL(endpoint)}
	logs := []otlploggrpc.Option{otlploggrpc.WithEndpointURL(endpoint)}
	if compression == "gzip" {
		spans = append(spans, otlptracegrpc.WithCompressor("gzip"))
		metrics = append(metrics, otlpmetricgrpc.WithCompressor("gzip"))
		logs = append(logs, otlploggrpc.WithCompressor("gzip"))
	}
	if len(files) > 0 {
		own := credentials.NewTLS(tlsConfig(files))
		spans = append(spans, otlptracegrpc.WithTLSCredentials(own))
		metrics = append(metrics, otlpmetricgrpc.WithTLSCredentials(own))
		logs = append(logs, otlploggrpc.WithTLSCredentials(own))
	}
	return exporters{check(otlptracegrpc.New(ctx, spans...)), check(otlpmetricgrpc.New(ctx, metrics...)),
		check(otlploggrpc.New(ctx, logs...))}
}

func overHTTP(ctx context.Context, json bool, endpoint, compression string, files []string) exporters {
	spans := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(endpoint + "/v1/traces")}
	metrics := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpointURL(endpoint + "/v1/metrics")}
	logs := []otlploghttp.Option{otlploghttp.WithEndpointURL(endpoint + "/v1/logs")}
	if compression == "gzip" {
		spans = append(spans, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		metrics = append(metrics, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
		logs = append(logs, otlploghttp.WithCompression(otlploghttp.GzipCompression))
	}
	if len(files) > 0 {
		own := tlsConfig(files)
		spans = append(spans, otlptracehttp.WithTLSClientConfig(own))
		metrics = append(metrics, otlpmetrichttp.WithTLSClientConfig(own))
		logs = append(logs, otlploghttp.WithTLSClientConfig(own))
	}
	if json {
		return exporters{spans: check(otlptracehttp.New(ctx, append(spans,
			otlptracehttp.WithEncoding(otlptracehttp.EncodingJSON))...))}
	}
	return exporters{check(otlptracehttp.New(ctx, spans...)), check(otlpmetrichttp.New(ctx, metrics...)),
		check(otlploghttp.New(ctx, logs...))}
}

// sent is what was handed to exporters, and whether they brought it home.
type sent struct {
	mutex  sync.Mutex
	facts  []facts
	failed bool
}

func (s *sent) note(err error, of []facts) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.facts = append(s.facts, of...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		s.failed = true
	}
	return err
}

type spanRecorder struct {
	trace.SpanExporter
	*sent
}

func (r spanRecorder) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	return r.note(r.SpanExporter.ExportSpans(ctx, spans), list(spans, spanFacts))
}

type metricRecorder struct {
	metric.Exporter
	*sent
}

func (r metricRecorder) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	of := metricFacts(metrics) // Before the SDK takes the memory again.
	return r.note(r.Exporter.Export(ctx, metrics), of)
}

type logRecorder struct {
	log.Exporter
	*sent
}

func (r logRecorder) Export(ctx context.Context, records []log.Record) error {
	of := list(records, logFacts)
	return r.note(r.Exporter.Export(ctx, records), of)
}
