import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What the SDK hands to its exporters, as facts: ../README.md. */
final class Facts {
  private Facts() {}

  /** Keys and values in turn. */
  static Map<String, Object> facts(Object... pairs) {
    Map<String, Object> result = new LinkedHashMap<>();
    for (int index = 0; index < pairs.length; index += 2) result.put((String) pairs[index], pairs[index + 1]);
    return result;
  }

  static Map<String, Object> joined(Map<String, Object> of, Map<String, Object> more) {
    of.putAll(more);
    return of;
  }

  static <T, R> List<R> list(Collection<? extends T> items, Function<T, R> factsOf) {
    List<R> result = new ArrayList<>();
    for (T item : items) result.add(factsOf.apply(item));
    return result;
  }

  static Map<String, Object> whole(long number) {
    return facts("int", Long.toString(number));
  }

  static Map<String, Object> real(double number) {
    return facts("double", number);
  }

  private static Map<String, Object> value(Value<?> of) {
    if (of == null) return facts();
    return switch (of.getType()) {
      case STRING -> facts("string", of.getValue());
      case BOOLEAN -> facts("bool", of.getValue());
      case LONG -> whole((Long) of.getValue());
      case DOUBLE -> real((Double) of.getValue());
      case BYTES -> facts("bytes", hexadecimal((ByteBuffer) of.getValue()));
      case ARRAY -> facts("array", list((List<?>) of.getValue(), item -> value((Value<?>) item)));
      case KEY_VALUE_LIST -> facts("map", map((List<?>) of.getValue()));
      case EMPTY -> facts();
    };
  }

  private static String hexadecimal(ByteBuffer of) {
    byte[] bytes = new byte[of.remaining()];
    of.duplicate().get(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static Map<String, Object> map(List<?> pairs) {
    Map<String, Object> result = new LinkedHashMap<>();
    for (Object item : pairs) {
      KeyValue pair = (KeyValue) item;
      result.put(pair.getKey(), value(pair.getValue()));
    }
    return result;
  }

  private static Map<String, Object> attribute(AttributeKey<?> key, Object of) {
    return switch (key.getType()) {
      case STRING -> facts("string", of);
      case BOOLEAN -> facts("bool", of);
      case LONG -> whole((Long) of);
      case DOUBLE -> real((Double) of);
      case STRING_ARRAY -> facts("array", list((List<?>) of, item -> facts("string", item)));
      case BOOLEAN_ARRAY -> facts("array", list((List<?>) of, item -> facts("bool", item)));
      case LONG_ARRAY -> facts("array", list((List<?>) of, item -> whole((Long) item)));
      case DOUBLE_ARRAY -> facts("array", list((List<?>) of, item -> real((Double) item)));
      case VALUE -> value((Value<?>) of);
    };
  }

  static Map<String, Object> attributes(Attributes of) {
    Map<String, Object> result = new LinkedHashMap<>();
    of.forEach((key, item) -> result.put(key.getKey(), attribute(key, item)));
    return result;
  }

  static Map<String, Object> around(Resource resource, InstrumentationScopeInfo scope) {
    return facts(
        "resource", attributes(resource.getAttributes()), "resource_schema", resource.getSchemaUrl(),
        "scope", facts("name", scope.getName(), "version", scope.getVersion(), "schema", scope.getSchemaUrl(),
            "attributes", attributes(scope.getAttributes())));
  }

  /** Of no span: no ids. */
  static Map<String, Object> ids(SpanContext of) {
    return of.isValid() ? facts("trace_id", of.getTraceId(), "span_id", of.getSpanId()) : facts();
  }

  private static String state(TraceState of) {
    return of.asMap().entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue())
        .collect(Collectors.joining(","));
  }

  private static Map<String, Object> event(EventData of) {
    return facts("name", of.getName(), "time", Long.toString(of.getEpochNanos()),
        "attributes", attributes(of.getAttributes()), "dropped", of.getDroppedAttributesCount());
  }

  private static Map<String, Object> link(LinkData of) {
    return joined(ids(of.getSpanContext()), facts("state", state(of.getSpanContext().getTraceState()),
        "attributes", attributes(of.getAttributes()),
        "dropped", of.getTotalAttributeCount() - of.getAttributes().size()));
  }

  static Map<String, Object> span(SpanData of) {
    SpanContext context = of.getSpanContext();
    SpanContext parent = of.getParentSpanContext();
    // Kinds and codes stand in OTLP's order.
    return joined(joined(around(of.getResource(), of.getInstrumentationScopeInfo()), ids(context)), facts(
        "signal", "span", "parent", parent.isValid() ? parent.getSpanId() : "", "state", state(context.getTraceState()),
        "name", of.getName(), "kind", of.getKind().ordinal() + 1, "start", Long.toString(of.getStartEpochNanos()),
        "end", Long.toString(of.getEndEpochNanos()),
        "flags", Byte.toUnsignedInt(context.getTraceFlags().asByte()) | (parent.isRemote() ? 0x300 : 0x100),
        "attributes", attributes(of.getAttributes()),
        "dropped", facts("attributes", of.getTotalAttributeCount() - of.getAttributes().size(),
            "events", of.getTotalRecordedEvents() - of.getEvents().size(),
            "links", of.getTotalRecordedLinks() - of.getLinks().size()),
        "events", list(of.getEvents(), Facts::event), "links", list(of.getLinks(), Facts::link),
        "status", facts("code", of.getStatus().getStatusCode().ordinal(), "message", of.getStatus().getDescription())));
  }

  static Map<String, Object> log(LogRecordData of) {
    SpanContext context = of.getSpanContext();
    return joined(joined(around(of.getResource(), of.getInstrumentationScopeInfo()), ids(context)), facts(
        "signal", "log", "time", Long.toString(of.getTimestampEpochNanos()),
        "observed", Long.toString(of.getObservedTimestampEpochNanos()),
        "severity", of.getSeverity().getSeverityNumber(), "text", of.getSeverityText(), "event", of.getEventName(),
        "body", value(of.getBodyValue()), "attributes", attributes(of.getAttributes()),
        "dropped", of.getTotalAttributeCount() - of.getAttributes().size(),
        "flags", Byte.toUnsignedInt(context.getTraceFlags().asByte())));
  }
}
