import { keysToReplace, replace } from '../../../actions/incidents/walkthrough/replace.js';
import type { KeyRow } from '../../../db/reads/keys.js';
import { parseDestination } from '../../../domain/destination.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import { clean, joinLines, line } from '../../../render/terminal-text.js';
import { deliveryDirectory } from '../../../runtime/delivery-places.js';
import { type SecretPlaces, secretPlaces } from '../../rotate/secret-places.js';
import { type AskStep, askWhich, reasonOf, requireYes, type StepAsked, type StepWork } from './asked.js';

/** Where the new secrets go; encrypted for their owners is suggested. */
export const askReplace: AskStep = async (asked) => {
  const { rt, flags, walk } = asked;
  requireYes(asked);
  const rows = await rt.withContext({}, (ctx) => keysToReplace(ctx, walk));
  const { deliver, deliverDir } = flags;
  if (rows.length === 0) return work(asked, rows, await places(asked, { deliver: ['stdout'] }, false));
  const given = deliver !== undefined || deliverDir !== undefined;
  if (!given && !rt.canAsk) throw noPlace(asked);
  const where = given
    ? { ...(deliver ? { deliver } : {}), ...(deliverDir ? { deliverDir } : {}) }
    : await askPlace(asked, rows);
  if (where === 'skip' || where === 'leave') return where;
  return work(asked, rows, await places(asked, where, rows.length > 1));
};

interface Where {
  readonly deliver?: readonly string[];
  readonly deliverDir?: string;
}

function places({ rt }: StepAsked, { deliver, deliverDir }: Where, several: boolean): Promise<SecretPlaces> {
  return secretPlaces(
    rt,
    {
      ...(deliver === undefined
        ? {}
        : { deliver: deliver.map((text) => parseDestination('--deliver', text)) }),
      ...(deliverDir === undefined ? {} : { deliverDir }),
    },
    { several },
  );
}

function work(asked: StepAsked, rows: readonly KeyRow[], to: SecretPlaces): StepWork {
  const keyIds = rows.map(({ key }) => key.id);
  const { sinksFor, after } = to;
  return (inside, walk) => replace(inside, walk, { keyIds, sinksFor, after, reason: reasonOf(asked) });
}

async function askPlace({ rt }: StepAsked, rows: readonly KeyRow[]): Promise<Where | 'skip' | 'leave'> {
  rt.warn(
    joinLines(
      rows.map(
        ({ key, owner }) => line`  ${clean(key.id)}  ${clean(key.name)}  ${clean(owner?.email ?? '')}`,
      ),
    ),
  );
  const several = rows.length > 1;
  const which = await askWhich(
    rt,
    several
      ? line`${rows.length} keys get a successor. Where do the secrets go?`
      : line`It gets a successor. Where does the secret go?`,
    [
      several
        ? {
            value: 'dir' as const,
            name: line`into a directory`,
            description: line`a file for each, readable by you alone`,
          }
        : {
            value: 'sink' as const,
            name: line`to its owner, or its place`,
            description: line`age:RECIPIENT>FILE (encrypted), file:, env:, exec:`,
          },
      {
        value: 'show' as const,
        name: line`show it here, once`,
        description: line`it stays in the scrollback of this terminal`,
      },
    ],
  );
  if (which === 'show') return {};
  if (which === 'sink') return { deliver: [await askSink(rt)] };
  return which === 'dir' ? { deliverDir: await askDirectory(rt) } : which;
}

async function askSink(rt: StepAsked['rt']): Promise<string> {
  const message = line`Where to (age:RECIPIENT>FILE is encrypted for its owner):`;
  return await rt.prompts.text(message, { check: checked((text) => parseDestination('--deliver', text)) });
}

async function askDirectory(rt: StepAsked['rt']): Promise<string> {
  return await rt.prompts.text(line`Directory for the secrets:`, {
    check: checked((text) => deliveryDirectory(rt, text)),
  });
}

/** True, or what is wrong with it and a right one. */
function checked(parse: (text: string) => unknown): (text: string) => true | string {
  return (text) => {
    try {
      parse(text);
      return true;
    } catch (error) {
      if (!(error instanceof KeyctlError)) throw error;
      return `${error.message}. For example: ${error.hint ?? ''}`;
    }
  };
}

function noPlace({ walk, step }: StepAsked): KeyctlError {
  return new KeyctlError({
    code: 'no_sink',
    message: 'the new secret has nowhere to go; nothing was created',
    hint: `keyctl incidents run ${walk.row.incident_id} --step ${step.name} --deliver 'age:RECIPIENT>FILE' --yes`,
    exitCode: exitCodes.confirmation,
  });
}
