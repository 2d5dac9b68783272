import com.google.gson.Gson;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.LoggerProvider;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.metrics.MeterProvider;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.logs.LogLimits;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.SdkMeterProviderBuilder;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Sends with the Java SDK and writes down what it sent: ../README.md. */
final class Client {
  private static final String TEXT = "größer ☃ \uD834\uDD1E \"quoted\" \\ \n\t\u0001";
  private static final String SCHEMA = "https://opentelemetry.io/schemas/1.21.0";
  private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("route");
  private static final Attributes VALUES = Attributes.builder()
      .put("text", TEXT).put("empty", "").put("long", "x".repeat(5000)).put("whole", -42)
      .put("largest", Long.MAX_VALUE).put("smallest", Long.MIN_VALUE).put("zero", 0).put("real", 0.1)
      .put("round", 3.0).put("tiny", Double.MIN_VALUE).put("huge", Double.MAX_VALUE).put("yes", true).put("no", false)
      .put("texts", "a", "ü", "").put("wholes", 1, -2, Long.MAX_VALUE).put("reals", 0.5, 1e-7)
      .put("truths", true, false).put(AttributeKey.valueKey("bytes"), Value.of(new byte[] {0, -1}))
      .put(AttributeKey.valueKey("map"), Value.of(Map.of("b", Value.of(1), "a", Value.of(TEXT))))
      .put(AttributeKey.valueKey("nothing"), Value.empty()).build();

  private Client() {}

  private static Attributes numbered(int count) {
    AttributesBuilder result = Attributes.builder();
    for (int number = 0; number < count; ++number) result.put("key " + number, number);
    return result.build();
  }

  private static SpanContext remoteContext() {
    return SpanContext.createFromRemoteParent("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174",
        TraceFlags.getSampled(), TraceState.builder().put("other", "1").put("vendor", "some").build());
  }

  /** The root's context, for logs and exemplars to point to. */
  private static Context sendSpans(TracerProvider provider) {
    Tracer tracer = provider.tracerBuilder("scope größe").setInstrumentationVersion("1.2").setSchemaUrl(SCHEMA).build();
    Tracer plain = provider.get("plain");
    SpanContext remote = remoteContext();
    Span root = tracer.spanBuilder("GET /größe/{id}").setSpanKind(SpanKind.SERVER).setAllAttributes(VALUES)
        .setParent(Context.root().with(Span.wrap(remote))).startSpan();
    Context within = Context.root().with(root);
    for (SpanKind kind : SpanKind.values()) {
      Span span = tracer.spanBuilder("kind " + kind).setSpanKind(kind).setParent(within)
          .addLink(root.getSpanContext(), Attributes.builder().put("why", "test").put("number", 7).build())
          .addLink(remote, numbered(6)).addLink(remote).startSpan();
      span.addEvent("happened", Attributes.builder().put("text", TEXT).put("list", 1.5).build());
      span.addEvent("bare", Instant.ofEpochSecond(1544712660, 300000500));
      span.end();
    }
    Span fails = tracer.spanBuilder("fails").setParent(within).startSpan();
    fails.setStatus(StatusCode.ERROR, "broken ☠\nin two");
    fails.recordException(new IllegalStateException("no"));
    fails.end();
    Span fine = plain.spanBuilder("fine").setParent(within).startSpan();
    fine.setStatus(StatusCode.OK);
    fine.end();
    sendTooMuch(tracer, within, remote);
    for (int number = 0; number < 100; ++number)
      plain.spanBuilder("step " + number).setParent(within).setAttribute("number", number).startSpan().end();
    root.end();
    return within;
  }

  private static void sendTooMuch(Tracer tracer, Context within, SpanContext remote) {
    SpanBuilder builder = tracer.spanBuilder("too much").setParent(within).setAllAttributes(numbered(40));
    for (int number = 0; number < 12; ++number) builder.addLink(remote);
    Span much = builder.startSpan();
    for (int number = 0; number < 20; ++number) much.addEvent("event " + number, numbered(12));
    much.end();
  }

  private static void sendMetrics(MeterProvider provider, Context within) {
    Meter meter = provider.meterBuilder("meter").setInstrumentationVersion("2.0").setSchemaUrl(SCHEMA).build();
    LongCounter requests = meter.counterBuilder("requests").setUnit("1").setDescription("how many ☃").build();
    LongCounter narrowed = meter.counterBuilder("narrowed").build();
    for (int number = 0; number < 10; ++number) {
      Attributes attributes = Attributes.of(ROUTE, "/größe/" + number % 3, AttributeKey.longKey("code"),
          200L + number % 2);
      requests.add(number, attributes, within);
      narrowed.add(number, attributes, within);
    }
    meter.counterBuilder("bytes").ofDoubles().setUnit("By").build().add(0.25, VALUES);
    meter.upDownCounterBuilder("open").build().add(-5);
    meter.gaugeBuilder("temperature").setUnit("Cel").build().set(-12.75);
    meter.gaugeBuilder("observed").ofLongs().buildWithCallback(observer -> observer.record(7));
    for (String name : List.of("duration", "exponential")) {
      DoubleHistogram histogram = meter.histogramBuilder(name).setUnit("s").setDescription("how long").build();
      for (double value : new double[] {0.001, 0.2, 7.5, 7.5, 99999, 0})
        histogram.record(value, Attributes.of(ROUTE, "/a"), within);
    }
    meter.histogramBuilder("sizes").ofLongs().setExplicitBucketBoundariesAdvice(List.of(10L, 1000L)).build().record(77);
  }

  /** Exponential buckets for one of them; one keeps an attribute, so that the other stands in its exemplars. */
  private static SdkMeterProviderBuilder withViews(SdkMeterProviderBuilder provider) {
    return provider
        .registerView(InstrumentSelector.builder().setName("exponential").build(),
            View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram()).build())
        .registerView(InstrumentSelector.builder().setName("narrowed").build(),
            View.builder().setAttributeFilter(Set.of("route")).build());
  }

  private static void sendLogs(LoggerProvider provider, Context within) {
    Logger logger = provider.loggerBuilder("logger").setInstrumentationVersion("3.0").setSchemaUrl(SCHEMA).build();
    List<Value<?>> bodies = List.of(Value.of(TEXT), Value.of(""), Value.of(42), Value.of(2.5), Value.of(true),
        Value.of(new byte[] {0, -1}), Value.of(Value.of("a"), Value.of(1), Value.of(Value.of(true))),
        Value.of(Map.of("a", Value.of(1), "b", Value.of(Map.of("c", Value.of(Value.of(TEXT)))))), Value.empty());
    for (int number = 0; number < bodies.size(); ++number) {
      logger.logRecordBuilder().setTimestamp(Instant.now())
          .setObservedTimestamp(Instant.now().plusNanos(5)).setSeverity(Severity.values()[number + 1])
          .setSeverityText("level " + number).setEventName("event " + number).setBody(bodies.get(number))
          .setAllAttributes(VALUES).setContext(number % 2 == 1 ? within : Context.root()).emit();
    }
    logger.logRecordBuilder().setAllAttributes(numbered(40)).emit();
    logger.logRecordBuilder().emit();
  }

  /** The settings that users have for it. */
  private static Map<String, String> settings(String[] arguments) {
    Map<String, String> result = new HashMap<>(Map.of(
        "otel.exporter.otlp.protocol", arguments[0], "otel.exporter.otlp.endpoint", arguments[1],
        "otel.exporter.otlp.compression", arguments[2], "otel.metric.export.interval", "3600000"));
    List<String> names = List.of("certificate", "client.certificate", "client.key");
    for (int index = 5; index < arguments.length; ++index)
      result.put("otel.exporter.otlp." + names.get(index - 5), arguments[index]);
    return result;
  }

  private static OpenTelemetrySdk sdk(String[] arguments, Sent sent) {
    Resource resource = Resource.create(Attributes.builder().put("service.name", "client")
        .put("test.run", arguments[4]).put("replica", 3).put("ratio", 0.5).put("list", "a", "b").build(), SCHEMA);
    SpanLimits limits = SpanLimits.builder().setMaxNumberOfAttributes(32).setMaxNumberOfEvents(16)
        .setMaxNumberOfLinks(8).setMaxNumberOfAttributesPerEvent(8).setMaxNumberOfAttributesPerLink(4).build();
    LogLimits logLimits = LogLimits.builder().setMaxNumberOfAttributes(32).build();
    return AutoConfiguredOpenTelemetrySdk.builder().disableShutdownHook()
        .addPropertiesSupplier(() -> settings(arguments))
        .addResourceCustomizer((found, config) -> resource)
        .addSpanExporterCustomizer((made, config) -> sent.recording(SpanExporter.class, made, Facts::span))
        .addMetricExporterCustomizer((made, config) -> sent.recording(MetricExporter.class, made, MetricFacts::metric))
        .addLogRecordExporterCustomizer((made, config) -> sent.recording(LogRecordExporter.class, made, Facts::log))
        .addTracerProviderCustomizer((provider, config) -> provider.setSpanLimits(limits))
        .addMeterProviderCustomizer((provider, config) -> withViews(provider))
        .addLoggerProviderCustomizer((provider, config) -> provider.setLogLimits(() -> logLimits))
        .build().getOpenTelemetrySdk();
  }

  public static void main(String[] arguments) throws IOException {
    Sent sent = new Sent();
    OpenTelemetrySdk sdk = sdk(arguments, sent);
    Context within = sendSpans(sdk.getTracerProvider());
    sendMetrics(sdk.getMeterProvider(), within);
    sendLogs(sdk.getLogsBridge(), within);
    boolean ended = sdk.shutdown().join(30, TimeUnit.SECONDS).isSuccess();
    Gson gson = new Gson();
    Files.write(Path.of(arguments[3]), sent.facts().stream().map(gson::toJson).toList());
    System.exit(ended && sent.failures() == 0 ? 0 : 1);
  }
}
