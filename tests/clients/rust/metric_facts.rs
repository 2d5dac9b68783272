//! Metrics that the SDK hands to its exporter, as facts: ../README.md.

use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Exemplar, ExponentialBucket, ExponentialHistogram, Gauge, Histogram, MetricData,
    ResourceMetrics, Sum,
};
use serde_json::{Value as Json, json};

use crate::facts::{attributes, hexadecimal, nanoseconds, whole, within};

/// The SDK's types of numbers; histograms are sent as floating-point numbers whatever was measured.
trait Number: Copy {
    fn value(self) -> Json;
    fn real(self) -> f64;
}

impl Number for f64 {
    fn value(self) -> Json {
        json!({"double": self})
    }
    fn real(self) -> f64 {
        self
    }
}

impl Number for u64 {
    fn value(self) -> Json {
        whole(self)
    }
    fn real(self) -> f64 {
        self as f64
    }
}

impl Number for i64 {
    fn value(self) -> Json {
        whole(self)
    }
    fn real(self) -> f64 {
        self as f64
    }
}

fn exemplars<'a, T: Number + 'a>(of: impl Iterator<Item = &'a Exemplar<T>>) -> Vec<Json> {
    of.map(|exemplar| {
        json!({"value": exemplar.value.value(), "time": nanoseconds(exemplar.time()),
               "trace_id": hexadecimal(exemplar.trace_id()), "span_id": hexadecimal(exemplar.span_id()),
               "attributes": attributes(exemplar.filtered_attributes())})
    })
    .collect()
}

fn texts(counts: impl Iterator<Item = u64>) -> Vec<String> {
    counts.map(|count| count.to_string()).collect()
}

fn temporality(of: Temporality) -> i32 {
    if of == Temporality::Delta { 1 } else { 2 }
}

fn gauge<T: Number>(of: &Gauge<T>) -> Json {
    let points = of.data_points().map(|point| {
        json!({"attributes": attributes(point.attributes()), "start": of.start_time().map(nanoseconds),
               "time": nanoseconds(of.time()), "value": point.value().value(),
               "exemplars": exemplars(point.exemplars())})
    });
    json!({"kind": "gauge", "points": points.collect::<Vec<_>>()})
}

fn sum<T: Number>(of: &Sum<T>) -> Json {
    let points = of.data_points().map(|point| {
        json!({"attributes": attributes(point.attributes()), "start": nanoseconds(of.start_time()),
               "time": nanoseconds(of.time()), "value": point.value().value(),
               "exemplars": exemplars(point.exemplars())})
    });
    json!({"kind": "sum", "temporality": temporality(of.temporality()), "monotonic": of.is_monotonic(),
           "points": points.collect::<Vec<_>>()})
}

fn histogram<T: Number>(of: &Histogram<T>) -> Json {
    let points = of.data_points().map(|point| {
        json!({"attributes": attributes(point.attributes()), "start": nanoseconds(of.start_time()),
               "time": nanoseconds(of.time()), "count": point.count().to_string(), "sum": point.sum().real(),
               "min": point.min().map(Number::real), "max": point.max().map(Number::real),
               "buckets": texts(point.bucket_counts()), "bounds": point.bounds().collect::<Vec<_>>(),
               "exemplars": exemplars(point.exemplars())})
    });
    json!({"kind": "histogram", "temporality": temporality(of.temporality()), "points": points.collect::<Vec<_>>()})
}

fn buckets(of: &ExponentialBucket) -> Json {
    json!({"offset": of.offset(), "buckets": texts(of.counts())})
}

fn exponential<T: Number>(of: &ExponentialHistogram<T>) -> Json {
    let points = of.data_points().map(|point| {
        json!({"attributes": attributes(point.attributes()), "start": nanoseconds(of.start_time()),
               "time": nanoseconds(of.time()), "count": point.count().to_string(), "sum": point.sum().real(),
               "min": point.min().map(Number::real), "max": point.max().map(Number::real), "scale": point.scale(),
               "zero_count": point.zero_count().to_string(), "zero_threshold": point.zero_threshold(),
               "positive": buckets(point.positive_bucket()), "negative": buckets(point.negative_bucket()),
               "exemplars": exemplars(point.exemplars())})
    });
    json!({"kind": "exponential", "temporality": temporality(of.temporality()), "points": points.collect::<Vec<_>>()})
}

fn data<T: Number>(of: &MetricData<T>) -> Json {
    match of {
        MetricData::Gauge(found) => gauge(found),
        MetricData::Sum(found) => sum(found),
        MetricData::Histogram(found) => histogram(found),
        MetricData::ExponentialHistogram(found) => exponential(found),
    }
}

pub fn metrics(batch: &ResourceMetrics) -> Vec<Json> {
    let mut result = Vec::new();
    for scope in batch.scope_metrics() {
        for metric in scope.metrics() {
            let mut facts = match metric.data() {
                AggregatedMetrics::F64(found) => data(found),
                AggregatedMetrics::U64(found) => data(found),
                AggregatedMetrics::I64(found) => data(found),
            };
            facts["signal"] = json!("metric");
            facts["name"] = json!(metric.name());
            facts["description"] = json!(metric.description());
            facts["unit"] = json!(metric.unit());
            result.push(within(batch.resource(), scope.scope(), None, facts));
        }
    }
    result
}
