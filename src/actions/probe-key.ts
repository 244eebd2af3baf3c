import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ProbeHeader } from '../domain/probe-url.js';
import type { Secret } from '../domain/secret.js';

/** How a key is tried. */
export interface Probe {
  readonly url: URL;
  readonly token: Secret;
  readonly header: ProbeHeader;
}

export interface ProbeLimits {
  /** For the whole request, connection included. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

export type ProbeAnswer =
  | { readonly kind: 'refused'; readonly status: number; readonly why: string }
  | { readonly kind: 'alive'; readonly status: number; readonly why: string }
  | { readonly kind: 'unknown'; readonly status: number | null; readonly why: string };

/**
 * One GET with the key in a header, never in the URL. Only 401 and 403 count as refused, 2xx is alive; a redirect (never
 * followed), 429, 5xx, a failed TLS or a timeout tell nothing. The body is not read. TLS is always verified, whatever
 * NODE_TLS_REJECT_UNAUTHORIZED says; an authority of one's own comes in by NODE_EXTRA_CA_CERTS. Never rejects.
 */
export function probeKey(probe: Probe, { limitMs, signal }: ProbeLimits): Promise<ProbeAnswer> {
  const { header } = probe;
  const request = probe.url.protocol === 'https:' ? httpsRequest : httpRequest;
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    method: 'GET',
    headers: {
      [header.name]: `${header.scheme}${probe.token.reveal()}`,
      'user-agent': 'keyctl-probe',
      accept: '*/*',
    },
    agent: false,
    maxHeaderSize: 32_768,
    rejectUnauthorized: true,
    signal,
  };
  return new Promise((resolve) => {
    try {
      const sent = request(probe.url, options);
      const timer = setTimeout(() => {
        resolve(nothing(`got no answer within ${Math.round(limitMs / 100) / 10} s`));
        sent.destroy();
      }, limitMs);
      sent.once('response', (response) => {
        clearTimeout(timer);
        resolve(answerOf(response.statusCode ?? 0));
        response.destroy();
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        // The code alone: messages of TLS errors quote certificates.
        resolve(nothing(signal.aborted ? 'was interrupted' : `failed (${error.code ?? 'no code'})`));
      });
      sent.end();
    } catch {
      // A foreign key may hold what no header may.
      resolve(nothing('could not be sent: the key does not fit into a header'));
    }
  });
}

function nothing(why: string): ProbeAnswer {
  return { kind: 'unknown', status: null, why };
}

function answerOf(status: number): ProbeAnswer {
  const why = `answered ${status}`;
  if (status === 401 || status === 403) return { kind: 'refused', status, why };
  if (status >= 200 && status < 300) return { kind: 'alive', status, why };
  return { kind: 'unknown', status, why: `${why}, which is neither 401, 403 nor 2xx` };
}
