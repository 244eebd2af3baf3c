import { type KeyctlError, usageError } from '../errors.js';
import { incidentTypes } from '../incident.js';
import { JsonMistake, lineAndColumn, type PlacedJson, parsePlacedJson } from '../placed-json.js';
import type { Playbook, PlaybookStep } from './playbook.js';
import { type StepKind, stepKinds } from './step-kinds.js';

const example =
  '{"name": "acme-leak", "type": "leak", "steps": [{"kind": "identify"}, {"kind": "contain"}, {"kind": "close"}]}';
const stepName = /^[a-z][a-z0-9_-]{0,39}$/;
const playbookName = /^[a-z0-9][a-z0-9._-]{0,79}$/;
const mostSteps = 50;
const longestText = 2000;

/**
 * Reads a team's playbook: a JSON object of the same steps as the built-in ones. Whatever is wrong in it refuses all of it.
 * @param file as it was typed, for messages
 * @throws KeyctlError 2 naming file, line, column and path: `team.json:4:17 steps[3].kind: …`
 */
export function parsePlaybook(flag: string, file: string, source: string): Playbook {
  try {
    return playbookOf(parsePlacedJson(source));
  } catch (error) {
    if (!(error instanceof JsonMistake)) throw error;
    throw misplaced(flag, `${file}:${lineAndColumn(source, error.at)}`, error.message);
  }
}

function misplaced(flag: string, place: string, problem: string): KeyctlError {
  return usageError(flag, `${place}: ${problem}`, example);
}

function playbookOf(root: PlacedJson): Playbook {
  const fields = fieldsOf(root, '', ['name', 'summary', 'type', 'steps']);
  const name = textAt(root, fields, 'name', '');
  if (!playbookName.test(name)) throw wrong(fields.get('name'), 'name', 'lower-case letters, digits, - _ .');
  const type = fields.has('type') ? textAt(root, fields, 'type', '') : 'leak';
  const known = incidentTypes.find((each) => each === type);
  if (known === undefined) throw wrong(fields.get('type'), 'type', `one of ${incidentTypes.join(', ')}`);
  const summary = fields.has('summary') ? textAt(root, fields, 'summary', '') : '';
  return { name, summary, type: known, steps: stepsOf(root, fields.get('steps')) };
}

function stepsOf(root: PlacedJson, list: PlacedJson | undefined): PlaybookStep[] {
  if (list?.kind !== 'array') throw wrong(list ?? root, 'steps', 'a list of steps is required');
  const { items } = list;
  if (items.length === 0 || items.length > mostSteps)
    throw wrong(list, 'steps', `1 to ${mostSteps} steps, not ${items.length}`);
  const steps = items.map((item, at) => stepOf(item, `steps[${at}]`));
  for (const [at, { name, kind }] of steps.entries()) {
    const path = `steps[${at}]`;
    if (steps.findIndex((each) => each.name === name) < at)
      throw wrong(items[at], path, `another step is called ${name}: give it a "name" of its own`);
    if (kind === 'close' && at < steps.length - 1) throw wrong(items[at], path, 'closing comes last');
    // The kernel knows the step that closes by its name.
    if ((kind === 'close') !== (name === 'close'))
      throw wrong(items[at], `${path}.name`, 'the step that closes is called close, and no other');
  }
  return steps;
}

function stepOf(item: PlacedJson, path: string): PlaybookStep {
  const fields = fieldsOf(item, path, ['name', 'kind', 'required', 'why', 'how', 'text']);
  const kindText = textAt(item, fields, 'kind', path);
  const kind = stepKinds.find((each) => each === kindText);
  if (kind === undefined) throw wrong(fields.get('kind'), `${path}.kind`, `one of ${stepKinds.join(', ')}`);
  const name = fields.has('name') ? textAt(item, fields, 'name', path) : kind;
  if (!stepName.test(name))
    throw wrong(fields.get('name'), `${path}.name`, 'lower-case letters, digits, - and _');
  return {
    name,
    kind,
    required: requiredOf(fields.get('required'), path),
    ...(fields.has('why') ? { why: textAt(item, fields, 'why', path) } : {}),
    ...howOf(fields.get('how'), kind, path),
    ...taskOf(item, fields, kind, path),
  };
}

function requiredOf(field: PlacedJson | undefined, path: string): boolean {
  if (field === undefined) return true;
  if (field.kind === 'value' && typeof field.value === 'boolean') return field.value;
  throw wrong(field, `${path}.required`, 'true or false');
}

function howOf(field: PlacedJson | undefined, kind: StepKind, path: string): Pick<PlaybookStep, 'how'> {
  if (field === undefined) return {};
  const value = field.kind === 'value' ? field.value : null;
  if (kind !== 'contain') throw wrong(field, `${path}.how`, 'only a step of kind contain has it');
  if (value !== 'revoke' && value !== 'suspend') throw wrong(field, `${path}.how`, 'revoke or suspend');
  return { how: value };
}

function taskOf(
  item: PlacedJson,
  fields: ReadonlyMap<string, PlacedJson>,
  kind: StepKind,
  path: string,
): Pick<PlaybookStep, 'text'> {
  if (kind === 'task') return { text: textAt(item, fields, 'text', path) };
  if (fields.has('text')) throw wrong(fields.get('text'), `${path}.text`, 'only a step of kind task has it');
  return {};
}

function fieldsOf(
  value: PlacedJson,
  path: string,
  known: readonly string[],
): ReadonlyMap<string, PlacedJson> {
  if (value.kind !== 'object')
    throw wrong(value, path, `${path === '' ? 'a playbook' : 'a step'} is an object`);
  for (const [name, field] of value.fields)
    if (!known.includes(name))
      throw wrong(field, joined(path, name), `no such field; there are ${known.join(', ')}`);
  return value.fields;
}

/** A line of text that has to be there. */
function textAt(
  parent: PlacedJson,
  fields: ReadonlyMap<string, PlacedJson>,
  name: string,
  path: string,
): string {
  const field = fields.get(name);
  if (field === undefined) throw wrong(parent, joined(path, name), 'is missing');
  const value = field.kind === 'value' ? field.value : null;
  if (typeof value !== 'string' || value.trim() === '') throw wrong(field, joined(path, name), 'a text');
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(value) || value.length > longestText)
    throw wrong(field, joined(path, name), `one line of at most ${longestText} characters`);
  return value.trim();
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function wrong(at: PlacedJson | undefined, path: string, problem: string): JsonMistake {
  return new JsonMistake(at?.at ?? 0, path === '' ? problem : `${path}: ${problem}`);
}
