//! What the SDK hands to its exporters, as facts: ../README.md.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::logs::AnyValue;
use opentelemetry::trace::{Event, Link, SpanId, SpanKind, Status};
use opentelemetry::{Array, InstrumentationScope, Key, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{LogBatch, SdkLogRecord};
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value as Json, json};

pub fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos()).to_string()
}

pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn whole(number: impl ToString) -> Json {
    json!({"int": number.to_string()})
}

fn value(of: &Value) -> Json {
    match of {
        Value::Bool(item) => json!({"bool": item}),
        Value::I64(item) => whole(item),
        Value::F64(item) => json!({"double": item}),
        Value::String(item) => json!({"string": item.as_str()}),
        Value::Array(Array::Bool(items)) => list(items, |item| json!({"bool": item})),
        Value::Array(Array::I64(items)) => list(items, whole),
        Value::Array(Array::F64(items)) => list(items, |item| json!({"double": item})),
        Value::Array(Array::String(items)) => list(items, |item| json!({"string": item.as_str()})),
        other => panic!("a value of an unknown type: {other:?}"),
    }
}

fn list<'a, T: 'a>(items: impl IntoIterator<Item = &'a T>, facts: impl Fn(&'a T) -> Json) -> Json {
    json!({"array": items.into_iter().map(facts).collect::<Vec<_>>()})
}

fn any_value(of: &AnyValue) -> Json {
    match of {
        AnyValue::Boolean(item) => json!({"bool": item}),
        AnyValue::Int(item) => whole(item),
        AnyValue::Double(item) => json!({"double": item}),
        AnyValue::String(item) => json!({"string": item.as_str()}),
        AnyValue::Bytes(item) => json!({"bytes": hexadecimal(item)}),
        AnyValue::ListAny(items) => list(items.iter(), any_value),
        AnyValue::Map(items) => json!({"map": map(items.iter().map(|(key, item)| (key, any_value(item))))}),
        other => panic!("a value of an unknown type: {other:?}"),
    }
}

fn map<'a>(pairs: impl Iterator<Item = (&'a Key, Json)>) -> Json {
    Json::Object(pairs.map(|(key, item)| (key.to_string(), item)).collect())
}

pub fn attributes<'a>(pairs: impl IntoIterator<Item = &'a KeyValue>) -> Json {
    map(pairs.into_iter().map(|pair| (&pair.key, value(&pair.value))))
}

/// The facts of an item, with its resource and scope; `name` where it is not the scope's own.
pub fn within(resource: &Resource, scope: &InstrumentationScope, name: Option<&str>, item: Json) -> Json {
    let mut result = Map::from_iter([
        ("resource".into(), map(resource.iter().map(|(key, item)| (key, value(item))))),
        ("resource_schema".into(), json!(resource.schema_url())),
        (
            "scope".into(),
            json!({"name": name.unwrap_or(scope.name()), "version": scope.version(), "schema": scope.schema_url(),
                   "attributes": attributes(scope.attributes())}),
        ),
    ]);
    if let Json::Object(own) = item {
        result.extend(own);
    }
    Json::Object(result)
}

fn event(of: &Event) -> Json {
    json!({"name": of.name, "time": nanoseconds(of.timestamp), "attributes": attributes(&of.attributes),
           "dropped": of.dropped_attributes_count})
}

fn link(of: &Link) -> Json {
    json!({"trace_id": of.span_context.trace_id().to_string(), "span_id": of.span_context.span_id().to_string(),
           "state": of.span_context.trace_state().header(), "attributes": attributes(&of.attributes),
           "dropped": of.dropped_attributes_count})
}

fn span(of: &SpanData, resource: &Resource) -> Json {
    let kind = match of.span_kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    };
    let status = match &of.status {
        Status::Unset => json!({}),
        Status::Ok => json!({"code": 1}),
        Status::Error { description } => json!({"code": 2, "message": description}),
    };
    let parent = (of.parent_span_id != SpanId::INVALID).then(|| of.parent_span_id.to_string());
    let remote = if of.parent_span_is_remote { 0x300 } else { 0x100 };
    let facts = json!({
        "signal": "span", "trace_id": of.span_context.trace_id().to_string(),
        "span_id": of.span_context.span_id().to_string(), "parent": parent,
        "state": of.span_context.trace_state().header(), "name": of.name, "kind": kind,
        "start": nanoseconds(of.start_time), "end": nanoseconds(of.end_time),
        "flags": u32::from(of.span_context.trace_flags().to_u8()) | remote,
        "attributes": attributes(&of.attributes),
        "dropped": {"attributes": of.dropped_attributes_count, "events": of.events.dropped_count,
                    "links": of.links.dropped_count},
        "events": of.events.iter().map(event).collect::<Vec<_>>(),
        "links": of.links.iter().map(link).collect::<Vec<_>>(), "status": status,
    });
    within(resource, &of.instrumentation_scope, None, facts)
}

pub fn spans(batch: &[SpanData], resource: &Resource) -> Vec<Json> {
    batch.iter().map(|item| span(item, resource)).collect()
}

fn log(of: &SdkLogRecord, scope: &InstrumentationScope, resource: &Resource) -> Json {
    let context = of.trace_context();
    let facts = json!({
        "signal": "log", "time": of.timestamp().map(nanoseconds), "observed": of.observed_timestamp().map(nanoseconds),
        "severity": of.severity_number().map(|number| number as i32), "text": of.severity_text(),
        "event": of.event_name(), "body": of.body().map_or(json!({}), any_value),
        "attributes": map(of.attributes_iter().map(|(key, item)| (key, any_value(item)))),
        "trace_id": context.map(|found| found.trace_id.to_string()),
        "span_id": context.map(|found| found.span_id.to_string()),
        "flags": context.and_then(|found| found.trace_flags).map(|flags| flags.to_u8()),
    });
    within(resource, scope, of.target().map(AsRef::as_ref), facts)
}

pub fn logs(batch: &LogBatch<'_>, resource: &Resource) -> Vec<Json> {
    batch.iter().map(|(record, scope)| log(record, scope, resource)).collect()
}
