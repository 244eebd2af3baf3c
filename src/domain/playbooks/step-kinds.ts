/** What a kind of step is for, what it does, and how it is seen that it is done. */
export interface StepKindText {
  readonly why: string;
  readonly does: string;
  readonly checks: string;
}

/** Every kind of step, in the order in which they usually come. */
export const stepKindTexts = {
  identify: {
    why: 'Nothing can be stopped before it is known which keys are meant.',
    does: 'finds the keys in a paste, a file or a scanner report, or takes them as KEY, and links them; what was pasted is not kept',
    checks: 'at least one key is linked',
  },
  gather: {
    why: 'Who leaves has keys in more places than anybody remembers.',
    does: 'finds every living key of the person in all workspaces, suspended and retiring ones too, and links them',
    checks: 'every living key of the person is linked',
  },
  restrict: {
    why: 'Less harm is done while it is decided, and nothing that is needed breaks for good.',
    does: 'lowers limits, allows only some networks, blocks others, or suspends the keys for a time',
    checks: 'each linked key is restricted or dead',
  },
  'blast-radius': {
    why: 'What was done with the keys decides who has to know, and which other keys are in danger.',
    does: 'counts requests by endpoint, address and agent since the leak, the data that left, and other keys seen from the new addresses',
    checks: 'it was looked at; it changes nothing but links that were asked for',
  },
  contain: {
    why: 'Every minute that a leaked key works is the attacker’s.',
    does: 'revokes or suspends the linked keys at once, on request their families and all keys of their owners, and blocks addresses',
    checks: 'no linked key is usable any more',
  },
  prove: {
    why: 'That a key was revoked says what was asked for, not what the gateways do.',
    does: 'looks until each linked key is shown to be dead: by the usage log, and by a request that has to be refused',
    checks: 'no request was let in after the death of any of them',
  },
  preserve: {
    why: 'Usage is dropped after its retention; what is not kept now cannot be shown later.',
    does: 'seals usage, audit log, keys and timeline into a file with the hash of each part, or writes down their counts',
    checks: 'the hash of what was kept stands in the audit log',
  },
  replace: {
    why: 'Whoever worked with the key has to go on working.',
    does: 'issues a successor for each dead key and delivers it, best encrypted for its owner (age:RECIPIENT>FILE)',
    checks: 'each successor is active and delivered',
  },
  test: {
    why: 'A new key that does not work is noticed at the worst moment.',
    does: 'asks the kernel whether each successor is accepted, and tries it where it will be used',
    checks: 'every successor is accepted',
  },
  watch: {
    why: 'Who still tries the dead key is an attacker, or a colleague who was not told.',
    does: 'lists attempts with the dead keys since their death, by address, and whether the successors are in use',
    checks: 'no dead key was let in',
  },
  notify: {
    why: 'People who rely on the key, and those who answer for it, must not learn of it from somebody else.',
    does: 'drafts what owners, security and those affected are told, and hands the texts to a program that sends them',
    checks: 'every text was handed over, or is shown to be sent by hand',
  },
  decide: {
    why: 'A restriction is no decision: somebody has to say how it goes on.',
    does: 'revokes the keys, keeps them as they are restricted, or lifts the suspension, with the reason',
    checks: 'the decision stands in the timeline',
  },
  task: {
    why: 'Not everything is done by a program.',
    does: 'says what is to be done, and keeps a note of what came of it',
    checks: 'somebody said that it was done',
  },
  learn: {
    why: 'The same leak comes back where its cause stays.',
    does: 'keeps the root cause, the lessons, and what is still to be done by whom and until when',
    checks: 'root cause and lessons are written down',
  },
  close: {
    why: 'An incident that stays open hides the next one.',
    does: 'closes it; it opens again by itself when one of its dead keys is let in',
    checks: 'nothing is left: no usable key, no open step, the review is there',
  },
} as const satisfies Readonly<Record<string, StepKindText>>;

export type StepKind = keyof typeof stepKindTexts;

export const stepKinds = Object.keys(stepKindTexts) as readonly StepKind[];
