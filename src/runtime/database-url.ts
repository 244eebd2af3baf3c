import { configError, type KeyctlError } from '../domain/errors.js';
import { checked, type Setting, type Settings } from './libpq.js';

/**
 * The settings in a `postgres://user:password@host:port/dbname?keyword=value` URL, by libpq's keywords. `from` names the
 * variable or file it came from; no message repeats any part of the URL, since a mistyped one may show the password anywhere.
 * @throws KeyctlError 78 for what is no such URL, and for a parameter that keyctl does not support.
 */
export function urlSettings(text: string, from: string): Settings {
  const url = parsed(text, from);
  const found = new Map<string, Setting>();
  const put = (keyword: string, value: string, what: string): void => {
    if (value !== '') found.set(keyword, checked(keyword, { value, from: `${what} in ${from}` }));
  };
  put('host', decoded(url.hostname.replace(/^\[(.*)\]$/, '$1'), from), 'the host');
  put('port', url.port, 'the port');
  put('user', decoded(url.username, from), 'the user');
  put('password', decoded(url.password, from), 'the password');
  put('dbname', decoded(url.pathname.slice(1), from), 'the database');
  for (const [keyword, value] of url.searchParams) put(keyword, value, keyword);
  return found;
}

function parsed(text: string, from: string): URL {
  const authority = /^postgres(?:ql)?:\/\/([^/?#]*)/.exec(text);
  if (authority === null) throw malformed(from, 'does not begin with postgres://');
  if (authority[1]?.replace(/^.*@/, '').includes(','))
    throw malformed(from, 'names several hosts; keyctl takes one');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw malformed(from, 'is not a valid URL');
  }
  if (url.hash !== '') throw malformed(from, 'contains a # that is not percent-encoded');
  return url;
}

function decoded(text: string, from: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed(from, 'contains a % that is not percent-encoded');
  }
}

function malformed(from: string, problem: string): KeyctlError {
  return configError(
    'bad_database_url',
    `${from} ${problem}`,
    'postgres://USER@HOST:5432/DATABASE, with / ? # % @ in a password written as %2F %3F %23 %25 %40',
  );
}
