import { parseArgs } from 'node:util';
import { openEmbedded } from '../../../src/db/embedded/open.js';

/** The smallest program that uses the embedded database: opens it, says as what it answered, and ends. */
const { positionals } = parseArgs({ allowPositionals: true });
const [dataHome = '', create = ''] = positionals;
const settings = { kind: 'embedded', database: 'keyctl', dataHome } as const;
const connection = await openEmbedded(settings, { timeoutMs: 30_000, create: create === 'create' });
process.stdout.write(`${connection.target.role} on ${connection.target.serverVersion}\n`);
await connection.close();
