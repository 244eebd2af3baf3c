import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openEmbedded } from '../../src/db/embedded/open.js';
import { finishStep, setPlaybook, takeStep } from '../../src/db/kernel-incident-steps.js';
import { runCommand } from '../support/fake-machine.js';
import { testChange } from '../support/seed-incident.js';

interface Run {
  readonly argv: readonly string[];
}

const reason = ['--reason', 'shows the fields of its record'];

/**
 * An incident of the demo with everything that can hang on one, and the lines that show every field of what incidents print.
 * @param keyId a key of the demo that nothing else needs alive
 * @param leaked one that was refused after its death
 */
export async function incidentRuns(
  home: string,
  { keyId, leaked }: { readonly keyId: string; readonly leaked: string },
): Promise<Readonly<Record<string, readonly Run[]>>> {
  const json = async (...argv: string[]) => {
    const ran = await runCommand([...argv, '--json', '--demo'], { home });
    return JSON.parse(ran.stdout);
  };
  const open = ['incidents', 'open', '--type', 'leak', '--severity', 'high'];
  const { incident_id: id } = await json(
    ...open,
    '--title',
    'a leak of the demo',
    '--key',
    keyId,
    '--key',
    leaked,
  );
  await json('incidents', 'link-url', id, 'https://example.com/OPS-7');
  const { follow_up_id: followUp } = await json(
    ...['incidents', 'follow-up', id, '--title', 'scan logs', '--owner', 'platform', '--due', '14d'],
  );
  const noted = await json('incidents', 'note', id, 'found by a scanner', '--operation-id', randomUUID());
  const acknowledged = await json('incidents', 'ack', id);
  const correct = ['incidents', 'correct', id, String(acknowledged.audit_seq), '--at', '1m', ...reason];
  const { incident_id: other } = await json(...open, '--title', 'a drill');
  await walkThrough(home, id);
  const { findings } = await json('audit', 'findings', 'list');
  await json('audit', 'findings', 'escalate', findings.at(-1).finding_id, '--incident', id, '--yes');
  const { incident_id: walked } = await json(...open, '--title', 'a walk of the demo');
  const run = ['incidents', 'run', walked];
  const set = ['incidents', 'targets', 'set', 'low', '--contain'];
  return {
    'incidents open': [{ argv: [...open, '--title', 'another leak', '--key', keyId] }],
    'incidents (changes) --dry-run': [
      { argv: ['incidents', 'ack', id, '--dry-run'] },
      { argv: ['incidents', 'close', id, '--dry-run'] },
    ],
    'incidents list': [{ argv: ['incidents', 'list'] }],
    'incidents list --follow-ups': [{ argv: ['incidents', 'list', '--follow-ups'] }],
    'incidents show': [{ argv: ['incidents', 'show', id] }],
    'incidents report': [{ argv: ['incidents', 'report', id] }],
    'incidents bundle': [
      { argv: ['incidents', 'bundle', id, '--unsigned', '--out', join(home, 'incident.tar')] },
    ],
    'incidents ack': [{ argv: ['incidents', 'ack', id] }],
    'incidents assign': [{ argv: ['incidents', 'assign', id, 'jdoe'] }],
    'incidents note': [{ argv: ['incidents', 'note', id, `the note ${noted.audit_seq} was right`] }],
    'incidents link-key': [{ argv: ['incidents', 'link-key', other, keyId] }],
    'incidents link-url': [{ argv: ['incidents', 'link-url', id, 'https://example.com/alert'] }],
    'incidents update': [{ argv: ['incidents', 'update', id, '--severity', 'critical', ...reason] }],
    'incidents mark': [{ argv: ['incidents', 'mark', id, 'investigated', '--text', 'a public log'] }],
    'incidents correct': [{ argv: correct }],
    'incidents timeline': [{ argv: ['incidents', 'timeline', id] }],
    'incidents follow-up': [
      { argv: ['incidents', 'follow-up', id, '--title', 't', '--owner', 'o', '--due', '2099-01-31'] },
    ],
    'incidents follow-up --done': [{ argv: ['incidents', 'follow-up', followUp, '--done'] }],
    'incidents close': [
      { argv: ['incidents', 'close', other, '--yes', '--override', 'a drill of the demo'] },
    ],
    'incidents run --plan': [{ argv: [...run, '--plan'] }],
    'incidents run --step': [
      { argv: [...run, '--step', 'identify', '--key', keyId] },
      { argv: [...run, '--step', 'notify', '--tell-security', 'security@example.com'] },
    ],
    'incidents targets list': [{ argv: ['incidents', 'targets', 'list'] }],
    'incidents targets set': [{ argv: [...set, '2h'] }],
    'incidents targets set --dry-run': [{ argv: [...set, '3h', '--dry-run'] }],
  };
}

/** A step of its walkthrough, done. */
async function walkThrough(home: string, incidentId: string): Promise<void> {
  const settings = {
    kind: 'embedded',
    database: 'keyctl_demo',
    dataHome: join(home, '.local/share/keyctl'),
  } as const;
  const connection = await openEmbedded(settings, { timeoutMs: 20_000, create: false });
  const step = 'identify';
  const playbook = { name: 'compromise', steps: [{ name: step, required: true }] };
  await connection.run({ sends: 'read' }, async (db) => {
    await setPlaybook(db, testChange(), { incidentId, playbook });
    await takeStep(db, testChange(), { incidentId, step, holder: 'a test' });
    await finishStep(db, testChange(), { incidentId, step, result: { keys: 1 } });
  });
  await connection.close();
}
