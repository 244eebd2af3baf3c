import type { LogProgress } from '../../actions/read-log.js';
import { progressLine } from '../../render/ingestion.js';
import type { OpenLog } from '../../runtime/log-input.js';
import type { Runtime } from '../../runtime/runtime.js';

const everyMs = 200;

/** One line on stderr that is written over, on a terminal only; it is gone when all is done. */
export function showProgress(rt: Runtime, log: OpenLog) {
  const { machine, flags } = rt;
  const shown = machine.terminal.stderr && !flags.quiet;
  const start = machine.monotonicMs();
  let last = start;
  let drawn = false;
  return {
    show({ events, rejected }: LogProgress): void {
      const now = machine.monotonicMs();
      if (!shown || now - last < everyMs) return;
      last = now;
      drawn = true;
      const share = log.size === null || log.size === 0 ? null : Math.min(1, log.bytesRead() / log.size);
      const seconds = (now - start) / 1000;
      const { columns } = machine.terminal;
      machine.stderr.write(`\r${progressLine({ events, rejected, share, seconds, columns })}\x1b[K`);
    },
    end(): void {
      if (drawn) machine.stderr.write('\r\x1b[K');
    },
  };
}
