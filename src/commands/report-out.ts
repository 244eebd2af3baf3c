import { usageError } from '../domain/errors.js';
import type { Renderer } from '../render/renderer.js';
import { clean, line } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';

/** Of a report for people: Markdown, HTML or, with --json, for programs; to stdout or into a file. */
export interface ReportForm {
  readonly format?: 'md' | 'html';
  readonly out?: string;
}

/** @throws KeyctlError 2 for flags that contradict each other */
export function checkReportForm(rt: Runtime, { format, out }: ReportForm): void {
  const { output } = rt.flags;
  if (format !== undefined && output !== 'table')
    throw usageError('--format', `-o ${output} has a form of its own`, '--format html, or --json');
  if (out !== undefined && output !== 'table' && output !== 'json')
    throw usageError('--out', 'takes Markdown, HTML or JSON', '--out report.json --json');
}

/** Prints a report, or writes it into the file, whole and readable by its owner alone. @throws KeyctlError 2 */
export async function printReport<T>(
  rt: Runtime,
  renderer: Renderer<T>,
  report: T,
  out: string | undefined,
): Promise<void> {
  if (out === undefined) return await rt.print(renderer, report);
  const { writeWholeFile } = await import('../runtime/written-file.js');
  const { jsonText } = await import('../render/json-text.js');
  const text =
    rt.flags.output === 'json'
      ? jsonText(renderer.json(report), 2)
      : renderer.text(report, rt.view('stdout'));
  await writeWholeFile(rt.machine, { flag: '--out', path: out, text: `${text}\n`, mode: 0o600 });
  rt.say(line`${rt.style('stderr').sign.ok} written to ${clean(out)}`);
}
