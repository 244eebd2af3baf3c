import type { RawEvent } from './event.js';
import { jsonObject } from './ndjson.js';
import { type Reject, rejects } from './reject.js';

type Fields = Readonly<Record<string, unknown>>;

/** Error codes that mean "not allowed": AccessDenied, Client.UnauthorizedOperation, InvalidClientTokenId, AuthFailure … */
const refused = /denied|unauthori[sz]ed|forbidden|not ?authori[sz]ed|authfailure|token|signature|accesskey/i;

/**
 * One record of AWS CloudTrail (userguide: "CloudTrail record contents"). The key is the access key; where there is
 * none, who used it: the console login, the assumed role, the service. The endpoint is `/service/Action`. CloudTrail
 * tells no HTTP status: no error is 200, a refusal 403, any other error 400; and no method, so there is none.
 */
export function readCloudTrail(record: string): RawEvent | Reject {
  const fields = jsonObject(record);
  if (fields === null) return rejects.bad_json;
  const identity = objectOf(fields.userIdentity);
  return {
    time: fields.eventTime,
    key: identity.accessKeyId ?? identity.arn ?? identity.principalId ?? identity.invokedBy,
    endpoint: endpointOf(fields),
    object: resourceOf(fields),
    status: statusOf(fields),
    ip: fields.sourceIPAddress,
    userAgent: fields.userAgent,
    bytes: objectOf(fields.additionalEventData).bytesTransferredOut,
    requestId: fields.requestID ?? fields.eventID,
  };
}

function endpointOf(fields: Fields): string | null {
  const { eventSource: source, eventName: name } = fields;
  if (typeof source !== 'string' || typeof name !== 'string') return null;
  return `/${source.split('.')[0]}/${name}`;
}

/** What it was done to: the object in S3, or the first resource that is named. */
function resourceOf(fields: Fields): unknown {
  const { bucketName, key } = objectOf(fields.requestParameters);
  if (typeof bucketName === 'string') return typeof key === 'string' ? `${bucketName}/${key}` : bucketName;
  const [first] = Array.isArray(fields.resources) ? fields.resources : [];
  return objectOf(first).ARN;
}

function statusOf(fields: Fields): number {
  const { errorCode: code } = fields;
  if (typeof code === 'string' && code !== '') return refused.test(code) ? 403 : 400;
  return objectOf(fields.responseElements).ConsoleLogin === 'Failure' ? 401 : 200;
}

function objectOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
