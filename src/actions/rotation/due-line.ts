import type { DueKey } from '../../db/reads/due-keys.js';
import type { EndedKey } from '../../db/reads/unfinished-rotations.js';
import type { KeyctlError } from '../../domain/errors.js';
import type { RotationResult, RotationTarget } from './rotation-order.js';

/** What `rotate due` tells of one key, after it happened. */
export type DueLine =
  | {
      readonly kind: 'rotation';
      /** Begun by an earlier run, finished by this one. */
      readonly resumed: boolean;
      readonly result: RotationResult;
    }
  /** Its time was over; that is written down now. */
  | {
      readonly kind: 'ended';
      readonly outcome: 'finalized' | 'retired' | 'suspended';
      readonly key: EndedKey;
    }
  /** An earlier run died before delivering its successor, whose secret is nowhere; the key is as it was. */
  | {
      readonly kind: 'aborted';
      readonly operationId: string;
      readonly target: RotationTarget;
      readonly rotationId: string;
      readonly successorId: string;
      readonly auditSeq: number | null;
    }
  /** Due, but nobody rotates it by date. */
  | { readonly kind: 'exempt'; readonly key: DueKey };

/** Why keys may be due still. */
export type DueStop = 'interrupted' | 'sink_gone' | 'database_lost' | 'max';

/** Lines that became true together; `stop` only on the last page. */
export interface DuePart {
  readonly lines: readonly DueLine[];
  readonly stop?: DueStop;
}

/** The error of a line that counts as a failure; null for what went well, and for what is nobody's fault. */
export function lineFailure(line: DueLine): KeyctlError | null {
  return line.kind === 'rotation' && line.result.outcome !== 'skipped' ? line.result.error : null;
}
