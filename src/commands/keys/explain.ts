import type { Command } from 'commander';
import { parseIp } from '../../domain/cidr.js';
import { parseInstant } from '../../domain/instant.js';
import { parseScope } from '../../domain/scope.js';
import { plainText } from '../../domain/setting-values.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { keyMeant, typedOrSearched } from '../typed-keys.js';

interface ExplainFlags {
  readonly at?: Date;
  readonly ip?: string;
  readonly scope?: string;
  readonly workspace?: string;
  readonly model?: string;
  readonly feature?: string;
}

const example = 'keyctl keys explain key_7Q2mK9xZab3d --ip 198.51.100.17 --scope workflow:read';
const word = (flag: string, shown: string) => plainText(flag, { max: 200, example: `${flag} ${shown}` });

export function explainCommand(rt: Runtime): Command {
  return newCommand(rt, 'explain')
    .summary('why a key would be accepted or refused')
    .description(
      'Why would this key be accepted or refused, now or at another time, and when does that change by itself? ' +
        'What is not asked about is not judged.',
    )
    .argument('[key]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .option('--at <time>', 'at that time: RFC 3339, a date, or a duration back from now', (text) =>
      parseInstant('--at', text, rt.machine.now()),
    )
    .option('--ip <address>', 'from this address', (text) => parseIp('--ip', text))
    .option('--scope <scope>', 'for this scope', (text) => parseScope('--scope', text))
    .option('--workspace <id>', 'in this workspace', word('--workspace', 'ws_research'))
    .option('--model <model>', 'with this model', word('--model', 'small-2'))
    .option('--feature <feature>', 'with this feature', word('--feature', 'export'))
    .action(async (typed: string | undefined, flags: ExplainFlags) => {
      const keys = await typedOrSearched(rt, typed === undefined ? [] : [typed], example);
      const { explainKey } = await import('../../actions/explain-key.js');
      const { explanation } = await import('../../render/explanation.js');
      const { at, ...circumstances } = flags;
      await rt.withContext({}, async (ctx) => {
        const { row } = await keyMeant(rt, ctx, keys);
        const request = { ...requestOf(circumstances), at: at?.toISOString() ?? null };
        await rt.print(explanation, await explainKey(ctx, row, request));
      });
    });
}

function requestOf({ ip, scope, workspace, model, feature }: Omit<ExplainFlags, 'at'>) {
  return {
    ip: ip ?? null,
    scope: scope ?? null,
    workspace: workspace ?? null,
    model: model ?? null,
    feature: feature ?? null,
  };
}
