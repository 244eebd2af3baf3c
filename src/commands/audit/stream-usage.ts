import type { Context } from '../../actions/context.js';
import type { UsageWindow } from '../../actions/read-usage.js';
import type { StreamedUsage } from '../../actions/stream-usage.js';
import type { UsageScope } from '../../actions/usage-scope.js';
import { writeText } from '../../runtime/output.js';
import type { Runtime } from '../../runtime/runtime.js';

/** So few come sooner over the session that is open. */
const fewest = 1000;

/** Whether events are written as they leave the database, instead of being read page by page. */
export function isStreamed(rt: Runtime, limit: number): boolean {
  return rt.flags.output === 'ndjson' && limit >= fewest;
}

/** The newest events as NDJSON; the same lines as those of `printPages`. */
export async function streamEvents(
  rt: Runtime,
  ctx: Context,
  scope: UsageScope,
  window: UsageWindow & { readonly limit: number },
): Promise<StreamedUsage> {
  const { streamUsage } = await import('../../actions/stream-usage.js');
  const { usageEventLines } = await import('../../render/usage-event-lines.js');
  return await streamUsage(ctx, scope, window, {
    limit: window.limit,
    encoder: usageEventLines(),
    stallMs: rt.flags.timeoutMs,
    write: (bytes) => writeText(rt.machine.stdout, bytes),
  });
}
