import { createConnection, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';

/** One message of the PostgreSQL protocol on its way; `type` is empty for the client's first, which has none. */
export interface WireMessage {
  readonly from: 'client' | 'server';
  readonly type: string;
  /** Counts the messages of one side of one connection from 0. */
  readonly index: number;
  readonly bytes: Buffer;
  /** Counts the proxy's connections from 1. */
  readonly connection: number;
}

/**
 * `cut`: this message is lost and both sides are closed. `cut-after`: it is the last one delivered. `hold`: a black hole from
 * here on, in both directions, with both sides left open.
 */
export type Fate = 'forward' | 'cut' | 'cut-after' | 'hold';

export interface ProxyOptions {
  readonly target: NetConnectOpts;
  /** Listen on this unix socket instead of a free port of 127.0.0.1. */
  readonly path?: string;
  readonly fate?: (message: WireMessage) => Fate;
  /** What to do with connections before any message: pass them on, close them at once, or never answer. */
  readonly onConnect?: 'forward' | 'close' | 'hold';
}

export interface WireProxy {
  readonly port: number;
  /** How many connections were accepted. */
  connections(): number;
  /** Everything that passed or was to pass, in order. */
  messages(): readonly WireMessage[];
  close(): Promise<void>;
}

/** A small proxy between a client and a PostgreSQL server that loses what it is told to lose. It does not look into TLS. */
export async function startProxy(options: ProxyOptions): Promise<WireProxy> {
  const sockets = new Set<Socket>();
  const messages: WireMessage[] = [];
  let accepted = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket)).on('error', () => {});
  };
  const server = createServer((client) => {
    accepted += 1;
    keep(client);
    if (options.onConnect === 'close') client.end();
    else if (options.onConnect === 'hold') client.pause();
    else couple(client, keep(createConnection(options.target)), { options, messages, connection: accepted });
  });
  await listening(server, options.path);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections: () => accepted,
    messages: () => messages,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

interface Coupling {
  readonly options: ProxyOptions;
  readonly messages: WireMessage[];
  readonly connection: number;
}

function couple(client: Socket, server: Socket, coupling: Coupling): void {
  const { fate = () => 'forward' } = coupling.options;
  let held = false;
  const end = (): void => {
    if (held) return;
    client.destroy();
    server.destroy();
  };
  const flow = (from: 'client' | 'server', source: Socket, sink: Socket): void => {
    const split = messageSplitter(from === 'client');
    let index = 0;
    let cut = false;
    source.on('data', (chunk: Buffer) => {
      for (const { type, bytes } of split(chunk)) {
        if (held || cut) return;
        const message = { from, type, index, bytes, connection: coupling.connection };
        index += 1;
        coupling.messages.push(message);
        const decided = fate(message);
        held = decided === 'hold';
        cut = decided === 'cut' || decided === 'cut-after';
        if (decided === 'forward') sink.write(bytes);
        else if (decided === 'cut') end();
        else if (decided === 'cut-after') sink.write(bytes, () => end());
      }
    });
    source.on('close', end);
  };
  flow('client', client, server);
  flow('server', server, client);
}

/** Cuts a stream into the protocol's messages: a letter, four bytes of length, and the rest; the client's first has no letter. */
function messageSplitter(untypedFirst: boolean): (chunk: Buffer) => { type: string; bytes: Buffer }[] {
  let waiting = Buffer.alloc(0);
  let untyped = untypedFirst;
  return (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    const found: { type: string; bytes: Buffer }[] = [];
    for (;;) {
      const letter = untyped ? 0 : 1;
      if (waiting.length < letter + 4) return found;
      const size = letter + waiting.readUInt32BE(letter);
      if (waiting.length < size) return found;
      found.push({ type: waiting.toString('latin1', 0, letter), bytes: waiting.subarray(0, size) });
      waiting = waiting.subarray(size);
      untyped = false;
    }
  };
}

function listening(server: Server, path: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
}

/** A port of 127.0.0.1 where nothing listens. */
export async function refusingPort(): Promise<number> {
  const server = createServer();
  await listening(server, undefined);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
