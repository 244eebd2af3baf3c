import type { Command } from 'commander';
import { usageError } from '../../domain/errors.js';
import { parseNote } from '../../domain/incident.js';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { type Asked, askValue, requireValue } from '../ask-value.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeOne } from './change-one.js';
import { addIncidentId } from './id-argument.js';

const asked: Asked<string> = {
  flag: 'TEXT',
  example: 'keyctl incidents note INC-7 "the CI log was public since 02:11"',
  question: line`Note (it stays in the timeline):`,
  parse: (text) => parseNote('TEXT', text),
};

export function noteCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'note')
    .summary('write a note into its timeline')
    .description(
      'Write a note into the timeline of an incident, closed or not. It cannot be taken out again; whole tokens in it are cut.',
    );
  addIncidentId(command).argument('[text...]', 'the note; - reads it from stdin');
  addChangeFlags(command);
  return command.action(async (incidentId: string, words: string[], flags: ChangeFlags) => {
    const note = await noteOf(rt, words);
    const { noteIncident } = await import('../../db/kernel-incidents.js');
    const { noted } = await import('../../render/incidents/incident-change.js');
    await changeOne(rt, incidentId, flags, {
      would: line`note ${[...note].length} characters`,
      work: (db, change) => noteIncident(db, change, { incidentId, note }),
      shown: noted,
    });
  });
}

async function noteOf(rt: Runtime, words: readonly string[]): Promise<string> {
  if (words.length === 1 && words[0] === '-') return parseNote('stdin', await allOf(rt));
  const typed = words.length === 0 ? undefined : parseNote('TEXT', words.join(' '));
  requireValue(rt, typed, { ...asked, flag: 'TEXT' });
  return await askValue(rt, typed, asked);
}

/** More than this is no note: it is not read to its end. */
const mostBytes = 100_000;

async function allOf(rt: Runtime): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of rt.machine.stdin) {
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) throw usageError('stdin', 'too long for a note', asked.example);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
