import { runCommand } from '../support/fake-machine.js';

interface Run {
  readonly argv: readonly string[];
}

const reason = ['--reason', 'shows the fields of its record'];

/** Lines that print every record of findings and responses on the demo; the findings are made first. */
export async function findingRuns(
  home: string,
  leakedKey: string,
): Promise<Readonly<Record<string, readonly Run[]>>> {
  const json = async (...argv: string[]) => {
    const ran = await runCommand([...argv, '--json', '--demo'], { home });
    if (ran.stdout === '') throw new Error(ran.stderr);
    return JSON.parse(ran.stdout);
  };
  const stop = ['audit', 'responses', 'set', 'fields', '--suspend', '--for', '1h', '--severity', 'medium'];
  await json(...stop, ...reason);
  await json('audit', 'responses', 'set', 'fields-gone', '--notify', ...reason);
  const { findings } = await json('audit', 'anomalies', leakedKey);
  const [first, second, third] = findings.map((finding: { finding_id: string }) => finding.finding_id);
  const of = (verb: string, ...rest: string[]) => [{ argv: ['audit', 'findings', verb, ...rest] }];
  return {
    'audit anomalies': [{ argv: ['audit', 'anomalies', leakedKey, '--respond', '--dry-run'] }],
    'audit findings list': of('list'),
    'audit findings show': of('show', first),
    'audit findings ack --dry-run': of('ack', first, '--dry-run'),
    'audit findings ack': of('ack', first),
    'audit findings dismiss --dry-run': of('dismiss', second, '--dry-run'),
    'audit findings dismiss': of('dismiss', second, '--suppress-until', '7d', ...reason),
    'audit findings escalate --dry-run': of('escalate', third, '--incident', 'new', '--dry-run'),
    'audit findings escalate': of('escalate', third, '--incident', 'new'),
    'audit responses list': [{ argv: ['audit', 'responses', 'list'] }],
    'audit responses set': [{ argv: [...stop, '--most-per-hour', '2', ...reason] }],
    'audit responses set --dry-run': [{ argv: [...stop, '--most-per-hour', '4', '--dry-run'] }],
    'audit responses remove --dry-run': [
      { argv: ['audit', 'responses', 'remove', 'fields-gone', '--dry-run'] },
    ],
    'audit responses remove': [{ argv: ['audit', 'responses', 'remove', 'fields-gone', ...reason] }],
    'help detectors': [{ argv: ['help', 'detectors'] }],
  };
}
