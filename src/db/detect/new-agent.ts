import { accepted, answer, inWindow, learned, type Reproduced, textOf, usedBy } from './sql-text.js';

/** Requests by the program, and how many of its were accepted before. */
export function newAgentSql(of: Reproduced): string {
  const program = usedBy(textOf(of, 'agent'));
  return answer(
    `select count(*) ${inWindow(of, program)}`,
    0,
    `select count(*) ${learned(of, program, accepted)}`,
  );
}
