// What the SDK hands to its exporters, as facts: ../README.md.
import {ValueType} from '@opentelemetry/api';
import {DataPointType} from '@opentelemetry/sdk-metrics';

const time = ([seconds, nanoseconds]) => String(BigInt(seconds) * 1000000000n + BigInt(Math.trunc(nanoseconds)));

function value(of) {
  if (of === null || of === undefined) return {};
  if (typeof of === 'string') return {string: of};
  if (typeof of === 'boolean') return {bool: of};
  // JavaScript does not tell 3 from 3.0: the exporters send it as a whole number.
  if (typeof of === 'number') return Number.isInteger(of) ? {int: String(of)} : {double: of};
  if (of instanceof Uint8Array) return {bytes: Buffer.from(of).toString('hex')};
  if (Array.isArray(of)) return {array: of.map(value)};
  return {map: attributes(of)};
}

function attributes(of) {
  return Object.fromEntries(Object.entries(of ?? {}).map(([key, item]) => [key, value(item)]));
}

function around(resource, scope) {
  return {
    resource: attributes(resource.attributes), resource_schema: resource.schemaUrl,
    scope: {name: scope.name, version: scope.version, schema: scope.schemaUrl,
            attributes: attributes(scope.attributes)},
  };
}

export function spans(batch) {
  return batch.map(span => {
    const context = span.spanContext();
    return {
      signal: 'span', ...around(span.resource, span.instrumentationScope),
      trace_id: context.traceId, span_id: context.spanId, parent: span.parentSpanContext?.spanId,
      state: context.traceState?.serialize(), name: span.name, kind: span.kind + 1,
      start: time(span.startTime), end: time(span.endTime),
      flags: context.traceFlags + (span.parentSpanContext?.isRemote ? 0x300 : 0x100),
      attributes: attributes(span.attributes),
      dropped: {attributes: span.droppedAttributesCount, events: span.droppedEventsCount,
                links: span.droppedLinksCount},
      events: span.events.map(event => ({name: event.name, time: time(event.time),
                                         attributes: attributes(event.attributes),
                                         dropped: event.droppedAttributesCount})),
      links: span.links.map(link => ({trace_id: link.context.traceId, span_id: link.context.spanId,
                                      state: link.context.traceState?.serialize(),
                                      attributes: attributes(link.attributes),
                                      dropped: link.droppedAttributesCount})),
      status: {code: span.status.code, message: span.status.message},
    };
  });
}

export function logs(batch) {
  return batch.map(record => ({
    signal: 'log', ...around(record.resource, record.instrumentationScope),
    time: time(record.hrTime), observed: time(record.hrTimeObserved), severity: record.severityNumber,
    text: record.severityText, event: record.eventName, body: value(record.body),
    attributes: attributes(record.attributes), dropped: record.droppedAttributesCount,
    trace_id: record.spanContext?.traceId, span_id: record.spanContext?.spanId,
    flags: record.spanContext?.traceFlags,
  }));
}

const kinds = new Map([[DataPointType.GAUGE, 'gauge'], [DataPointType.SUM, 'sum'],
                       [DataPointType.HISTOGRAM, 'histogram'],
                       [DataPointType.EXPONENTIAL_HISTOGRAM, 'exponential']]);

function point(kind, type, of) {
  const facts = {attributes: attributes(of.attributes), start: time(of.startTime), time: time(of.endTime)};
  if (kind === 'gauge' || kind === 'sum')
    return {...facts, value: type === ValueType.INT ? {int: String(of.value)} : {double: of.value}};
  const {count, sum, min, max} = of.value;
  Object.assign(facts, {count: String(count), sum, min, max});
  if (kind === 'histogram')
    return {...facts, buckets: of.value.buckets.counts.map(String), bounds: of.value.buckets.boundaries};
  const buckets = ({offset, bucketCounts}) => ({offset, buckets: bucketCounts.map(String)});
  return {...facts, scale: of.value.scale, zero_count: String(of.value.zeroCount),
          positive: buckets(of.value.positive), negative: buckets(of.value.negative)};
}

export function metrics({resource, scopeMetrics}) {
  return scopeMetrics.flatMap(({scope, metrics}) => metrics.map(metric => {
    const kind = kinds.get(metric.dataPointType);
    const {name, description, unit, valueType} = metric.descriptor;
    return {
      signal: 'metric', ...around(resource, scope), name, description, unit, kind,
      // The SDK counts from 0: delta, cumulative.
      temporality: kind === 'gauge' ? 0 : metric.aggregationTemporality + 1,
      monotonic: metric.isMonotonic ?? false,
      points: metric.dataPoints.map(of => point(kind, valueType, of)),
    };
  }));
}
