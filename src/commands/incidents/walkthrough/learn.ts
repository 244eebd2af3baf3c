import { type FollowUpInput, learn } from '../../../actions/incidents/walkthrough/learn.js';
import { usageError } from '../../../domain/errors.js';
import { parseNote } from '../../../domain/incident.js';
import { line } from '../../../render/terminal-text.js';
import { askValue } from '../../ask-value.js';
import { type AskStep, askWhich, type StepAsked } from './asked.js';
import { parseFollowUp } from './run-flags.js';

/** Root cause, lessons, and what is still to be done: asked one after the other until Enter alone ends the list. */
export const askLearn: AskStep = async (asked) => {
  const { rt, flags, walk } = asked;
  const { incident_id: incidentId } = walk.row;
  const given = { rootCause: flags.rootCause, lessons: flags.lessons };
  if (!rt.canAsk || (given.rootCause !== undefined && given.lessons !== undefined)) {
    const rootCause =
      given.rootCause ?? refuse('--root-cause', '"the token stood in the public log of CI run 812"');
    const lessons = given.lessons ?? refuse('--lessons', '"logs are scanned before they are published"');
    return (inside) => learn(inside, incidentId, { rootCause, lessons, followUps: flags.followUp ?? [] });
  }
  const which = await askWhich(rt, line`Root cause, lessons and follow-ups:`, [
    { value: 'now' as const, name: line`write them down now`, description: line`a sentence each is enough` },
  ]);
  if (which !== 'now') return which;
  const rootCause = await ask(asked, '--root-cause', given.rootCause, 'Root cause');
  const lessons = await ask(asked, '--lessons', given.lessons, 'Lessons');
  const followUps = [...(flags.followUp ?? []), ...(await askFollowUps(asked))];
  return (inside) => learn(inside, incidentId, { rootCause, lessons, followUps });
};

function refuse(flag: string, example: string): never {
  throw usageError(flag, 'is required', `${flag} ${example}`);
}

async function ask(
  { rt }: StepAsked,
  flag: string,
  given: string | undefined,
  name: 'Root cause' | 'Lessons',
): Promise<string> {
  return await askValue(rt, given, {
    flag,
    example: '"the token stood in the public log of CI run 812"',
    question: name === 'Lessons' ? line`Lessons:` : line`Root cause:`,
    parse: (text) => parseNote(flag, text),
  });
}

async function askFollowUps({ rt }: StepAsked): Promise<readonly FollowUpInput[]> {
  const found: FollowUpInput[] = [];
  const parse = (text: string) =>
    text.trim() === '' ? null : parseFollowUp('--follow-up', text, rt.machine.now());
  for (;;) {
    const next = await askValue(rt, undefined, {
      flag: '--follow-up',
      example: '"scan CI logs; platform@example.com; 14d"',
      question: line`Still to be done (what; who; until when), Enter when that is all:`,
      parse,
    });
    if (next === null) return found;
    found.push(next);
  }
}
