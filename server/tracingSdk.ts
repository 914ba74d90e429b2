/**
 * Parts of OpenTelemetry that send traces, in a file of their own: it is loaded only where traces are on.
 * A bundler keeps the names of a package that is imported here, and not of one that is loaded late.
 */
export { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
export { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
