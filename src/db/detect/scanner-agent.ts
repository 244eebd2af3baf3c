import { answer, inWindow, type Reproduced, textOf, usedBy } from './sql-text.js';

/** Requests by the tool. */
export function scannerAgentSql(of: Reproduced): string {
  return answer(`select count(*) ${inWindow(of, usedBy(textOf(of, 'agent')))}`, 0, 0);
}
