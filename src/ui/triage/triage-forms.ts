import { cutTokens } from '../../domain/cut-tokens.js';
import { parseDuration } from '../../domain/duration.js';
import { parseNote } from '../../domain/incident.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { parseReason } from '../../domain/reason.js';
import type { TriageFinding, TriageIncident, TriageKey } from '../../domain/triage.js';
import { counted } from '../../render/numbers.js';
import { shellWord } from '../../render/shell-word.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import type { Answers, FormField } from '../kit/form.js';
import { codeField, consentField, lastsField, problemOf, reasonField } from '../kit/stop-fields.js';
import type { TriageChange, TriageChangeKind } from './triage-port.js';

/** A change that somebody is being asked about. */
export type Asked =
  | {
      readonly kind: Exclude<TriageChangeKind, 'escalate'>;
      readonly incident: TriageIncident;
      /** Of a suspension or a revocation: the keys that it stops. */
      readonly keyIds: readonly string[];
    }
  | {
      readonly kind: 'escalate';
      readonly finding: TriageFinding;
      readonly findingIds: readonly string[];
      readonly keyIds: readonly [];
    };

const dead = ['revoked', 'replaced', 'expired'];

/** The keys that a change stops; a sentence when there is nothing to stop. */
export function keysMeant(
  kind: 'suspend' | 'revoke',
  keys: readonly TriageKey[],
  chosen: TriageKey | null,
): readonly string[] | string {
  const meant = (chosen === null ? keys : [chosen]).filter(
    ({ status }) => !dead.includes(status) && !(kind === 'suspend' && status === 'suspended'),
  );
  if (meant.length > 0) return meant.map(({ keyId }) => keyId);
  if (keys.length === 0) return 'no key is linked yet: k links one';
  return chosen === null ? `there is no key left to ${kind}` : `this key is ${chosen.status} already`;
}

/** The questions of a change, the deed behind the last one. What is dangerous asks what the command asks. */
export function fieldsOf(asked: Asked, me: string): readonly FormField[] {
  switch (asked.kind) {
    case 'acknowledge':
      return [goField(`Enter acknowledges ${asked.incident.id}, Esc goes back:`)];
    case 'assign':
      return [leadField(asked.incident.lead ?? me)];
    case 'note':
      return [noteField];
    case 'suspend': {
      const undone = 'It can be undone: keyctl keys resume.';
      return [reasonField, lastsField, consentField(asked.keyIds, undone, 'suspend')];
    }
    case 'revoke': {
      const code = codeField(asked.incident.type === 'leak' ? 'leaked' : 'abuse');
      return [reasonField, code, consentField(asked.keyIds, 'This cannot be undone.', 'revoke')];
    }
    case 'link':
      return [keyField, whyField];
    case 'escalate': {
      const what = counted(asked.findingIds.length, 'finding');
      return [goField(`Enter opens an incident about ${what}, Esc goes back:`)];
    }
  }
}

const goField = (label: string): FormField => ({ name: 'go', label, check: () => null });

const leadField = (preset: string): FormField => ({
  name: 'lead',
  label: 'Who leads it (name, login or e-mail; empty: nobody):',
  preset,
  check: (answer) => (answer === '' ? null : problemOf(() => plain('WHO', answer, 'jdoe'))),
});

const noteField: FormField = {
  name: 'note',
  label: 'Note (it stays in the timeline):',
  check: (answer) => problemOf(() => parseNote('TEXT', answer)),
};

const keyField: FormField = {
  name: 'key',
  label: 'Key (id, start of an id, name, fingerprint or redacted token):',
  check: (answer) => problemOf(() => plain('KEY', answer, 'key_7Q2mK9xZab3d')),
};

const whyField: FormField = {
  name: 'reason',
  label: 'Why it belongs to it (may be empty):',
  check: (answer) => (answer === '' ? null : problemOf(() => plain('--reason', answer, 'seen from there'))),
};

function plain(flag: string, text: string, example: string): string {
  return parsePlainText(flag, text, { max: flag === '--reason' ? 2000 : 200, example });
}

/** The change with the answers in it. */
export function changeOf(asked: Asked, answers: Answers): TriageChange {
  if (asked.kind === 'escalate') return { kind: asked.kind, findingIds: asked.findingIds };
  const { kind, keyIds, incident } = asked;
  const incidentId = incident.id;
  const { reason = '', lead = '', note = '', code = 'other', key = '' } = answers;
  switch (kind) {
    case 'acknowledge':
      return { kind, incidentId };
    case 'assign':
      return { kind, incidentId, lead: lead === '' ? null : lead };
    case 'note':
      return { kind, incidentId, note: parseNote('TEXT', note) };
    case 'suspend': {
      const forSeconds = answers.for ? parseDuration('--for', answers.for) : null;
      return { kind, incidentId, keyIds, reason: parseReason('--reason', reason), forSeconds };
    }
    case 'revoke':
      return { kind, incidentId, keyIds, reason: parseReason('--reason', reason), code };
    case 'link':
      return { kind, incidentId, key, reason: reason === '' ? null : reason };
  }
}

/** The command line that does the same, with what is answered so far. A token that was pasted is not in it. */
export function commandLine(program: string, asked: Asked, answers: Answers): Safe {
  const start = clean(program);
  if (asked.kind === 'escalate')
    return line`${start} audit findings escalate ${words(asked.findingIds)} --incident new`;
  const { kind, keyIds, incident } = asked;
  const id = shellWord(incident.id);
  const reason = flag('reason', answers.reason || '...');
  switch (kind) {
    case 'acknowledge':
      return line`${start} incidents ack ${id}`;
    case 'assign':
      return line`${start} incidents assign ${id} ${answers.lead ? word(answers.lead) : line`--nobody`}`;
    case 'note':
      return line`${start} incidents note ${id} ${word(answers.note || '...')}`;
    case 'suspend':
      return line`${start} keys suspend ${words(keyIds)}${reason}${flag('for', answers.for)} --incident ${id}`;
    case 'revoke':
      return line`${start} revoke ${words(keyIds)}${reason}${flag('code', answers.code)} --incident ${id}`;
    case 'link':
      return line`${start} incidents link-key ${id} ${word(answers.key || '...')}${flag('reason', answers.reason)}`;
  }
}

function flag(name: string, value: string | undefined): Safe {
  return value === undefined || value === '' ? line`` : line` --${clean(name)} ${word(value)}`;
}

const word = (text: string): Safe => shellWord(cutTokens(text).text);
const words = (ids: readonly string[]): Safe => joinWith(line` `, ids.map(shellWord));
