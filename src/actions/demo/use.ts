/** Method, path, mean bytes and milliseconds of an answer; the weight says how often among the others. */
export type Route = readonly [
  weight: number,
  route: { readonly method: string; readonly path: string; readonly bytes: number; readonly ms: number },
];

/** When work is done: share of a weekday's requests in each hour of the person's clock. */
export type Rhythm = 'steady' | 'office' | 'evening' | 'nightly' | 'deploys';

/** How a key is used when all is well. */
export interface Use {
  /** Mean requests on a weekday. */
  readonly perDay: number;
  readonly rhythm: Rhythm;
  /** Share of a weekday's requests on a Saturday or Sunday. */
  readonly weekend: number;
  readonly hosts: readonly string[];
  /** Product of the user agent; its versions follow each other over the month. */
  readonly agent: string;
  readonly versions: readonly string[];
  readonly routes: readonly Route[];
  /** For keys of language models: tokens and cost are counted. */
  readonly model?: string;
}

const route = (weight: number, method: string, path: string, bytes: number, ms: number): Route => [
  weight,
  { method, path, bytes, ms },
];

export const routes = {
  payments: [
    route(50, 'POST', '/v1/payments', 900, 140),
    route(30, 'GET', '/v1/payments', 2400, 60),
    route(8, 'POST', '/v1/refunds', 700, 120),
    route(12, 'GET', '/v1/customers', 1800, 40),
  ],
  billing: [
    route(45, 'GET', '/v1/invoices', 5200, 70),
    route(35, 'POST', '/v1/invoices', 1100, 160),
    route(20, 'GET', '/v1/usage', 3300, 90),
  ],
  shop: [
    route(55, 'GET', '/v1/catalog', 8800, 35),
    route(25, 'POST', '/v1/carts', 1200, 60),
    route(20, 'POST', '/v1/orders', 1500, 150),
  ],
  workflows: [
    route(60, 'GET', '/v1/runs', 3000, 45),
    route(30, 'POST', '/v1/runs', 800, 110),
    route(10, 'GET', '/v1/workflows', 4100, 50),
  ],
  people: [
    route(55, 'GET', '/v1/customers', 4200, 55),
    route(30, 'GET', '/v1/tickets', 2900, 50),
    route(15, 'POST', '/v1/tickets', 900, 90),
  ],
  sales: [
    route(60, 'GET', '/v1/accounts', 5100, 65),
    route(25, 'GET', '/v1/opportunities', 3800, 60),
    route(15, 'GET', '/v1/reports/pipeline', 21_000, 240),
  ],
  deploys: [route(40, 'POST', '/v1/deployments', 600, 210), route(60, 'GET', '/v1/deployments', 1500, 40)],
  health: [route(1, 'GET', '/v1/health', 120, 8)],
  warehouse: [route(85, 'GET', '/v1/events', 64_000, 320), route(15, 'GET', '/v1/schemas', 7000, 40)],
  model: [route(90, 'POST', '/v1/completions', 3800, 1400), route(10, 'GET', '/v1/models', 2200, 25)],
  search: [route(70, 'GET', '/v1/search', 5400, 48), route(30, 'POST', '/v1/index', 500, 75)],
  hooks: [route(75, 'POST', '/v1/hooks', 300, 30), route(25, 'GET', '/v1/hooks', 1900, 25)],
} as const satisfies Readonly<Record<string, readonly Route[]>>;

/** `198.51.100.10` and so on: the machines of one service. */
export function machines(network: string, first: number, count: number): string[] {
  return Array.from({ length: count }, (_none, at) => `${network}${first + at}`);
}

const office = [0, 0, 0, 0, 0, 0, 1, 4, 9, 12, 12, 10, 7, 10, 12, 11, 8, 3, 1, 0.4, 0.2, 0, 0, 0];
const evening = [3, 2, 1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 5, 4, 4, 5, 6, 8, 9, 9, 7, 5, 4];
const steady = [3, 3, 3, 3, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3];
const nightly = [0, 0, 80, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const shapes: Readonly<Record<Rhythm, readonly number[]>> = {
  steady,
  office,
  evening,
  nightly,
  deploys: office,
};

/** The share of a weekday's requests that falls into this hour (0 to 23) of the person's clock. */
export function shareOfDay(rhythm: Rhythm, hour: number): number {
  const shape = shapes[rhythm];
  const whole = shape.reduce((sum, share) => sum + share, 0);
  return (shape[hour] ?? 0) / whole;
}
