import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/** A status to answer with, or whatever the test does with the response: nothing, half of it, too much. */
export type GatewayAnswer = number | ((response: ServerResponse) => void);

interface GatewayRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Gateway {
  readonly url: string;
  readonly requests: readonly GatewayRequest[];
  close(): Promise<void>;
}

/** A gateway that answers its requests as told, one after the other, and the last way from then on. */
export async function startGateway(
  answers: readonly GatewayAnswer[],
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<Gateway> {
  const requests: GatewayRequest[] = [];
  const listener: Parameters<typeof createServer>[1] = (request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    if (typeof answer === 'number') response.writeHead(answer).end('{"said":"by the gateway"}');
    else answer?.(response);
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: tls === undefined ? `http://127.0.0.1:${port}/v1/ping` : `https://localhost:${port}/v1/ping`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
