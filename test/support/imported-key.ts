import { createHash } from 'node:crypto';
import type { Connection } from '../../src/db/connect.js';

/** A key of another system, imported with the SHA-256 of its token: what proves it. Answers its id. */
export async function importedKey({ sql }: Connection, id: string, token: string): Promise<string> {
  const digest = createHash('sha256').update(token).digest('hex');
  await sql`insert into keyctl.api_keys (id, name, status, version, family_id, origin, created_by, activated_at, digest,
      fingerprint, external_id)
    values (${id}, ${`imported ${id}`}, 'active', 1, ${id}, 'imported', 'test', clock_timestamp(), decode(${digest}, 'hex'),
      ${`sha256:${digest.slice(0, 16)}`}, ${`external-${id}`})`;
  return id;
}
