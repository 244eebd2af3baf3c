/**
 * OCSF 1.3.0, class Entity Management, by hand from the schema as published (github.com/ocsf/ocsf-schema, tag 1.3.0, commit c8bde8c4):
 * events/iam/entity_management.json, events/iam/iam.json, events/base_event.json, includes/classification.json,
 * includes/occurrence.json, objects/{metadata,product,managed_entity,_entity,policy,user,actor,network_endpoint,endpoint}.json, and
 * the types and enums of dictionary.json. Attributes of profiles that are not in use (cloud, host's device, datetime, osint) are
 * left out, so that their use fails.
 */
interface Attribute {
  readonly type: 'string' | 'integer' | 'long' | 'timestamp' | 'hostname' | 'json' | 'object' | ObjectName;
  readonly requirement: 'required' | 'recommended' | 'optional';
  readonly isArray?: true;
  readonly enum?: readonly number[];
}

export interface ObjectClass {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly atLeastOne?: readonly string[];
}

type ObjectName =
  | 'metadata'
  | 'product'
  | 'managed_entity'
  | 'policy'
  | 'user'
  | 'actor'
  | 'network_endpoint'
  | 'unlisted';

type Type = Attribute['type'];
const required = (type: Type, values?: readonly number[]): Attribute => ({
  ...{ type, requirement: 'required' },
  ...(values === undefined ? {} : { enum: values }),
});
const recommended = (type: Type, values?: readonly number[]): Attribute => ({
  ...required(type, values),
  requirement: 'recommended',
});
const optional = (type: Type): Attribute => ({ type, requirement: 'optional' });
const list = (attribute: Attribute): Attribute => ({ ...attribute, isArray: true });

export const entityManagement: ObjectClass = {
  attributes: {
    // includes/classification.json
    activity_id: required('integer', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99]),
    activity_name: optional('string'),
    category_name: optional('string'),
    category_uid: required('integer', [3]),
    class_name: optional('string'),
    class_uid: required('integer', [3004]),
    type_name: optional('string'),
    type_uid: required(
      'long',
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99].map((id) => 300_400 + id),
    ),
    // includes/occurrence.json
    count: optional('integer'),
    duration: optional('long'),
    end_time: optional('timestamp'),
    start_time: optional('timestamp'),
    time: required('timestamp'),
    timezone_offset: recommended('integer'),
    // events/base_event.json
    enrichments: list(optional('unlisted')),
    message: recommended('string'),
    metadata: required('metadata'),
    observables: list(recommended('unlisted')),
    raw_data: optional('string'),
    severity: optional('string'),
    severity_id: required('integer', [0, 1, 2, 3, 4, 5, 6, 99]),
    status: recommended('string'),
    status_code: recommended('string'),
    status_detail: recommended('string'),
    status_id: recommended('integer', [0, 1, 2, 99]),
    unmapped: optional('object'),
    // events/iam/iam.json
    http_request: optional('unlisted'),
    src_endpoint: recommended('network_endpoint'),
    // events/iam/entity_management.json
    actor: optional('actor'),
    comment: recommended('string'),
    entity: required('managed_entity'),
    entity_result: recommended('managed_entity'),
    access_mask: optional('integer'),
    access_list: list(optional('string')),
  },
};

const objects: Readonly<Record<ObjectName, ObjectClass>> = {
  metadata: {
    attributes: {
      correlation_uid: optional('string'),
      event_code: optional('string'),
      extension: optional('unlisted'),
      extensions: list(optional('unlisted')),
      labels: list(optional('string')),
      log_level: optional('string'),
      log_name: recommended('string'),
      log_provider: recommended('string'),
      log_version: optional('string'),
      logged_time: optional('timestamp'),
      modified_time: optional('timestamp'),
      loggers: list(optional('unlisted')),
      original_time: recommended('string'),
      processed_time: optional('timestamp'),
      product: required('product'),
      profiles: list(optional('string')),
      sequence: optional('integer'),
      tenant_uid: recommended('string'),
      uid: optional('string'),
      version: required('string'),
    },
  },
  product: {
    attributes: {
      name: recommended('string'),
      uid: recommended('string'),
      feature: optional('unlisted'),
      cpe_name: optional('string'),
      lang: optional('string'),
      path: optional('string'),
      url_string: optional('string'),
      vendor_name: required('string'),
      version: recommended('string'),
    },
    atLeastOne: ['name', 'uid'],
  },
  managed_entity: {
    attributes: {
      name: recommended('string'),
      uid: recommended('string'),
      data: optional('json'),
      type: recommended('string'),
      type_id: recommended('integer', [0, 1, 2, 3, 4, 5, 6, 99]),
      device: recommended('unlisted'),
      email: recommended('unlisted'),
      group: recommended('unlisted'),
      org: recommended('unlisted'),
      policy: recommended('policy'),
      user: recommended('user'),
      version: recommended('string'),
    },
    atLeastOne: ['name', 'uid', 'device', 'group', 'org', 'policy', 'user'],
  },
  policy: {
    attributes: {
      name: recommended('string'),
      uid: recommended('string'),
      desc: optional('string'),
      group: optional('unlisted'),
      version: recommended('string'),
      is_applied: recommended('unlisted'),
    },
    atLeastOne: ['name', 'uid'],
  },
  user: {
    attributes: {
      account: optional('unlisted'),
      credential_uid: optional('string'),
      domain: optional('string'),
      email_addr: optional('string'),
      full_name: optional('string'),
      groups: list(optional('unlisted')),
      ldap_person: optional('unlisted'),
      name: recommended('string'),
      org: optional('unlisted'),
      risk_level: optional('string'),
      risk_level_id: optional('integer'),
      risk_score: optional('integer'),
      type: optional('string'),
      type_id: recommended('integer', [0, 1, 2, 3, 99]),
      uid: recommended('string'),
      uid_alt: optional('string'),
    },
    atLeastOne: ['account', 'name', 'uid'],
  },
  actor: {
    attributes: {
      app_name: optional('string'),
      app_uid: optional('string'),
      authorizations: list(optional('unlisted')),
      idp: optional('unlisted'),
      process: recommended('unlisted'),
      session: optional('unlisted'),
      user: recommended('user'),
    },
    atLeastOne: ['process', 'user', 'invoked_by', 'session', 'app_name', 'app_uid'],
  },
  network_endpoint: {
    attributes: {
      name: recommended('string'),
      uid: recommended('string'),
      domain: optional('string'),
      hostname: recommended('hostname'),
      ip: recommended('string'),
      port: recommended('integer'),
      svc_name: recommended('string'),
      type: optional('string'),
      type_id: recommended('integer'),
      zone: optional('string'),
    },
    atLeastOne: [
      ...['ip', 'uid', 'name', 'hostname', 'svc_name', 'instance_uid', 'interface_uid', 'interface_name'],
    ],
  },
  // Published, and not used by us: whatever stands there is an attribute that this table has to learn first.
  unlisted: { attributes: {}, atLeastOne: ['a test that lists it'] },
};

/** dictionary.json, types: hostname_t, and the longest string_t. */
const hostname =
  /^(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])\.)*([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])$/;
const longestString = 65_535;

/** What is wrong with a value, by the table; nothing when it is an event of the class. */
export function faultsOf(value: unknown, schema: ObjectClass = entityManagement, place = ''): string[] {
  if (!isObject(value)) return [`${place}: no object`];
  const at = (name: string) => (place === '' ? name : `${place}.${name}`);
  const { attributes, atLeastOne } = schema;
  return [
    ...Object.keys(value).flatMap((name) => (name in attributes ? [] : [`${at(name)}: not in the class`])),
    ...Object.entries(attributes).flatMap(([name, attribute]) =>
      name in value
        ? valueFaults(value[name], attribute, at(name))
        : attribute.requirement === 'required'
          ? [`${at(name)}: missing`]
          : [],
    ),
    ...(atLeastOne === undefined || atLeastOne.some((name) => name in value)
      ? []
      : [`${place}: none of ${atLeastOne.join(', ')}`]),
  ];
}

function valueFaults(value: unknown, attribute: Attribute, place: string): string[] {
  if (attribute.isArray === true) {
    if (!Array.isArray(value)) return [`${place}: no list`];
    return value.flatMap((each, at) => typeFaults(each, attribute, `${place}[${at}]`));
  }
  return typeFaults(value, attribute, place);
}

function typeFaults(value: unknown, { type, enum: values }: Attribute, place: string): string[] {
  const fault = (good: boolean): string[] => (good ? [] : [`${place}: no ${type}: ${JSON.stringify(value)}`]);
  if (values !== undefined && !values.includes(value as number))
    return [`${place}: not in its enum: ${String(value)}`];
  switch (type) {
    case 'string':
      return fault(typeof value === 'string' && value.length <= longestString);
    case 'hostname':
      return fault(typeof value === 'string' && hostname.test(value));
    case 'integer':
    case 'long':
    case 'timestamp':
      return fault(Number.isSafeInteger(value));
    case 'json':
      return fault(value !== undefined && value !== null);
    case 'object':
      return fault(isObject(value));
    default:
      return faultsOf(value, objects[type], place);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
