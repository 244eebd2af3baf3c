import { describe, expect, it } from 'vitest';
import { builtInPlaybooks, playbookFor } from '../../../src/domain/playbooks/built-in.js';
import { parsePlaybook } from '../../../src/domain/playbooks/parse-playbook.js';

const read = (text: string) => parsePlaybook('--playbook', 'team.json', text);

describe('a playbook of a team', () => {
  it('is read with what it leaves to the kinds of its steps', () => {
    expect(
      read(`{"name": "acme-leak", "type": "leak", "steps": [
        {"kind": "identify"},
        {"name": "call-legal", "kind": "task", "text": "call legal: +1 555 0100", "required": false},
        {"kind": "contain", "how": "suspend", "why": "the exporter runs at night"},
        {"kind": "close"}]}`),
    ).toEqual({
      name: 'acme-leak',
      summary: '',
      type: 'leak',
      steps: [
        { name: 'identify', kind: 'identify', required: true },
        { name: 'call-legal', kind: 'task', required: false, text: 'call legal: +1 555 0100' },
        {
          name: 'contain',
          kind: 'contain',
          required: true,
          how: 'suspend',
          why: 'the exporter runs at night',
        },
        { name: 'close', kind: 'close', required: true },
      ],
    });
  });

  it('every built-in playbook is one that a team could have written', () => {
    for (const playbook of builtInPlaybooks) expect(read(JSON.stringify(playbook))).toEqual(playbook);
  });

  it('every type of incident has one', () => {
    expect(playbookFor('departure').name).toBe('departure');
    expect(playbookFor('policy').name).toBe('compromise');
  });

  const steps = (...list: string[]) => `{"name": "x",\n "steps": [\n${list.join(',\n')}]}`;
  const bad: readonly (readonly [text: string, place: string, problem: string])[] = [
    ['{"name": "x",}', 'team.json:1:14', 'in quotes'],
    ['[]', 'team.json:1:1', 'a playbook is an object'],
    ['{"steps": []}', 'team.json:1:1', 'name: is missing'],
    ['{"name": "A B", "steps": []}', 'team.json:1:10', 'name: lower-case'],
    ['{"name": "x", "steps": {}}', 'team.json:1:24', 'steps: a list'],
    ['{"name": "x", "steps": []}', 'team.json:1:24', '1 to 50 steps'],
    ['{"name": "x", "type": "fire", "steps": []}', 'team.json:1:23', 'type: one of leak'],
    ['{"name": "x", "stepz": []}', 'team.json:1:24', 'stepz: no such field'],
    [
      steps('{"kind": "identify"}', '{"kind": "explode"}'),
      'team.json:4:10',
      'steps[1].kind: one of identify',
    ],
    [steps('{"kind": "task"}'), 'team.json:3:1', 'steps[0].text: is missing'],
    [steps('{"kind": "task", "text": 7}'), 'team.json:3:26', 'steps[0].text: a text'],
    [steps('{"kind": "identify", "text": "x"}'), 'team.json:3:30', 'only a step of kind task'],
    [steps('{"kind": "identify", "how": "revoke"}'), 'team.json:3:29', 'only a step of kind contain'],
    [steps('{"kind": "contain", "how": "nuke"}'), 'team.json:3:28', 'revoke or suspend'],
    [steps('{"kind": "contain", "required": "yes"}'), 'team.json:3:33', 'true or false'],
    [steps('{"kind": "contain", "name": "Stop!"}'), 'team.json:3:29', 'lower-case letters'],
    [steps('{"kind": "contain"}', '{"kind": "contain"}'), 'team.json:4:1', 'another step is called contain'],
    [steps('{"kind": "close"}', '{"kind": "learn"}'), 'team.json:3:1', 'closing comes last'],
    [steps('{"kind": "close", "name": "end"}'), 'team.json:3:1', 'called close'],
    [steps('"contain"'), 'team.json:3:1', 'a step is an object'],
    [steps('{"kind": "contain", "why": "a\\u001b[2Jb"}'), 'team.json:3:28', 'one line'],
  ];
  it.each(bad)('%s is refused (2) at %s: %s', (text, place, problem) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringContaining(`--playbook: ${place}: `),
      }),
    );
    expect(() => read(text)).toThrow(problem);
  });
});
