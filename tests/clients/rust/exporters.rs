//! The SDK's exporters, and what is handed to them.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig, Identity};
use opentelemetry_otlp::{
    Compression, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::LogBatch;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::{Temporality, exporter::PushMetricExporter};
use opentelemetry_sdk::trace::SpanData;
use serde_json::Value as Json;

use crate::{facts, metric_facts};

pub struct Exporters {
    pub spans: SpanExporter,
    pub metrics: MetricExporter,
    pub logs: LogExporter,
}

/// How to reach the receiver; `files` is CA, and perhaps CERT and KEY.
pub struct Way<'a> {
    pub endpoint: &'a str,
    pub compression: Option<Compression>,
    pub files: &'a [String],
}

fn contents(path: &str) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Inside a runtime of tokio, which has to live as long as they do.
pub fn over_grpc(way: &Way) -> Exporters {
    fn with<B: WithExportConfig + WithTonicConfig>(builder: B, way: &Way) -> B {
        let mut builder = builder.with_endpoint(way.endpoint);
        if let Some(compression) = way.compression {
            builder = builder.with_compression(compression);
        }
        if let [ca, own @ ..] = way.files {
            let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(contents(ca)));
            if let [cert, key] = own {
                tls = tls.identity(Identity::from_pem(contents(cert), contents(key)));
            }
            builder = builder.with_tls_config(tls);
        }
        builder
    }
    Exporters {
        spans: with(SpanExporter::builder().with_tonic(), way).build().expect("an exporter of spans"),
        metrics: with(MetricExporter::builder().with_tonic(), way).build().expect("an exporter of metrics"),
        logs: with(LogExporter::builder().with_tonic(), way).build().expect("an exporter of logs"),
    }
}

fn http_client(files: &[String]) -> reqwest::Result<reqwest::blocking::Client> {
    let mut builder = reqwest::blocking::Client::builder();
    if let [ca, own @ ..] = files {
        builder = builder.tls_certs_only([reqwest::Certificate::from_pem(&contents(ca))?]);
        if let [cert, key] = own {
            builder = builder.identity(reqwest::Identity::from_pem(&[contents(cert), contents(key)].concat())?);
        }
    }
    builder.build()
}

pub fn over_http(protocol: Protocol, way: &Way) -> Exporters {
    let client = http_client(way.files).expect("a client of HTTP");
    fn with<B: WithExportConfig + WithHttpConfig>(
        builder: B,
        path: &str,
        protocol: Protocol,
        way: &Way,
        client: &reqwest::blocking::Client,
    ) -> B {
        let builder = builder
            .with_endpoint(format!("{}{path}", way.endpoint))
            .with_protocol(protocol)
            .with_http_client(client.clone());
        match way.compression {
            Some(compression) => builder.with_compression(compression),
            None => builder,
        }
    }
    Exporters {
        spans: with(SpanExporter::builder().with_http(), "/v1/traces", protocol, way, &client)
            .build()
            .expect("an exporter of spans"),
        metrics: with(MetricExporter::builder().with_http(), "/v1/metrics", protocol, way, &client)
            .build()
            .expect("an exporter of metrics"),
        logs: with(LogExporter::builder().with_http(), "/v1/logs", protocol, way, &client)
            .build()
            .expect("an exporter of logs"),
    }
}

/// What was handed to exporters, and how often they failed to bring it home.
#[derive(Debug, Default)]
pub struct Sent {
    pub facts: Vec<Json>,
    pub failures: usize,
}

/// Writes down what is handed to the exporter in it.
#[derive(Debug)]
pub struct Recording<E> {
    inner: E,
    resource: Resource,
    sent: Arc<Mutex<Sent>>,
}

impl<E> Recording<E> {
    pub fn new(inner: E, sent: &Arc<Mutex<Sent>>) -> Self {
        Self { inner, resource: Resource::builder_empty().build(), sent: sent.clone() }
    }

    fn note(&self, facts: Vec<Json>, outcome: OTelSdkResult) -> OTelSdkResult {
        let mut sent = self.sent.lock().unwrap();
        sent.facts.extend(facts);
        if let Err(error) = &outcome {
            eprintln!("{error}");
            sent.failures += 1;
        }
        outcome
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Recording<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let facts = facts::spans(&batch, &self.resource);
        self.note(facts, self.inner.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.clone();
        self.inner.set_resource(resource);
    }
}

impl opentelemetry_sdk::logs::LogExporter for Recording<LogExporter> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let facts = facts::logs(&batch, &self.resource);
        self.note(facts, self.inner.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.clone();
        self.inner.set_resource(resource);
    }
}

impl PushMetricExporter for Recording<MetricExporter> {
    async fn export(&self, batch: &ResourceMetrics) -> OTelSdkResult {
        let facts = metric_facts::metrics(batch);
        self.note(facts, self.inner.export(batch).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
