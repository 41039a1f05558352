import protobuf from 'protobufjs';

/**
 * The part of OTLP that Kedge reads, as a schema for protobufjs: test traffic is written with it, and the wire reader
 * is compared with it. Field numbers are those of opentelemetry-proto's stable messages; what is not named here
 * (events, links, kind, flags, severity) is an unknown field to both.
 */
export const otlpSchema = `
syntax = "proto3";
message TracesRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message LogsRequest { repeated ResourceLogs resource_logs = 1; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scope { string name = 1; string version = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
  int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; Status status = 15;
}
message Status { string message = 2; int32 code = 3; }
message LogRecord {
  fixed64 time_unix_nano = 1; AnyValue body = 5; repeated KeyValue attributes = 6;
  bytes trace_id = 9; bytes span_id = 10; fixed64 observed_time_unix_nano = 11; string event_name = 12;
}
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
`;

const { root } = protobuf.parse(otlpSchema, { keepCase: false });
const TracesRequest = root.lookupType('TracesRequest');
const LogsRequest = root.lookupType('LogsRequest');

export type OtlpValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: number | string }
  | { readonly doubleValue: number | string | null }
  | { readonly arrayValue: { readonly values: readonly OtlpValue[] } }
  | { readonly kvlistValue: { readonly values: readonly OtlpAttribute[] } }
  | { readonly bytesValue: string }
  | Readonly<Record<string, never>>;

export interface OtlpAttribute {
  readonly key: string;
  readonly value?: OtlpValue;
}

/** Ids are hex, times nanoseconds as decimal text: OTLP/JSON. */
export interface OtlpSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

export interface OtlpLogRecord {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly body?: OtlpValue;
  readonly attributes?: readonly OtlpAttribute[];
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
}

export interface OtlpResource {
  readonly attributes: readonly OtlpAttribute[];
}

export interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource?: OtlpResource;
    readonly scopeSpans: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
}

export interface OtlpLogs {
  readonly resourceLogs: readonly {
    readonly resource?: OtlpResource;
    readonly scopeLogs: readonly {
      readonly scope?: { readonly name?: string };
      readonly logRecords: readonly OtlpLogRecord[];
    }[];
  }[];
}

/** An OTLP/JSON request as protobuf. */
export function encodeTraces(request: OtlpTraces): Uint8Array {
  return encode(TracesRequest, request);
}

/** An OTLP/JSON request as protobuf. */
export function encodeLogs(request: OtlpLogs): Uint8Array {
  return encode(LogsRequest, request);
}

export function encodeJson(request: OtlpTraces | OtlpLogs): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(request));
}

/** A plain value as an AnyValue: whole numbers as ints, as JavaScript's SDK sends them; `null` as an empty one. */
export function otlpValue(value: unknown): OtlpValue {
  if (value === null || value === undefined) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return { intValue: value };
    return { doubleValue: Number.isFinite(value) ? value : String(value) };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(otlpValue) } };
  return { kvlistValue: { values: otlpAttributes(value as Readonly<Record<string, unknown>>) } };
}

/** A plain object as attributes. */
export function otlpAttributes(values: Readonly<Record<string, unknown>>): OtlpAttribute[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: otlpValue(value) }));
}

/** One resource, one scope. */
export function tracesOf(
  spans: readonly OtlpSpan[],
  resource: Readonly<Record<string, unknown>> = {},
  scope = 'test',
): OtlpTraces {
  return {
    resourceSpans: [
      { resource: { attributes: otlpAttributes(resource) }, scopeSpans: [{ scope: { name: scope }, spans }] },
    ],
  };
}

/** One resource, one scope. */
export function logsOf(
  logRecords: readonly OtlpLogRecord[],
  resource: Readonly<Record<string, unknown>> = {},
  scope = 'test',
): OtlpLogs {
  return {
    resourceLogs: [
      {
        resource: { attributes: otlpAttributes(resource) },
        scopeLogs: [{ scope: { name: scope }, logRecords }],
      },
    ],
  };
}

const idKeys = new Set(['traceId', 'spanId', 'parentSpanId']);

function encode(type: protobuf.Type, request: object): Uint8Array {
  const plain: unknown = JSON.parse(JSON.stringify(request), (key, value: unknown) => {
    if (idKeys.has(key) && typeof value === 'string') return [...Buffer.from(value, 'hex')];
    if (key === 'doubleValue') return value === null ? Number.NaN : Number(value);
    return value;
  });
  return type.encode(type.fromObject(plain as Record<string, unknown>)).finish();
}
