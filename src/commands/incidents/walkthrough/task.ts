import { task } from '../../../actions/incidents/walkthrough/task.js';
import { parseNote } from '../../../domain/incident.js';
import { line } from '../../../render/terminal-text.js';
import { askValue } from '../../ask-value.js';
import { type AskStep, askWhich, missing } from './asked.js';

/** What a team does by hand: asked what came of it. */
export const askTask: AskStep = async ({ rt, flags, walk }) => {
  const { incident_id: incidentId } = walk.row;
  if (flags.note === undefined) {
    missing(rt, '--note', 'what came of it?', '--note "legal was called, they answer tomorrow"');
    const which = await askWhich(rt, line`Is it done?`, [
      { value: 'done' as const, name: line`done, with a note` },
    ]);
    if (which !== 'done') return which;
  }
  const note = await askValue(rt, flags.note, {
    flag: '--note',
    example: '"legal was called, they answer tomorrow"',
    question: line`What came of it:`,
    parse: (text) => parseNote('--note', text),
  });
  return (inside) => task(inside, incidentId, note);
};
