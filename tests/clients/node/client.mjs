// Sends with the JavaScript SDK and writes down what it sent: ../README.md.
import {readFileSync, writeFileSync} from 'node:fs';
import {ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, ValueType, createTraceState, trace} from '@opentelemetry/api';
import {SeverityNumber} from '@opentelemetry/api-logs';
import {credentials} from '@grpc/grpc-js';
import {resourceFromAttributes} from '@opentelemetry/resources';
import {LoggerProvider, SimpleLogRecordProcessor} from '@opentelemetry/sdk-logs';
import {AggregationType, MeterProvider, PeriodicExportingMetricReader} from '@opentelemetry/sdk-metrics';
import {BasicTracerProvider, BatchSpanProcessor} from '@opentelemetry/sdk-trace-base';
import * as facts from './facts.mjs';

const [protocol, endpoint, compression, output, run, ...tls] = process.argv.slice(2);
const TEXT = 'größer ☃ 𝄞 "quoted" \\ \n\t\u0001';
const schemaUrl = 'https://opentelemetry.io/schemas/1.21.0';
const VALUES = {
  text: TEXT, empty: '', long: 'x'.repeat(5000), whole: -42, largest: Number.MAX_SAFE_INTEGER,
  smallest: Number.MIN_SAFE_INTEGER, zero: 0, real: 0.1, tiny: 5e-324, yes: true, no: false, texts: ['a', 'ü', ''],
  wholes: [1, -2, 2 ** 40], reals: [0.5, 1e-7], truths: [true, false],
};

// Writes down what is handed to an exporter, and whether it brought it home.
const sent = [];
let failures = 0;
function recording(exporter, factsOf) {
  const inner = exporter.export.bind(exporter);
  exporter.export = (batch, done) => {
    sent.push(...factsOf(batch));
    inner(batch, result => {
      if (result.code !== 0) {
        failures += 1;
        console.error(result.error);
      }
      done(result);
    });
  };
  return exporter;
}

const modules = {grpc: 'grpc', 'http/protobuf': 'proto', 'http/json': 'http'};
async function exporter(signal, name) {
  const module = await import(`@opentelemetry/exporter-${signal}-otlp-${modules[protocol]}`);
  const Exporter = (module.default ?? module)[name] ?? module[name];
  const [ca, cert, key] = tls.map(path => readFileSync(path));
  if (protocol === 'grpc')
    return new Exporter({url: endpoint, compression,
                         credentials: ca ? credentials.createSsl(ca, key, cert) : credentials.createInsecure()});
  const path = {trace: 'traces', metrics: 'metrics', logs: 'logs'}[signal];
  return new Exporter({url: `${endpoint}/v1/${path}`, compression, httpAgentOptions: {ca, cert, key}});
}

// The root's context, for logs to point to.
function sendSpans(provider) {
  const tracer = provider.getTracer('scope größe', '1.2', {schemaUrl});
  const plain = provider.getTracer('plain');
  const remote = {traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', isRemote: true,
                  traceFlags: TraceFlags.SAMPLED, traceState: createTraceState('vendor=some,other=1')};
  const root = tracer.startSpan('GET /größe/{id}', {kind: SpanKind.SERVER, attributes: VALUES},
                                trace.setSpanContext(ROOT_CONTEXT, remote));
  const within = trace.setSpan(ROOT_CONTEXT, root);
  for (const kind of [0, 1, 2, 3, 4]) {
    const links = [{context: root.spanContext(), attributes: {why: 'test', number: 7}}, {context: remote}];
    const span = tracer.startSpan(`kind ${SpanKind[kind]}`, {kind, links}, within);
    span.addEvent('happened', {at: kind, text: TEXT, list: [1.5]});
    span.addEvent('bare', [1544712660, 300000500]);
    span.end();
  }
  const fails = tracer.startSpan('fails', {}, within);
  fails.setStatus({code: SpanStatusCode.ERROR, message: 'broken ☠\nin two'});
  fails.recordException(new Error('no'));
  fails.end();
  const fine = plain.startSpan('fine', {}, within);
  fine.setStatus({code: SpanStatusCode.OK});
  fine.end();
  const much = tracer.startSpan('too much', {links: Array(12).fill({context: remote})}, within);
  for (let number = 0; number < 40; ++number) much.setAttribute(`key ${number}`, number);
  const many = Object.fromEntries(Array.from({length: 12}, (_, index) => [`key ${index}`, index]));
  for (let number = 0; number < 20; ++number) much.addEvent(`event ${number}`, many);
  much.end();
  for (let number = 0; number < 100; ++number)
    plain.startSpan(`step ${number}`, {attributes: {number}}, within).end();
  root.end();
  return within;
}

function sendMetrics(provider) {
  const meter = provider.getMeter('meter', '2.0', {schemaUrl});
  const counter = meter.createCounter('requests', {unit: '1', description: 'how many ☃', valueType: ValueType.INT});
  for (let number = 0; number < 10; ++number)
    counter.add(number, {route: `/größe/${number % 3}`, code: 200 + number % 2});
  meter.createCounter('bytes', {unit: 'By'}).add(0.25, VALUES);
  meter.createUpDownCounter('open', {valueType: ValueType.INT}).add(-5);
  meter.createGauge('temperature', {unit: 'Cel'}).record(-12.75, {room: 'a'});
  meter.createObservableGauge('observed', {valueType: ValueType.INT}).addCallback(result => result.observe(7));
  for (const name of ['duration', 'exponential']) {
    const histogram = meter.createHistogram(name, {unit: 's', description: 'how long'});
    for (const value of [0.001, 0.2, 7.5, 7.5, 99999, 0]) histogram.record(value, {route: '/a'});
  }
}

function sendLogs(provider, within) {
  const logger = provider.getLogger('logger', '3.0', {schemaUrl});
  const bodies = [TEXT, '', 42, 2.5, true, new Uint8Array([0, 255]), ['a', 1, [true]], {a: 1, b: {c: [TEXT]}}, null];
  bodies.forEach((body, number) => logger.emit({
    timestamp: Date.now(), observedTimestamp: Date.now() + 5, context: number % 2 ? within : undefined,
    severityNumber: SeverityNumber.TRACE + number, severityText: `level ${number}`, body,
    attributes: {...VALUES, map: {deep: {x: 1}}, bytes: new Uint8Array([1, 2])}, eventName: `event ${number}`}));
  logger.emit({});
}

const resource = resourceFromAttributes(
    {'service.name': 'client', 'test.run': run, replica: 3, ratio: 0.5, list: ['a', 'b']}, {schemaUrl});
const tracers = new BasicTracerProvider({
  resource,
  spanLimits: {attributeCountLimit: 32, eventCountLimit: 16, linkCountLimit: 8, attributePerEventCountLimit: 8},
  spanProcessors: [new BatchSpanProcessor(recording(await exporter('trace', 'OTLPTraceExporter'), facts.spans))]});
const meters = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader(
      {exporter: recording(await exporter('metrics', 'OTLPMetricExporter'), facts.metrics),
       exportIntervalMillis: 3600000})],
  views: [{instrumentName: 'exponential', aggregation: {type: AggregationType.EXPONENTIAL_HISTOGRAM}}]});
const loggers = new LoggerProvider({
  resource,
  processors: [new SimpleLogRecordProcessor(
      {exporter: recording(await exporter('logs', 'OTLPLogExporter'), facts.logs)})]});
const within = sendSpans(tracers);
sendMetrics(meters);
sendLogs(loggers, within);
for (const provider of [tracers, meters, loggers]) await provider.shutdown();
writeFileSync(output, sent.map(item => JSON.stringify(item) + '\n').join(''));
process.exit(failures ? 1 : 0);
