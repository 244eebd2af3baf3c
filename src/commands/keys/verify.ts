import type { Command } from 'commander';
import type { Circumstances } from '../../db/kernel-decisions.js';
import { targetName } from '../../db/settings.js';
import { parseIp } from '../../domain/cidr.js';
import { exitCodes, usageError } from '../../domain/errors.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { parseScope } from '../../domain/scope.js';
import type { Runtime } from '../../runtime/runtime.js';
import { readToken } from '../../runtime/token-input.js';
import { newCommand } from '../new-command.js';

interface VerifyFlags {
  readonly ip?: string;
  readonly scope?: string;
  readonly workspace?: string;
  readonly model?: string;
  readonly feature?: string;
}

const asked = ['ip', 'scope', 'workspace', 'model', 'feature'] as const;

export function verifyCommand(rt: Runtime): Command {
  const text = (flag: string, example: string) => (raw: string) =>
    parsePlainText(flag, raw, { max: 200, example: `${flag} ${example}` });
  return newCommand(rt, 'verify')
    .summary('is this token valid, and if not, why?')
    .description(
      'Read a token from stdin, or ask for it without showing it, and say whether it would be accepted now (0) or not (7), ' +
        'and why. What is not asked about is not judged; rates a minute are counted by gateways and never here.',
    )
    .option('--ip <address>', 'for a request from this address', (raw) => parseIp('--ip', raw))
    .option('--scope <scope>', 'for a request that needs this scope', (raw) => parseScope('--scope', raw))
    .option('--workspace <id>', 'for a request to this workspace', text('--workspace', 'acme'))
    .option('--model <name>', 'for a request to this model', text('--model', 'small-1'))
    .option('--feature <name>', 'for a request to this feature', text('--feature', 'export'))
    .action(async (flags: VerifyFlags) => {
      const { verifyToken } = await import('../../actions/verify-token.js');
      const { verifiedToken } = await import('../../render/verified-token.js');
      const token = await readToken(rt, { limitMs: rt.flags.timeoutMs });
      if (token === null) {
        throw usageError(
          'stdin',
          'a token is read from there, and it is empty',
          'printf %s "$TOKEN" | keyctl keys verify',
        );
      }
      const circumstances: Circumstances = { ...flags };
      await rt.withContext({}, async (ctx) => {
        const verified = await verifyToken(ctx, token, circumstances);
        const notAsked = asked.filter((name) => flags[name] === undefined).map((name) => `--${name}`);
        await rt.print(verifiedToken, { ...verified, notAsked, where: targetName(ctx.db.target) });
        if (verified.decision !== 'ok') rt.exitWith(exitCodes.check);
      });
    });
}
