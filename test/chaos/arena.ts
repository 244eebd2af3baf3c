import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { Sql } from 'postgres';
import { fingerprint, hashScheme, mintToken, verifierOf } from '../../src/domain/token.js';
import { type Oracle, openOracle } from './oracle/oracle.js';

/** Where keys are rotated and faults happen: one database, one directory, and the oracle that watches both. */
export interface Arena {
  readonly sql: Sql;
  /** bin/keyctl of a build that obeys KEYCTL_FAILPOINT. */
  readonly keyctl: string;
  /** Of a process that works on the database. */
  readonly env: Readonly<Record<string, string>>;
  readonly oracle: Oracle;
  /** A key in use, with the file in which somebody holds it. */
  plantKey(): Promise<PlantedKey>;
  /** A place of that kind for one more secret; an env file has the key's own in it. */
  newSink(kind: SinkKind, key: PlantedKey): Promise<Destination>;
}

export const sinkKinds = ['file', 'env', 'age', 'exec', 'stdout'] as const;
export type SinkKind = (typeof sinkKinds)[number];

export interface PlantedKey {
  readonly id: string;
  readonly directory: string;
  /** Of the key as it was planted. */
  readonly token: string;
}

export interface Destination {
  readonly kind: SinkKind;
  /** What follows `--deliver`. */
  readonly flag: string;
  /** Where the secret stands when it was delivered. */
  readonly file: string;
}

export interface ArenaGround {
  readonly sql: Sql;
  readonly keyctl: string;
  readonly env: Readonly<Record<string, string>>;
  /** Empty. */
  readonly directory: string;
}

/** Stands for a vault: what is staged lies beside what is in use, and a commit moves it there, however often it is told to. */
const hook = `#!/bin/sh
umask 077
case "$KEYCTL_PHASE" in
  stage) cat >"$1.$KEYCTL_KEY_ID" ;;
  commit) test ! -e "$1.$KEYCTL_KEY_ID" || mv "$1.$KEYCTL_KEY_ID" "$1" ;;
  discard) rm -f "$1.$KEYCTL_KEY_ID" ;;
esac
`;

export async function openArena({ sql, keyctl, env, directory }: ArenaGround): Promise<Arena> {
  const envFiles: string[] = [];
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const hookFile = join(directory, 'hook');
  await writeFile(hookFile, hook, { mode: 0o700 });
  const keys = join(directory, 'keys');
  await mkdir(keys);
  const grounds = { sql, directories: [keys], envFiles: () => envFiles, ageIdentity: identity };
  return {
    sql,
    keyctl,
    env,
    oracle: openOracle(grounds),
    plantKey: () => plantKey(sql, keys),
    async newSink(kind, key) {
      const name = `${kind}-${randomUUID().slice(0, 8)}`;
      const file = join(key.directory, name);
      if (kind === 'env') {
        await writeFile(file, `PORT=8080\nAPI_KEY=${key.token}\nHOST=x\n`, { mode: 0o600 });
        envFiles.push(file);
      }
      return { kind, file, flag: destinationFlag(kind, file, { recipient, hookFile }) };
    },
  };
}

function destinationFlag(
  kind: SinkKind,
  file: string,
  { recipient, hookFile }: { readonly recipient: string; readonly hookFile: string },
): string {
  switch (kind) {
    case 'stdout':
      return 'stdout';
    case 'file':
      return `file:${file}`;
    case 'env':
      return `env:${file}#API_KEY`;
    case 'age':
      return `age:${recipient}>${file}`;
    case 'exec':
      return `exec:${hookFile} ${file}`;
  }
}

/** Minted as keyctl does it and brought to life by the kernel, so that its audit rows are there. */
async function plantKey(sql: Sql, under: string): Promise<PlantedKey> {
  const { token, id, prefix } = mintToken('kc', (size) => randomBytes(size));
  const salt = randomBytes(16);
  const key = {
    ...{ id, prefix, hash_scheme: hashScheme, fingerprint: fingerprint(token) },
    salt: salt.toString('hex'),
    verifier: Buffer.from(verifierOf(token, salt)).toString('hex'),
  };
  const directory = join(under, id);
  await mkdir(directory);
  await chmod(directory, 0o700);
  await writeFile(join(directory, 'first'), token.reveal(), { mode: 0o600 });
  const operation = randomUUID();
  const settings = { name: `planted-${id.slice(4)}`, scopes: ['workflow:read'] };
  await sql`select keyctl.create_key(${operation}::uuid, '{}'::jsonb, ${JSON.stringify(key)}::text::jsonb, null,
    ${JSON.stringify(settings)}::text::jsonb)`;
  await sql`select keyctl.activate_key(${operation}::uuid, '{}'::jsonb, ${id}, '{planted}')`;
  return { id, directory, token: token.reveal() };
}

/** The id of the key in use of a planted key's family, however often it was rotated. */
export async function keyInUse(sql: Sql, planted: PlantedKey): Promise<string> {
  const [row] =
    await sql`select id from keyctl.api_keys where family_id = ${planted.id} and status = 'active'`;
  return String(row?.id);
}
