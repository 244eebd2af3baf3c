import type { BlockChange, NetworkRadius } from '../actions/block-ip.js';
import type { BlockAnswer, UnblockAnswer } from '../db/kernel-ip-blocks.js';
import type { IpBlock } from '../db/reads/ip-blocks.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { labelled } from './labelled.js';
import { counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `keys block-ip`. */
export const ipBlocked: Renderer<BlockChange<BlockAnswer>> = {
  text: ({ answer }, { style }) => {
    const until =
      answer.blocked_until === null
        ? line`until it is unblocked`
        : line`until ${clean(isoTime(answer.blocked_until))}`;
    const since = clean(isoTime(answer.blocked_at));
    return answer.outcome === 'blocked'
      ? style.ok(
          line`${style.sign.ok} ${clean(withMask(answer.cidr))} blocked ${since} ${until} · audit ${answer.audit_seq ?? 0}`,
        )
      : line`${style.sign.ok} ${clean(withMask(answer.cidr))} blocked already since ${since} ${until}: ${clean(answer.reason)}`;
  },
  json: ({ operationId, answer }) => ({
    operation_id: operationId,
    cidr: withMask(answer.cidr),
    outcome: answer.outcome,
    blocked_at: isoTime(answer.blocked_at),
    blocked_until: isoTime(answer.blocked_until),
    reason: answer.reason,
    audit_seq: answer.audit_seq,
  }),
};

/** `keys unblock-ip`. */
export const ipUnblocked: Renderer<BlockChange<UnblockAnswer>> = {
  text: ({ answer }, { style }) =>
    answer.outcome === 'unblocked'
      ? style.ok(
          line`${style.sign.ok} ${clean(withMask(answer.cidr))} unblocked · audit ${answer.audit_seq ?? 0}`,
        )
      : line`${style.sign.ok} ${clean(withMask(answer.cidr))} is not blocked (keyctl keys blocked-ips lists what is)`,
  json: ({ operationId, answer }) => ({
    operation_id: operationId,
    cidr: withMask(answer.cidr),
    outcome: answer.outcome,
    audit_seq: answer.audit_seq,
  }),
};

/** `keys unblock-ip --dry-run`. */
export const unblockPlan: Renderer<{ readonly cidr: string; readonly blocks: readonly IpBlock[] }> = {
  text: ({ cidr, blocks }, view) =>
    blocks.length === 0
      ? line`${clean(cidr)} is not blocked; nothing would be done`
      : joinLines([line`this block would end:`, tableText(columns, blocks, view)]),
  json: ({ blocks }) => ({ dry_run: true, count: blocks.length, blocked_ips: blocks.map(blockRecord) }),
  ids: ({ blocks }) => blocks.map((block) => block.cidr),
};

/** `keys blocked-ips`. */
export const ipBlocks: Renderer<readonly IpBlock[]> = {
  text: (blocks, view) =>
    blocks.length === 0 ? line`no network is blocked` : tableText(columns, blocks, view),
  json: (blocks) => ({ blocked_ips: blocks.map(blockRecord), next_cursor: null }),
  records: (blocks) => blocks.map(blockRecord),
  columns: ['cidr', 'blocked_at', 'blocked_by', 'blocked_until', 'reason'],
  ids: (blocks) => blocks.map((block) => block.cidr),
};

/** What would break: shown above the question, and by --dry-run alone. */
export const networkRadius: Renderer<NetworkRadius> = {
  text: ({ target, cidr, use }, view) => {
    const lines = [line`${view.style.strong(clean(cidr))}   ${view.style.muted(targetLine(target))}`];
    if (use === null) return joinLines([...lines, labelled(line`in use`, line`not known in time`, view)]);
    const total =
      use.requests === 0
        ? line`no request from there in 24 h`
        : line`${counted(use.requests, 'request')} in 24 h with ${counted(use.keys, 'key')}, ${grouped(use.accepted)} accepted`;
    lines.push(labelled(line`in use`, total, view));
    for (const [at, user] of use.users.entries()) {
      const shown = line`${clean(user.keyId)}  ${clean(user.name ?? '')}  ${grouped(user.accepted)} accepted of ${grouped(user.requests)}`;
      lines.push(labelled(at === 0 ? line`breaks` : line``, shown, view));
    }
    return joinLines(lines);
  },
  json: ({ cidr, use }) => ({
    dry_run: true,
    count: 1,
    cidr,
    last_day:
      use === null
        ? null
        : {
            requests: use.requests,
            accepted: use.accepted,
            keys: use.keys,
            most: use.users.map((user) => ({
              key_id: user.keyId,
              name: user.name,
              requests: user.requests,
              accepted: user.accepted,
            })),
          },
  }),
};

const columns: readonly Column<IpBlock>[] = [
  { heading: line`NETWORK`, cell: (block) => clean(block.cidr) },
  { heading: line`BLOCKED`, cell: (block, view) => clean(ago(new Date(isoTime(block.blockedAt)), view.now)) },
  { heading: line`BY`, cell: (block) => clean(block.blockedBy), shrinks: true },
  { heading: line`ENDS`, cell: endOf },
  { heading: line`REASON`, cell: (block) => clean(block.reason), shrinks: true },
];

function endOf({ blockedUntil }: IpBlock, view: View): Safe {
  return blockedUntil === null ? line`never` : clean(ago(new Date(isoTime(blockedUntil)), view.now));
}

function blockRecord(block: IpBlock): Record<string, Json> {
  return {
    cidr: block.cidr,
    blocked_at: isoTime(block.blockedAt),
    blocked_by: block.blockedBy,
    blocked_until: isoTime(block.blockedUntil),
    reason: block.reason,
  };
}

/** PostgreSQL writes a lone address without its mask; a network is written in one way everywhere. */
function withMask(cidr: string): string {
  if (cidr.includes('/')) return cidr;
  return cidr.includes(':') ? `${cidr}/128` : `${cidr}/32`;
}
