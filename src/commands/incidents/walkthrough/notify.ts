import { notify } from '../../../actions/incidents/walkthrough/notify.js';
import { findCandidates } from '../../../db/reads/keys.js';
import { ownerEmails } from '../../../db/reads/owners.js';
import type { HookCommand } from '../../../domain/hook-command.js';
import { parseHookCommand } from '../../../domain/hook-command.js';
import { drafts, draftText } from '../../../render/incidents/walkthrough/drafts.js';
import { joinLines, line } from '../../../render/terminal-text.js';
import { hookWorld } from '../../../runtime/delivery-places.js';
import { askValue } from '../../ask-value.js';
import { type AskStep, askWhich, type StepAsked } from './asked.js';

/** Shows the texts, and hands them to a program when one is named; sent by hand they stand on the screen. */
export const askNotify: AskStep = async (asked) => {
  const { rt, flags, walk, memory } = asked;
  const texts = drafts(walk, {
    owners: await ownersOf(asked),
    security: flags.tellSecurity ?? [],
    affected: flags.tellAffected ?? [],
  });
  memory.drafts = texts;
  // A program reads them from the record.
  if (rt.flags.output === 'table') rt.warn(joinLines(texts.map(draftText)));
  const command = flags.send ?? (rt.canAsk ? await askSender(asked) : null);
  if (command === 'skip' || command === 'leave') return command;
  const send = command === null ? null : { command, world: hookWorld(rt) };
  return (inside, now) => notify(inside, now.row.incident_id, { drafts: texts, send });
};

async function askSender({ rt }: StepAsked): Promise<HookCommand | null | 'skip' | 'leave'> {
  const which = await askWhich(rt, line`Who has to know?`, [
    {
      value: 'hand' as const,
      name: line`they are told by hand`,
      description: line`copy the texts from above`,
    },
    {
      value: 'program' as const,
      name: line`a program sends the texts`,
      description: line`each on its stdin, with KEYCTL_TO and KEYCTL_SUBJECT`,
    },
  ]);
  if (which === 'hand') return null;
  if (which !== 'program') return which;
  return await askValue(rt, undefined, {
    flag: '--send',
    example: '/usr/local/bin/send-mail',
    question: line`Which program (absolute path):`,
    parse: (text) => parseHookCommand('--send', text.replace(/^exec:/, ''), ''),
  });
}

/** As they are known now: whoever was forgotten is told by nobody. */
async function ownersOf({ rt, walk }: StepAsked): Promise<readonly string[]> {
  const ids = walk.detail.keys.map(({ key_id }) => key_id);
  return await rt.withContext({}, async (ctx) => {
    const rows = await ctx.db.query((db) => findCandidates(db, { ids }));
    const ownerIds = [...new Set(rows.flatMap(({ key }) => (key.ownerId === null ? [] : [key.ownerId])))];
    const emails = await ctx.db.query((db) => ownerEmails(db, ownerIds));
    return [...emails.values()].filter((email) => email !== null);
  });
}
