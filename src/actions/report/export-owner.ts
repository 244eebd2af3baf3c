import { exportOwner as recordExport } from '../../db/kernel-owner.js';
import type { KeyRow } from '../../db/reads/keys.js';
import {
  auditOfOwner,
  keysOfOwnerId,
  type Mention,
  type Owner,
  type OwnersUsage,
  ownerById,
  ownerMentions,
  usageOfOwner,
} from '../../db/reads/report-owner.js';
import { type Context, changeOf } from '../context.js';
import { named } from './forget-owner.js';

/** Everything that is stored about one person. */
export interface OwnerExport {
  readonly operationId: string;
  readonly auditSeq: number;
  readonly owner: Owner | null;
  readonly keys: readonly KeyRow[];
  readonly usage: readonly OwnersUsage[];
  readonly audit: readonly Readonly<Record<string, unknown>>[];
  readonly mentions: readonly Mention[];
}

/**
 * Records the export, then reads: what was given out always stands in the record. Keys are given without anything that
 * proves them. Needs keyctl_auditor or keyctl_admin. @throws KeyctlError 3
 */
export async function exportOwner(ctx: Context, email: string): Promise<OwnerExport> {
  const { owner_id: ownerId, audit_seq: auditSeq } = await named(ctx.db, email, () =>
    ctx.db.change(ctx.operationId, (db) => recordExport(db, changeOf(ctx), { email })),
  );
  return {
    operationId: ctx.operationId,
    auditSeq,
    owner: await ctx.db.query((db) => ownerById(db, ownerId)),
    keys: await ctx.db.query((db) => keysOfOwnerId(db, ownerId)),
    usage: await ctx.db.query((db) => usageOfOwner(db, ownerId)),
    audit: await ctx.db.query((db) => auditOfOwner(db, ownerId)),
    mentions: await ctx.db.query((db) => ownerMentions(db, email)),
  };
}
