import { spawnSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { knownWords } from '../../src/commands/known-words.js';
import { everyCommand } from '../../src/commands/new-command.js';
import { buildProgram } from '../../src/program.js';
import { createRuntime } from '../../src/runtime/runtime.js';
import { fakeMachine, runCommand } from '../support/fake-machine.js';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** Where the scripts of all shells lie, `keyctl.bash`, and some files to be completed. */
let place: string;
const script = (shell: Shell) => join(place, `keyctl.${shell}`);

beforeAll(async () => {
  place = await mkdtemp(join(inject('scratch'), 'completion-'));
  for (const shell of shells) {
    // A database that nobody answers for: none is asked.
    const ran = await runCommand(['completion', shell], {
      env: { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' },
    });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    await writeFile(script(shell), ran.stdout);
  }
  await writeFile(join(place, 'leak one.txt'), '');
});

function shellSays(shell: Shell, given: readonly string[]): string[] {
  // Bash reads the user's own file when stdin looks like a connection.
  const args = shell === 'bash' ? ['--norc', ...given] : given;
  const ran = spawnSync(shell, args, { encoding: 'utf8', cwd: place, env: { PATH: process.env.PATH } });
  expect({ args, stderr: ran.stderr, status: ran.status }).toEqual({ args, stderr: '', status: 0 });
  return ran.stdout.split('\n').slice(0, -1);
}

/** What readline makes of a line: blanks part words, and signs of COMP_WORDBREAKS are words of their own. */
const wordsOf = (text: string) => [...text.matchAll(/[=:]+|[^\s=:]+|(?<=\s)$/g)].map(([word]) => word);

/** What bash offers at the end of a line; the function is called as bash calls it. */
function inBash(text: string, name = 'keyctl'): string[] {
  const words = wordsOf(text);
  const call = `source "$0"; COMP_LINE=$1 COMP_POINT=\${#1}; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _${name}; for each in "\${COMPREPLY[@]}"; do echo "$each"; done`;
  return shellSays('bash', ['-c', call, script('bash'), text, ...words]);
}

const inFish = (text: string) =>
  shellSays('fish', ['-N', '-c', 'source $argv[1]; complete -C $argv[2]', script('fish'), text]).map((each) =>
    each.replace(/\t.*/, ''),
  );

const has = (shell: Shell) => spawnSync(shell, ['-c', 'true']).status === 0;
const codes = ['leaked', 'departed', 'policy', 'abuse', 'superseded', 'mistake', 'other'];
const formats = ['table', 'json', 'ndjson', 'csv', 'ids'];

const lines: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ['keyctl rev', ['revoke']],
  ['keyctl audit ver', ['verify']],
  ['keyctl audit findings es', ['escalate']],
  ['keyctl revoke --cod', ['--code']],
  ['keyctl revoke --c', ['--code', '--color']],
  ['keyctl revoke --code ', codes],
  ['keyctl -o ', formats],
  ['keyctl keys list --output n', ['ndjson']],
  ['keyctl audit usage --by e', ['endpoint']],
  ['keyctl audit report m', ['monthly']],
  ['keyctl audit export --format ', ['ndjson', 'csv', 'ocsf', 'cef']],
  ['keyctl incidents open --severity ', ['critical', 'high', 'medium', 'low']],
  ['keyctl completion ', ['bash', 'zsh', 'fish']],
  // A flag's value is no command.
  ['keyctl --actor revoke au', ['audit']],
  ['keyctl --actor=revoke au', ['audit']],
  ['keyctl --demo audit ver', ['verify']],
  // Several values, perhaps a value, values by their place.
  ['keyctl incidents list --severity high cr', ['critical']],
  ['keyctl keys list --due --ol', ['--older-than']],
  ['keyctl incidents mark INC-3 con', ['contained']],
  ['keyctl db roles grant alice keyctl_a', ['keyctl_admin', 'keyctl_auditor']],
  // A group that does something by itself, too.
  ['keyctl rotate alice-prod --gr', ['--grace']],
  ['keyctl rotate ex', ['extend']],
  ['keyctl rotate alice-prod ex', []],
  ['keyctl revoke -- --c', []],
  ['keyctl help de', ['demo', 'detectors']],
  ['keyctl help audit ex', ['export', 'exfil']],
  ['keyctl keys create --deliver ', ['stdout', 'file:', 'env:', 'age:', 'exec:']],
  ['keyctl audit ingest leak', ['leak one.txt']],
];

describe.each<[Shell, (text: string) => string[]]>([
  ['bash', inBash],
  ['fish', inFish],
])('the script, run by %s', (shell, offered) => {
  it.skipIf(!has(shell)).each(lines)(
    `offers at "%s" what can follow (skipped without ${shell})`,
    (...each) => {
      const [text, offers] = each;
      // fish escapes what it inserts, bash leaves that to readline.
      const plain = offered(text).map((choice) => choice.replaceAll('\\', ''));
      expect(plain.sort()).toEqual([...offers].sort());
    },
  );
});

describe('the script for bash', () => {
  it('gives what stands behind = and : alone, as readline asks for it', () => {
    expect(inBash('keyctl revoke --code=le')).toEqual(['leaked']);
    expect(inBash('keyctl revoke --code=')).toEqual(codes);
    expect(inBash('keyctl keys create --deliver file:keyctl.b')).toEqual(['keyctl.bash']);
    expect(inBash('keyctl keys create --deliver=file:keyctl.b')).toEqual(['keyctl.bash']);
  });

  it('offers no file where none can stand, and folders alone where only they can', () => {
    expect(inBash('keyctl revoke ')).toEqual([]);
    expect(inBash('keyctl rotate --deliver-dir key')).toEqual([]);
  });

  it.each([['keys'], ['rotate'], ['audit'], ['incidents'], ['db']])(
    'knows the commands and flags that `%s --help` lists',
    async (group) => {
      const { stdout } = await runCommand([group, '--help']);
      const listed = /\nCommands:\n((?: {2}.*\n)+)/.exec(stdout)?.[1] ?? '';
      const names = [...listed.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name);
      expect(names.length).toBeGreaterThan(4);
      expect(inBash(`keyctl ${group} `)).toEqual(names);
      const [first = ''] = names;
      const flags = [
        ...(await runCommand([group, first, '--help'])).stdout.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm),
      ];
      expect(inBash(`keyctl ${group} ${first} --`)).toEqual(
        expect.arrayContaining(flags.map(([, flag]) => flag)),
      );
    },
  );
});

describe('the script', () => {
  it.skipIf(!has('zsh'))('can be read by zsh (skipped without zsh)', () => {
    expect(shellSays('zsh', ['-n', script('zsh')])).toEqual([]);
  });

  it.skipIf(!has('fish'))('can be read by fish (skipped without fish)', () => {
    expect(shellSays('fish', ['-n', script('fish')])).toEqual([]);
  });

  it('serves both names of the program, or the one that is told', async () => {
    expect(
      shellSays('bash', ['-c', `source "$0"; complete -p keyctl apikeyctl`, script('bash')]),
    ).toHaveLength(2);
    for (const [shell, line] of [
      ['bash', 'complete -F _apikeyctl apikeyctl'],
      ['zsh', '#compdef apikeyctl'],
      ['fish', "complete -c apikeyctl -f -a '(__apikeyctl_complete)'"],
    ] as const) {
      const { stdout } = await runCommand(['completion', shell, '--name', 'apikeyctl']);
      expect(stdout.split('\n')).toContain(line);
      // keyctl is somebody else's there; only what our own words say may name it.
      expect(stdout).not.toMatch(/^(complete|compdef).*[ _]keyctl\b/m);
    }
  });

  it('comes as JSON too, the same', async () => {
    const { stdout } = await runCommand(['completion', 'bash']);
    const json = JSON.parse((await runCommand(['completion', 'bash', '--json'])).stdout);
    expect(json).toEqual({ shell: 'bash', names: ['keyctl', 'apikeyctl'], script: stdout });
  });

  it('says in its help how it is installed, in 80 columns', async () => {
    const { code, stdout } = await runCommand(['completion', '--help']);
    expect(code).toBe(0);
    for (const shell of shells) expect(stdout).toContain(`keyctl completion ${shell}`);
    expect(stdout).toContain('keyutils');
    expect(stdout.split('\n').filter((text) => text.length > 80)).toEqual([]);
  });
});

it.each([
  [[], /missing required argument 'shell'/],
  [['tcsh'], /'tcsh' is invalid.*Allowed choices are bash, zsh, fish/],
  [['bash', '--name', 'kctl'], /'kctl' is invalid.*Allowed choices are keyctl, apikeyctl/],
])('refuses %j with 2', async (args, says) => {
  const ran = await runCommand(['completion', ...args]);
  expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(says) });
  expect(ran.stderr).toContain('try: keyctl completion --help');
});

describe('words that are known of values', () => {
  let program: Command;
  beforeAll(async () => {
    program = await buildProgram(createRuntime(fakeMachine()), everyCommand);
  });

  interface Taking {
    readonly place: string;
    readonly parse: ((text: string) => unknown) | undefined;
  }

  /** Every place of the tree that takes a value: by flag, by command and flag, by command and number. */
  function taking(command: Command, path: string): Taking[] {
    const flags = command.options.flatMap(({ long, parseArg }) =>
      [`${long}`, `${path} ${long}`].map((at) => ({ place: at, parse: parser(parseArg) })),
    );
    const values = command.registeredArguments.map(({ parseArg }, at) => ({
      place: `${path} ${at}`,
      parse: parser(parseArg),
    }));
    const below = command.commands.flatMap((leaf) => taking(leaf, `${path} ${leaf.name()}`.trim()));
    return [...flags, ...values, ...below];
  }

  function parser(parse: unknown): Taking['parse'] {
    return typeof parse === 'function' ? (text) => parse(text, undefined) : undefined;
  }

  it.each(Object.entries(knownWords))('%s takes them', (place, words) => {
    const fit = taking(program, '').filter((each) => each.place === place);
    expect(fit).not.toEqual([]);
    expect(words.length).toBeGreaterThan(0);
    // Words that only begin a value are none yet.
    for (const word of words.filter((each) => !each.endsWith(':')))
      for (const { parse } of fit) expect(() => parse?.(word)).not.toThrow();
  });
});
