import type { RawEvent } from './event.js';
import { type Reject, rejects } from './reject.js';

type Fields = Readonly<Record<string, unknown>>;

/** One JSON object a line, as gateways write them. Unknown fields are ignored; of several names the first one that says something counts. */
export function readNdjson(line: string): RawEvent | Reject {
  const fields = jsonObject(line);
  if (fields === null) return rejects.bad_json;
  return {
    time: fields.ts ?? fields.timestamp ?? fields.time ?? fields['@timestamp'],
    key: fields.key ?? fields.key_id ?? fields.api_key_id ?? fields.subkey,
    keyVersion: fields.key_version,
    method: fields.method,
    endpoint: fields.endpoint ?? fields.path,
    object: fields.object,
    feature: fields.feature,
    status: fields.status ?? fields.response_status,
    ip: fields.ip ?? fields.ip_address,
    userAgent: fields.user_agent,
    bytes: fields.bytes,
    latencyMs: fields.latency_ms,
    tokens: fields.tokens,
    costUsd: fields.cost_usd,
    model: fields.model,
    requestId: fields.request_id,
  };
}

/** The object that a text is, or null. */
export function jsonObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}
