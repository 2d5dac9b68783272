//! Sends with the Rust SDK and writes down what it sent: ../README.md.

mod exporters;
mod facts;
mod metric_facts;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, io, process};

use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{
    Link, Span, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
    TracerProvider,
};
use opentelemetry::{Array, Context, InstrumentationScope, Key, KeyValue, StringValue, Value};
use opentelemetry_otlp::{Compression, Protocol};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{Aggregation, Instrument, PeriodicReader, SdkMeterProvider, Stream};
use opentelemetry_sdk::trace::SdkTracerProvider;

use exporters::{Recording, Sent, Way, over_grpc, over_http};

const TEXT: &str = "größer ☃ 𝄞 \"quoted\" \\ \n\t\u{1}";
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.21.0";

fn values() -> Vec<KeyValue> {
    let texts: Vec<StringValue> = vec!["a".into(), "ü".into(), "".into()];
    vec![
        KeyValue::new("text", TEXT),
        KeyValue::new("empty", ""),
        KeyValue::new("long", "x".repeat(5000)),
        KeyValue::new("whole", -42),
        KeyValue::new("largest", i64::MAX),
        KeyValue::new("smallest", i64::MIN),
        KeyValue::new("zero", 0),
        KeyValue::new("real", 0.1),
        KeyValue::new("round", 3.0),
        KeyValue::new("tiny", 5e-324),
        KeyValue::new("huge", f64::MAX),
        KeyValue::new("yes", true),
        KeyValue::new("no", false),
        KeyValue::new("texts", Value::Array(Array::String(texts))),
        KeyValue::new("wholes", Value::Array(Array::I64(vec![1, -2, i64::MAX]))),
        KeyValue::new("reals", Value::Array(Array::F64(vec![0.5, 1e-7]))),
        KeyValue::new("truths", Value::Array(Array::Bool(vec![true, false]))),
    ]
}

fn numbered(count: i64) -> Vec<KeyValue> {
    (0..count).map(|number| KeyValue::new(format!("key {number}"), number)).collect()
}

fn scope(name: &'static str, version: &'static str, attribute: impl Into<Value>) -> InstrumentationScope {
    InstrumentationScope::builder(name)
        .with_version(version)
        .with_schema_url(SCHEMA)
        .with_attributes([KeyValue::new("scope.attribute", attribute)])
        .build()
}

fn remote_context() -> SpanContext {
    SpanContext::new(
        TraceId::from_hex("5b8efff798038103d269b633813fc60c").expect("a trace id"),
        SpanId::from_hex("eee19b7ec3c1b174").expect("a span id"),
        TraceFlags::SAMPLED,
        true,
        TraceState::from_key_value([("vendor", "some"), ("other", "1")]).expect("a state"),
    )
}

/// The root's context, for logs to point to.
fn send_spans(provider: &SdkTracerProvider) -> Context {
    let tracer = provider.tracer_with_scope(scope("scope größe", "1.2", true));
    let plain = provider.tracer("plain");
    let remote = remote_context();
    let root = tracer
        .span_builder("GET /größe/{id}")
        .with_kind(SpanKind::Server)
        .with_attributes(values())
        .start_with_context(&tracer, &Context::new().with_remote_span_context(remote.clone()));
    let within = Context::new().with_span(root);
    for kind in [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer] {
        let why = vec![KeyValue::new("why", "test"), KeyValue::new("number", 7)];
        let links = vec![
            Link::new(within.span().span_context().clone(), why, 0),
            Link::new(remote.clone(), numbered(6), 0),
            Link::with_context(remote.clone()),
        ];
        let mut span = tracer
            .span_builder(format!("kind {kind:?}"))
            .with_kind(kind)
            .with_links(links)
            .start_with_context(&tracer, &within);
        span.add_event("happened", vec![KeyValue::new("text", TEXT), KeyValue::new("at", 1.5)]);
        span.add_event_with_timestamp("bare", UNIX_EPOCH + Duration::new(1544712660, 300000500), vec![]);
    }
    let mut fails = tracer.start_with_context("fails", &within);
    fails.set_status(Status::error("broken ☠\nin two"));
    fails.record_error(&io::Error::other("no"));
    fails.end();
    let mut fine = plain.start_with_context("fine", &within);
    fine.set_status(Status::Ok);
    fine.end();
    let many = vec![Link::with_context(remote); 12];
    let mut much = tracer
        .span_builder("too much")
        .with_links(many)
        .with_attributes(numbered(40))
        .start_with_context(&tracer, &within);
    for number in 0..20 {
        much.add_event(format!("event {number}"), numbered(12));
    }
    much.end();
    for number in 0..100 {
        plain
            .span_builder(format!("step {number}"))
            .with_attributes([KeyValue::new("number", number)])
            .start_with_context(&plain, &within)
            .end();
    }
    within.span().end();
    within
}

fn send_metrics(provider: &SdkMeterProvider) {
    let meter = provider.meter_with_scope(scope("meter", "2.0", 1));
    let requests = meter.u64_counter("requests").with_unit("1").with_description("how many ☃").build();
    for number in 0..10 {
        let route = KeyValue::new("route", format!("/größe/{}", number % 3));
        requests.add(number, &[route, KeyValue::new("code", 200 + (number % 2) as i64)]);
    }
    meter.f64_counter("bytes").with_unit("By").build().add(0.25, &values());
    meter.i64_up_down_counter("open").build().add(-5, &[]);
    meter.f64_gauge("temperature").with_unit("Cel").build().record(-12.75, &[KeyValue::new("room", "a")]);
    meter.i64_observable_gauge("observed").with_callback(|observer| observer.observe(7, &[])).build();
    for name in ["duration", "exponential"] {
        let histogram = meter.f64_histogram(name).with_unit("s").with_description("how long").build();
        for value in [0.001, 0.2, 7.5, 7.5, 99999.0, 0.0, -3.0] {
            histogram.record(value, &[KeyValue::new("route", "/a")]);
        }
    }
    meter.u64_histogram("sizes").with_boundaries(vec![10.0, 1000.0]).build().record(77, &[]);
}

fn bodies() -> Vec<Option<AnyValue>> {
    let inner: AnyValue = [(Key::new("c"), AnyValue::from_iter([TEXT]))].into_iter().collect();
    vec![
        Some(TEXT.into()),
        Some("".into()),
        Some(42.into()),
        Some(2.5.into()),
        Some(true.into()),
        Some(AnyValue::from(&[0u8, 255][..])),
        Some(AnyValue::from_iter(["a".into(), 1.into(), AnyValue::from_iter([true])])),
        Some(AnyValue::Map(Box::new(HashMap::from([("a".into(), 1.into()), ("b".into(), inner)])))),
        None,
    ]
}

/// Attributes of logs of the types that those of spans have not.
fn log_attributes() -> Vec<(Key, AnyValue)> {
    let deep: AnyValue = [("x", AnyValue::from_iter([AnyValue::from(1), false.into()]))].into_iter().collect();
    vec![
        ("text".into(), TEXT.into()),
        ("largest".into(), i64::MAX.into()),
        ("real".into(), 0.1.into()),
        ("no".into(), false.into()),
        ("map".into(), [("deep", deep)].into_iter().collect()),
        ("bytes".into(), AnyValue::from(&[1u8, 2][..])),
    ]
}

fn send_logs(provider: &SdkLoggerProvider, within: &Context) {
    const SEVERITIES: [Severity; 9] = [
        Severity::Trace,
        Severity::Trace4,
        Severity::Debug,
        Severity::Info,
        Severity::Info2,
        Severity::Warn,
        Severity::Error,
        Severity::Fatal,
        Severity::Fatal4,
    ];
    const EVENTS: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "größe"];
    let logger = provider.logger_with_scope(scope("logger", "3.0", 0.5));
    for (number, body) in bodies().into_iter().enumerate() {
        let mut record = logger.create_log_record();
        record.set_timestamp(SystemTime::now());
        record.set_observed_timestamp(SystemTime::now() + Duration::from_nanos(5));
        record.set_severity_number(SEVERITIES[number]);
        record.set_severity_text(SEVERITIES[number].name());
        record.set_event_name(EVENTS[number]);
        record.add_attributes(log_attributes());
        if let Some(body) = body {
            record.set_body(body);
        }
        let _guard = (number % 2 == 1).then(|| within.clone().attach());
        logger.emit(record);
    }
    let mut elsewhere = logger.create_log_record();
    elsewhere.set_target("target größe"); // Takes the place of the scope's name.
    logger.emit(elsewhere);
    logger.emit(logger.create_log_record());
}

fn run(run: &str, made: exporters::Exporters, sent: &Arc<Mutex<Sent>>) {
    let list = Value::Array(Array::String(vec!["a".into(), "b".into()]));
    let from = Resource::builder_empty()
        .with_schema_url([KeyValue::new("service.name", "client"), KeyValue::new("test.run", run.to_owned())], SCHEMA)
        .with_attributes([KeyValue::new("replica", 3), KeyValue::new("ratio", 0.5), KeyValue::new("list", list)])
        .build();
    let tracers = SdkTracerProvider::builder()
        .with_resource(from.clone())
        .with_max_attributes_per_span(32)
        .with_max_events_per_span(16)
        .with_max_links_per_span(8)
        .with_max_attributes_per_event(8)
        .with_max_attributes_per_link(4)
        .with_batch_exporter(Recording::new(made.spans, sent))
        .build();
    let reader = PeriodicReader::builder(Recording::new(made.metrics, sent)).with_interval(Duration::from_secs(3600));
    let exponential = Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true };
    let meters = SdkMeterProvider::builder()
        .with_resource(from.clone())
        .with_reader(reader.build())
        .with_view(move |instrument: &Instrument| {
            let stream = Stream::builder().with_aggregation(exponential.clone());
            (instrument.name() == "exponential").then(|| stream.build().expect("a stream"))
        })
        .build();
    let loggers =
        SdkLoggerProvider::builder().with_resource(from).with_batch_exporter(Recording::new(made.logs, sent)).build();
    let within = send_spans(&tracers);
    send_metrics(&meters);
    send_logs(&loggers, &within);
    for outcome in [tracers.shutdown(), meters.shutdown(), loggers.shutdown()] {
        outcome.expect("everything sent");
    }
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [protocol, endpoint, compression, output, name, files @ ..] = arguments.as_slice() else {
        panic!("client PROTOCOL ENDPOINT COMPRESSION FACTS RUN [CA [CERT KEY]]");
    };
    rustls::crypto::ring::default_provider().install_default().expect("a provider of cryptography");
    let way = Way { endpoint, compression: (compression == "gzip").then_some(Compression::Gzip), files };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let made = match protocol.as_str() {
        "grpc" => {
            let _guard = runtime.enter();
            over_grpc(&way)
        }
        "http/json" => over_http(Protocol::HttpJson, &way),
        _ => over_http(Protocol::HttpBinary, &way),
    };
    let sent = Arc::default();
    run(name, made, &sent);
    let sent = sent.lock().unwrap();
    fs::write(output, sent.facts.iter().map(|item| format!("{item}\n")).collect::<String>()).expect("facts");
    process::exit(i32::from(sent.failures > 0));
}
