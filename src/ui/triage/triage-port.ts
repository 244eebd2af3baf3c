import type { TriageDetail, TriagePicture, TriageUse } from '../../domain/triage.js';
import type { Safe } from '../../render/terminal-text.js';
import type { ChangeOutcome } from '../kit/notice.js';

/** A change that was asked for, with everything it needs. */
export type TriageChange =
  | { readonly kind: 'acknowledge'; readonly incidentId: string }
  /** Null: nobody leads it any more. */
  | { readonly kind: 'assign'; readonly incidentId: string; readonly lead: string | null }
  | { readonly kind: 'note'; readonly incidentId: string; readonly note: string }
  | {
      readonly kind: 'suspend';
      readonly incidentId: string;
      readonly keyIds: readonly string[];
      readonly reason: string;
      /** Null: until somebody resumes them. */
      readonly forSeconds: number | null;
    }
  | {
      readonly kind: 'revoke';
      readonly incidentId: string;
      readonly keyIds: readonly string[];
      readonly reason: string;
      readonly code: string;
    }
  /** `key` as it was typed. */
  | {
      readonly kind: 'link';
      readonly incidentId: string;
      readonly key: string;
      readonly reason: string | null;
    }
  | { readonly kind: 'escalate'; readonly findingIds: readonly string[] };

export type TriageChangeKind = TriageChange['kind'];

/** What the board asks of the world. Errors reject with a message for people. */
export interface TriagePort {
  /** Host, database and role. */
  readonly place: Safe;
  readonly readOnly: boolean;
  /** `keyctl`, with the global flags that this screen was started with. */
  readonly program: string;
  /** Who sits here: offered as the lead. */
  readonly me: string;
  now(): number;
  load(): Promise<TriagePicture>;
  detail(incidentId: string): Promise<TriageDetail>;
  use(incidentId: string, keyIds: readonly string[]): Promise<TriageUse>;
  /** What would break without these keys, as `keyctl revoke` shows it. */
  card(keyIds: readonly string[], columns: number): Promise<readonly Safe[]>;
  change(change: TriageChange): Promise<ChangeOutcome>;
}

/** A walk through an incident, for which the board makes way. */
export interface Walk {
  readonly incidentId: string;
  /** Only this step; null: from where it stands to where somebody leaves it. */
  readonly step: string | null;
}
