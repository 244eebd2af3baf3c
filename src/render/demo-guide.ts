import type { Demo } from '../actions/demo/make-demo.js';
import type { Json, Renderer, View } from './renderer.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** The demo, and by what name this program is called, so that each line runs when it is pasted. */
export interface DemoGuide {
  readonly demo: Demo;
  readonly program: string;
  /** What was asked for; a demo that is there may have been made with another one. */
  readonly dryRun: boolean;
}

/** What there is in the demo database and what to try there, with the real ids. */
export const demoGuide: Renderer<DemoGuide> = {
  text(value, view) {
    const parts = [heading(value, view)];
    for (const section of sectionsOf(value)) {
      parts.push(line``, view.style.strong(section.heading));
      for (const { purpose, command } of section.lines)
        parts.push(line`  ${view.style.muted(line`# ${clean(purpose)}`)}`, line`  ${clean(command)}`);
    }
    return joinLines([...parts, line``, ...footer(value)]);
  },
  json({ demo, program, dryRun }) {
    const { history } = demo;
    const { old, next } = history.lives.rotation;
    return {
      database: 'keyctl_demo',
      made: demo.made,
      dry_run: dryRun,
      seed: history.seed,
      history_from: new Date(history.start).toISOString(),
      history_until: new Date(history.anchor).toISOString(),
      loaded_at: demo.loadedAt,
      keys: history.lives.all.length,
      owners: ownersIn(demo),
      events: demo.events,
      stray_events: demo.strays,
      leaked_key_id: history.leak.life.minted.id,
      rotated_key_id: old.minted.id,
      successor_id: next.minted.id,
      try: sectionsOf({ demo, program, dryRun }).flatMap(({ lines }) =>
        lines.map(({ purpose, command }): Json => ({ purpose, command })),
      ),
    };
  },
  ids: ({ demo }) => demo.history.lives.all.map((life) => life.minted.id),
};

function heading({ demo, dryRun }: DemoGuide, { style }: View): Safe {
  const { history, events } = demo;
  const from = clean(new Date(history.start).toISOString().slice(0, 10));
  const until = clean(new Date(history.anchor).toISOString().slice(0, 16).replace('T', ' '));
  const what = line`${history.lives.all.length} keys of ${ownersIn(demo)} owners and ${clean(events.toLocaleString('en'))} requests`;
  const holds = [line`  ${what}`, line`  from ${from} to ${until}Z, seed ${history.seed}`];
  if (dryRun) return joinLines([line`would make the database keyctl_demo`, ...holds]);
  const word = demo.made
    ? line`made the database keyctl_demo`
    : line`the database keyctl_demo is there already`;
  return joinLines([style.ok(line`${style.sign.ok} ${word}`), ...holds]);
}

interface Section {
  readonly heading: Safe;
  readonly lines: readonly { readonly purpose: string; readonly command: string }[];
}

function sectionsOf({ demo, program }: DemoGuide): Section[] {
  const { leak, lives } = demo.history;
  const leaked = leak.life.minted;
  const old = lives.rotation.old.minted.id;
  const command = (words: string) => `${program} ${words} --demo`;
  const reason = 'found in a public gist, ticket SEC-204';
  return [
    {
      heading: line`One key leaked, and somebody uses it. Its text was found in a public gist.`,
      lines: [
        {
          purpose: 'whose key is it, and is it alive?',
          command: `echo 'TOKEN=${leaked.token.reveal()}' | ${command('keys identify -')}`,
        },
        { purpose: 'what was done with it?', command: command(`audit endpoints ${leaked.id}`) },
        { purpose: 'from where?', command: command(`audit usage ${leaked.id} --by ip`) },
        { purpose: 'what is unusual, of all keys? (some seconds)', command: command('audit anomalies') },
        { purpose: 'stop it', command: command(`revoke ${leaked.id} --code leaked --reason "${reason}"`) },
        { purpose: 'would it still be accepted?', command: command(`keys explain ${leaked.id}`) },
        { purpose: 'what does the record say?', command: command(`audit log --key ${leaked.id}`) },
        { purpose: 'and is the record whole?', command: command('audit verify') },
      ],
    },
    {
      heading: line`The same, guided or on a screen: for a terminal`,
      lines: [
        { purpose: 'all of it, step by step', command: command('incidents run --playbook compromise') },
        { purpose: 'incidents: what burns, and what comes next', command: command('incidents triage') },
        { purpose: 'keys by risk, and why', command: command('audit review') },
      ],
    },
    {
      heading: line`A rotation is under way, and two machines still use the old key.`,
      lines: [
        { purpose: 'both keys and what became of them', command: command(`keys lineage ${old}`) },
        { purpose: 'which machines are late?', command: command(`audit usage ${old} --by ip --since 2h`) },
      ],
    },
    {
      heading: line`And among the rest`,
      lines: [
        { purpose: 'what ended, and how', command: command('keys list --status suspended,expired,revoked') },
        { purpose: 'what nobody uses', command: command('keys list --unused 30d') },
        { purpose: 'who did what', command: command('audit log') },
      ],
    },
  ];
}

function footer({ program }: DemoGuide): Safe[] {
  return [
    line`It is a database of its own: nothing you do there touches another one, and all`,
    line`of it is made up. Anew, with a history that ends now:`,
    line`  ${clean(program)} demo --fresh`,
  ];
}

function ownersIn(demo: Demo): number {
  return new Set(demo.history.lives.all.map((life) => life.family.owner)).size;
}
