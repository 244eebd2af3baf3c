import { parseDuration } from '../../domain/duration.js';
import { formatInstant, parseFutureInstant } from '../../domain/instant.js';
import type { ReviewSubject } from '../../domain/review.js';
import { shellWord } from '../../render/shell-word.js';
import { clean, joinWith, line, type Safe } from '../../render/terminal-text.js';
import type { Answers, FormField } from '../kit/form.js';
import { codeField, consentField, lastsField, problemOf, reasonField } from '../kit/stop-fields.js';
import type { ReviewChange, ReviewChangeKind } from './review-port.js';

/** A change that somebody is being asked about. */
export interface Asked {
  readonly kind: ReviewChangeKind;
  readonly subjects: readonly ReviewSubject[];
  /** Of a suspension or a revocation: the keys that can still be stopped. */
  readonly keyIds: readonly string[];
  /** Of the others: the findings that it changes. */
  readonly findingIds: readonly string[];
}

const dead = ['revoked', 'replaced', 'expired'];

/** What a change means for these subjects; a sentence when there is nothing to change. */
export function askedOf(kind: ReviewChangeKind, subjects: readonly ReviewSubject[]): Asked | string {
  const alive = subjects.filter(({ keyId, status }) => keyId !== null && !dead.includes(status ?? ''));
  const findings = subjects.flatMap(({ risk }) => risk.steps.map(({ finding }) => finding));
  const meant = findings.filter(({ status }) =>
    kind === 'acknowledge' ? status === 'open' : kind !== 'escalate' || status !== 'escalated',
  );
  if (kind === 'suspend' || kind === 'revoke') {
    if (alive.length === 0) return 'there is no key to stop: it is dead already, or this is an address';
    const keyIds = alive.flatMap(({ keyId }) => keyId ?? []);
    return { kind, subjects: alive, keyIds, findingIds: [] };
  }
  if (meant.length === 0)
    return kind === 'acknowledge' ? 'all of it is acknowledged already' : 'there is no finding to change';
  return { kind, subjects, keyIds: [], findingIds: meant.map(({ findingId }) => findingId) };
}

/** The questions of a change, the deed behind the last one. A revocation asks what `keyctl revoke` asks. */
export function fieldsOf({ kind, keyIds, findingIds }: Asked, now: number): readonly FormField[] {
  switch (kind) {
    case 'acknowledge':
      return [
        {
          name: 'go',
          label: `Enter acknowledges ${count(findingIds.length, 'finding')}, Esc goes back:`,
          check: () => null,
        },
      ];
    case 'dismiss':
      return [reasonField, suppressField(now)];
    case 'escalate':
      return [incidentField];
    case 'suspend':
      return [
        reasonField,
        lastsField,
        consentField(keyIds, 'It can be undone: keyctl keys resume.', 'suspend'),
      ];
    case 'revoke':
      return [reasonField, codeField('abuse'), consentField(keyIds, 'This cannot be undone.', 'revoke')];
  }
}

const suppressField = (now: number): FormField => ({
  name: 'until',
  label: 'Silent about the same until (7d, 2026-12-24; empty: not at all):',
  check: (answer) =>
    answer === '' ? null : problemOf(() => parseFutureInstant('--suppress-until', answer, new Date(now))),
});

const incidentField: FormField = {
  name: 'incident',
  label: 'Incident (INC-7, or new):',
  preset: 'new',
  check: (answer) => (/^(new|INC-[1-9]\d*)$/.test(answer) ? null : 'INC- and a number, or new'),
};

/** The change with the answers in it. */
export function changeOf({ kind, keyIds, findingIds }: Asked, answers: Answers, now: number): ReviewChange {
  const { reason = '', until = '', incident = '', code = 'other' } = answers;
  switch (kind) {
    case 'acknowledge':
      return { kind, findingIds };
    case 'dismiss': {
      const end = until === '' ? null : parseFutureInstant('--suppress-until', until, new Date(now));
      return { kind, findingIds, reason, suppressUntil: end === null ? null : formatInstant(end) };
    }
    case 'escalate':
      return { kind, findingIds, incident };
    case 'suspend': {
      const lasts = answers.for ?? '';
      return { kind, keyIds, reason, forSeconds: lasts === '' ? null : parseDuration('--for', lasts) };
    }
    case 'revoke':
      return { kind, keyIds, reason, code };
  }
}

/** The command line that does the same, with what is answered so far. */
export function commandLine(program: string, { kind, keyIds, findingIds }: Asked, answers: Answers): Safe {
  const flag = (name: string, value: string | undefined): Safe =>
    value === undefined || value === '' ? line`` : line` --${clean(name)} ${shellWord(value)}`;
  const words = (ids: readonly string[]) => joinWith(line` `, ids.map(shellWord));
  const start = clean(program);
  const reason = flag('reason', answers.reason || '...');
  switch (kind) {
    case 'acknowledge':
      return line`${start} audit findings ack ${words(findingIds)}`;
    case 'dismiss':
      return line`${start} audit findings dismiss ${words(findingIds)}${reason}${flag('suppress-until', answers.until)}`;
    case 'escalate':
      return line`${start} audit findings escalate ${words(findingIds)}${flag('incident', answers.incident)}`;
    case 'suspend':
      return line`${start} keys suspend ${words(keyIds)}${reason}${flag('for', answers.for)}`;
    case 'revoke':
      return line`${start} revoke ${words(keyIds)}${reason}${flag('code', answers.code ?? 'abuse')}`;
  }
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
