import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Makes two authorities and, signed by the first, a certificate for a server that is `db.keyctl.test`, `localhost` and
 * 127.0.0.2, but not 127.0.0.1; and one for the client `test_viewer`. By openssl, because Node can read certificates but
 * not make them. Answers the server's settings, or null where there is no openssl.
 */
export async function certificateSettings(directory: string): Promise<string[] | null> {
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: directory });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    await openssl('version');
  } catch {
    return null;
  }
  for (const name of ['ca', 'other-ca']) {
    await openssl(
      'req',
      '-x509',
      ...ec,
      '-days',
      '2',
      '-subj',
      `/CN=keyctl test ${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    );
  }
  await writeFile(at('server.ext'), 'subjectAltName=DNS:db.keyctl.test,DNS:localhost,IP:127.0.0.2\n');
  await writeFile(at('client.ext'), 'extendedKeyUsage=clientAuth\n');
  for (const [name, subject] of [
    ['server', 'db.keyctl.test'],
    ['client', 'test_viewer'],
  ] as const) {
    await openssl('req', ...ec, '-subj', `/CN=${subject}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    await openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.crt`,
    );
    await chmod(at(`${name}.key`), 0o600);
  }
  return [
    'ssl=on',
    `ssl_cert_file=${at('server.crt')}`,
    `ssl_key_file=${at('server.key')}`,
    `ssl_ca_file=${at('ca.crt')}`,
  ];
}
