import { describe, expect, it } from 'vitest';
import { readCloudTrail } from '../../../src/domain/ingest/cloudtrail.js';
import { combinedReader } from '../../../src/domain/ingest/combined.js';
import { formatOf } from '../../../src/domain/ingest/formats.js';
import { parseKeyField } from '../../../src/domain/ingest/key-field.js';
import { readNdjson } from '../../../src/domain/ingest/ndjson.js';
import { usageErrorOf } from '../usage-errors.js';

const agent = 'Mozilla/5.0 (X11; \\"quoted\\" \\\\)';
const line = (request: string, rest = '200 512 "-" "curl/8.5.0"') =>
  `203.0.113.7 - alice [20/Aug/2026:03:12:09 +0200] "${request}" ${rest}`;
const combined = (keyField = 'user') => combinedReader(parseKeyField(keyField));

describe('an NDJSON line', () => {
  it.each([
    ['ts', 'key'],
    ['timestamp', 'api_key_id'],
    ['time', 'key_id'],
    ['@timestamp', 'subkey'],
  ])('says when in %s and which key in %s', (time, key) => {
    expect(readNdjson(JSON.stringify({ [time]: 'T', [key]: 'K' }))).toMatchObject({ time: 'T', key: 'K' });
  });

  it('takes the names of the view audit_events too, and leaves unknown fields alone', () => {
    const fields = { response_status: 200, ip_address: '203.0.113.7', authorization: 'x', __proto__: null };
    expect(readNdjson(JSON.stringify(fields))).toMatchObject({ status: 200, ip: '203.0.113.7' });
  });

  it.each(['', 'null', '[]', '"text"', '{"a":', '{}{}', '['.repeat(1_000_000)])('is none: %.20s', (text) => {
    expect(readNdjson(text)).toEqual({ cause: 'bad_json' });
  });
});

describe('a combined line', () => {
  it('is read field by field, the path without anything cut yet', () => {
    expect(combined()(line('GET /v1/runs?page=2 HTTP/1.1'))).toEqual({
      time: '2026-08-20T03:12:09+0200',
      key: 'alice',
      method: 'GET',
      endpoint: '/v1/runs?page=2',
      status: '200',
      bytes: '512',
      ip: '203.0.113.7',
      userAgent: 'curl/8.5.0',
    });
  });

  it.each([
    ['user', 'GET / HTTP/1.1', 'alice'],
    ['client', 'GET / HTTP/1.1', '203.0.113.7'],
    ['query:api_key', 'GET /x?a=1&api_key=ci%2Ddeploy+1&b=2 HTTP/1.1', 'ci-deploy 1'],
    ['query:api_key', 'GET /x?my_api_key=no HTTP/1.1', null],
    ['query:k', 'GET /x?k=%ZZ HTTP/1.1', '%ZZ'],
    ['quoted:1', 'GET / HTTP/1.1', null],
  ])('names its key by --key-field %s', (keyField, request, key) => {
    expect(combined(keyField)(line(request))).toMatchObject({ key });
  });

  it('counts the quoted fields behind the user agent, whatever stands unquoted between them', () => {
    const text = line('GET / HTTP/1.1', `200 512 "-" "${agent}" 0.004 "first" - "second" "-"`);
    expect(combined('quoted:1')(text)).toMatchObject({ key: 'first', userAgent: agent });
    expect(combined('quoted:2')(text)).toMatchObject({ key: 'second' });
    expect(combined('quoted:3')(text)).toMatchObject({ key: null });
  });

  it('may be in the common format, without referer and agent', () => {
    expect(combined()(line('POST /x HTTP/2', '201 -'))).toMatchObject({
      method: 'POST',
      status: '201',
      bytes: null,
      userAgent: null,
    });
  });

  it.each([
    ['-', null, null],
    ['\\x16\\x03\\x01', null, '\\x16\\x03\\x01'],
    ['GET /a b" c HTTP/1.1'.replace('"', '\\"'), 'GET', '/a b\\" c'],
    ['GET /old', 'GET', '/old'],
  ])('keeps a request that is none as the log has it: %s', (request, method, endpoint) => {
    expect(combined()(line(request))).toMatchObject({ method, endpoint });
  });

  it('lets user names hold blanks and brackets', () => {
    const text = line('GET / HTTP/1.1').replace('alice', 'a [b] [c "d"');
    expect(combined()(text)).toMatchObject({ key: 'a [b] [c "d"', time: '2026-08-20T03:12:09+0200' });
  });

  it.each([
    '',
    'no log line at all',
    '{"ts":"2026-08-20T03:12:09Z"}',
    line('GET / HTTP/1.1').slice(0, 60),
    line('GET / HTTP/1.1', 'abc 512'),
    line('GET /unclosed').slice(0, -40),
    ' [ '.repeat(300_000),
    `203.0.113.7 - a [20/Aug/2026:03:12:09 +0200] "${'\\'.repeat(1_000_000)}`,
  ])('is none: %.40s', (text) => {
    expect(combined()(text)).toEqual({ cause: 'bad_line' });
  });

  it.each(['', 'agent', 'query:', 'quoted:0', 'quoted:x', 'query'])('refuses --key-field "%s"', (text) => {
    usageErrorOf('--key-field', () => parseKeyField(text));
  });
});

describe('a CloudTrail record', () => {
  const record = {
    eventTime: '2026-08-20T03:12:09Z',
    eventSource: 'ec2.amazonaws.com',
    eventName: 'GetPasswordData',
    sourceIPAddress: 'AWS Internal',
    userAgent: 'aws-cli/2.0',
    requestID: 'r-1',
    eventID: 'e-1',
    userIdentity: { accessKeyId: 'AKIAEXAMPLE', arn: 'arn:aws:iam::000000000000:user/alice' },
  };
  const read = (changes: object = {}) => readCloudTrail(JSON.stringify({ ...record, ...changes }));

  it('becomes an event of its access key, at /service/Action', () => {
    expect(read()).toMatchObject({
      time: '2026-08-20T03:12:09Z',
      key: 'AKIAEXAMPLE',
      endpoint: '/ec2/GetPasswordData',
      status: 200,
      ip: 'AWS Internal',
      userAgent: 'aws-cli/2.0',
      requestId: 'r-1',
    });
  });

  it.each([
    [{ userIdentity: { arn: 'arn:x', principalId: 'P' } }, 'arn:x'],
    [{ userIdentity: { principalId: 'P' } }, 'P'],
    [{ userIdentity: { type: 'AWSService', invokedBy: 'ec2.amazonaws.com' } }, 'ec2.amazonaws.com'],
    [{ userIdentity: null }, undefined],
  ])('without an access key is of who used it: %j', (changes, key) => {
    expect(read(changes)).toMatchObject({ key });
  });

  it.each([
    ['AccessDenied', 403],
    ['Client.UnauthorizedOperation', 403],
    ['InvalidClientTokenId', 403],
    ['ThrottlingException', 400],
    ['', 200],
    [null, 200],
  ])('with the error %s has status %i', (errorCode, status) => {
    expect(read({ errorCode })).toMatchObject({ status });
  });

  it('of a login that failed has status 401', () => {
    expect(read({ eventName: 'ConsoleLogin', responseElements: { ConsoleLogin: 'Failure' } })).toMatchObject({
      status: 401,
    });
  });

  it.each([
    [{ requestParameters: { bucketName: 'b', key: 'k/1' } }, 'b/k/1'],
    [{ resources: [{ ARN: 'arn:y' }] }, 'arn:y'],
    [{ resources: 7, requestParameters: null }, undefined],
  ])('names what it was done to: %j', (changes, object) => {
    expect(read(changes)).toMatchObject({ object });
  });

  it('falls back on its own id where the request has none', () => {
    expect(read({ requestID: null })).toMatchObject({ requestId: 'e-1' });
  });
});

describe('the format of a log', () => {
  const cloudTrail = '{"eventSource": "ec2.amazonaws.com", "eventName": "X", "eventTime": "T", "key": "k"}';
  it.each([
    ['{"ts":"2026-08-20T03:12:09Z","key":"k"}\n', 'ndjson'],
    ['\ufeff{"timestamp":1,"api_key_id":"k"}', 'ndjson'],
    [line('GET / HTTP/1.1'), 'combined'],
    [cloudTrail, 'cloudtrail'],
    [`[\n  ${cloudTrail}`, 'cloudtrail'],
    [`{"Records":[${cloudTrail}`, 'cloudtrail'],
    ['{"level":"info","msg":"started"}\n', null],
    ['Aug 20 03:12:09 host sshd[1]: Accepted publickey', null],
    ['\x00\x01\x02', null],
  ])('is told where it is certain: %.30s', (head, format) => {
    expect(formatOf(Buffer.from(head))).toBe(format);
  });
});
