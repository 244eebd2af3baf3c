import { dataCentre, dev, type Family, ipv6, offices, prod, use } from './family.js';
import { machines, routes } from './use.js';

/** The ordinary ones, whose month has no story of its own. */
export const ordinary: readonly Family[] = [
  {
    ...{ name: 'pay-api', prefix: 'pay', owner: 'alice', createdDaysAgo: 289, rotatedDaysAgo: [141, 52] },
    settings: {
      ...prod,
      level: 'premium',
      scopes: ['payments:*', 'customers:read'],
      rpm: 600,
      workspace_id: 'ws-payments',
    },
    use: use(1300, {
      ...{ rhythm: 'evening', weekend: 0.5, hosts: machines(dataCentre, 10, 6), routes: routes.payments },
      ...{ agent: 'pay-api', versions: ['8.14.2', '8.15.0', '8.15.1', '9.0.0'] },
    }),
  },
  {
    ...{ name: 'checkout-web', prefix: 'shop', owner: 'alice', createdDaysAgo: 63 },
    settings: {
      ...prod,
      scopes: ['catalog:read', 'carts:*', 'orders:write'],
      rpm: 900,
      workspace_id: 'ws-shop',
    },
    use: use(1000, {
      ...{ rhythm: 'evening', weekend: 0.9, hosts: machines(dataCentre, 20, 4), routes: routes.shop },
      ...{ agent: 'checkout-web', versions: ['41.0', '42.0', '42.1', '43.0'] },
    }),
  },
  {
    ...{ name: 'mobile-ios', prefix: 'app', owner: 'zoe', createdDaysAgo: 204, rotatedDaysAgo: [19] },
    settings: { ...prod, scopes: ['catalog:read', 'carts:*', 'orders:write'], used_by: ['iOS app'] },
    use: use(520, {
      ...{ rhythm: 'evening', weekend: 1.1, hosts: machines(ipv6, 100, 40), routes: routes.shop },
      ...{ agent: 'ExampleShop-iOS', versions: ['5.2.0', '5.3.0', '5.3.1'] },
    }),
  },
  {
    ...{ name: 'mobile-android', prefix: 'app', owner: 'zoe', createdDaysAgo: 88 },
    settings: { ...prod, scopes: ['catalog:read', 'carts:*', 'orders:write'], used_by: ['Android app'] },
    use: use(470, {
      ...{ rhythm: 'evening', weekend: 1.1, hosts: machines(ipv6, 300, 40), routes: routes.shop },
      ...{ agent: 'ExampleShop-Android', versions: ['5.2.4', '5.3.0'] },
    }),
  },
  {
    ...{ name: 'ci-deploy', prefix: 'ci', owner: 'platform', createdDaysAgo: 102, rotatedDaysAgo: [12] },
    settings: { ...prod, level: 'admin', scopes: ['deployments:*'], used_by: ['release pipeline'] },
    use: use(260, {
      ...{ rhythm: 'deploys', weekend: 0.05, hosts: machines(dataCentre, 60, 3), routes: routes.deploys },
      ...{ agent: 'deployer', versions: ['1.30.0', '1.31.0'] },
    }),
  },
  {
    ...{ name: 'ci-integration-tests', prefix: 'ci', owner: 'platform', createdDaysAgo: 77 },
    settings: { ...dev, scopes: ['workflow:*'] },
    use: use(180, {
      ...{ rhythm: 'deploys', weekend: 0.02, hosts: machines(dataCentre, 64, 2), routes: routes.workflows },
      ...{ agent: 'vitest-e2e', versions: ['4.1.9', '4.1.12'] },
    }),
  },
  {
    ...{ name: 'nightly-etl', prefix: 'etl', owner: 'data', createdDaysAgo: 118 },
    settings: { ...prod, level: 'read-only', scopes: ['events:read'], workspace_id: 'ws-data' },
    use: use(320, {
      ...{ rhythm: 'nightly', weekend: 1, hosts: machines(dataCentre, 80, 2), routes: routes.warehouse },
      ...{ agent: 'airflow', versions: ['3.1.2', '3.1.3'] },
    }),
  },
  {
    ...{ name: 'warehouse-export', prefix: 'etl', owner: 'data', createdDaysAgo: 96 },
    settings: {
      ...prod,
      level: 'read-only',
      scopes: ['events:read', 'export:read'],
      workspace_id: 'ws-data',
    },
    use: use(90, {
      ...{ rhythm: 'nightly', weekend: 1, hosts: machines(dataCentre, 82, 1), routes: routes.warehouse },
      ...{ agent: 'dbt', versions: ['1.11.2'] },
    }),
  },
  {
    ...{ name: 'monitoring-probe', prefix: 'ops', owner: 'platform', createdDaysAgo: 71 },
    settings: { ...prod, level: 'read-only', scopes: ['health:read'] },
    use: use(288, {
      ...{ rhythm: 'steady', weekend: 1, hosts: machines(dataCentre, 90, 2), routes: routes.health },
      ...{ agent: 'blackbox-exporter', versions: ['0.28.0'] },
    }),
  },
  {
    ...{ name: 'status-page', prefix: 'ops', owner: 'platform', createdDaysAgo: 59 },
    settings: { ...prod, level: 'read-only', scopes: ['health:read'] },
    use: use(140, {
      ...{ rhythm: 'steady', weekend: 1, hosts: machines(dataCentre, 92, 1), routes: routes.health },
      ...{ agent: 'status-page', versions: ['3.4.0', '3.4.1'] },
    }),
  },
  {
    ...{ name: 'terraform', prefix: 'ops', owner: 'platform', createdDaysAgo: 66 },
    settings: {
      ...prod,
      level: 'admin',
      scopes: ['workflow:*', 'deployments:*'],
      allowed_ips: ['198.51.100.0/24'],
    },
    use: use(14, {
      ...{
        hosts: machines(dataCentre, 62, 1),
        routes: routes.deploys,
        agent: 'terraform',
        versions: ['1.14.0'],
      },
    }),
  },
  {
    ...{ name: 'webhook-relay', prefix: 'hook', owner: 'farah', createdDaysAgo: 84 },
    settings: { ...prod, scopes: ['hooks:*'], rpm: 300 },
    pause: { daysAgo: 11, minutes: 43, reason: 'request flood after release 0.19.0, INC chat #ops' },
    use: use(520, {
      ...{ rhythm: 'steady', weekend: 0.4, hosts: machines(dataCentre, 30, 3), routes: routes.hooks },
      ...{ agent: 'webhook-relay', versions: ['0.18.0', '0.19.0'] },
    }),
  },
  {
    ...{ name: 'search-index', prefix: 'srch', owner: 'farah', createdDaysAgo: 47 },
    settings: { ...prod, scopes: ['search:*'] },
    changed: {
      daysAgo: 16,
      settings: { rpm: 300, burst: 60 },
      reason: 'reindexing took the site down, ticket OPS-771',
    },
    use: use(610, {
      ...{ rhythm: 'steady', weekend: 0.5, hosts: machines(dataCentre, 34, 4), routes: routes.search },
      ...{ agent: 'search-index', versions: ['6.1.0', '6.2.0'] },
    }),
  },
  {
    ...{ name: 'fraud-scoring', prefix: 'ml', owner: 'chidi', createdDaysAgo: 55 },
    settings: {
      ...prod,
      level: 'premium',
      scopes: ['models:use'],
      models: ['small-2'],
      budget_usd: '400',
      rpm: 120,
    },
    use: use(340, {
      ...{ rhythm: 'steady', weekend: 0.8, hosts: machines(dataCentre, 40, 2), routes: routes.model },
      ...{ agent: 'fraud-scoring', versions: ['2.7.0', '2.8.0'], model: 'small-2' },
    }),
  },
  {
    ...{ name: 'summarizer', prefix: 'ml', owner: 'chidi', createdDaysAgo: 38 },
    settings: { ...prod, scopes: ['models:use'], models: ['large-1', 'small-2'], quota_tokens: 60_000_000 },
    changed: {
      daysAgo: 8,
      settings: { quota_tokens: 90_000_000 },
      reason: 'product launch, agreed with finance',
    },
    use: use(150, {
      ...{ hosts: machines(dataCentre, 44, 2), routes: routes.model },
      ...{ agent: 'summarizer', versions: ['0.9.4'], model: 'large-1' },
    }),
  },
  {
    ...{ name: 'notebook-chidi', prefix: 'ml', owner: 'chidi', createdDaysAgo: 27 },
    settings: { ...dev, scopes: ['models:use'], justification: 'prompt experiments' },
    use: use(35, {
      ...{
        hosts: machines(offices, 31, 2),
        routes: routes.model,
        agent: 'jupyter',
        versions: ['7.4'],
        model: 'small-2',
      },
    }),
  },
  {
    ...{ name: 'partner-acme', prefix: 'prt', owner: 'partner', createdDaysAgo: 81 },
    settings: {
      ...prod,
      scopes: ['workflow:execute', 'workflow:read'],
      allowed_ips: ['203.0.113.128/27'],
      rpm: 60,
    },
    use: use(230, {
      ...{ hosts: machines(offices, 130, 3), routes: routes.workflows },
      ...{ agent: 'AcmeConnect', versions: ['12.0.1', '12.1.0'] },
    }),
  },
  {
    ...{ name: 'sandbox', prefix: 'dev', owner: 'zoe', createdDaysAgo: 18 },
    settings: { ...dev, scopes: ['workflow:read'], description: 'for the API workshop' },
    expiresInDays: 12,
    use: use(20, {
      ...{ hosts: machines(offices, 40, 3), routes: routes.workflows, agent: 'curl', versions: ['8.16.0'] },
    }),
  },
  {
    ...{ name: 'intern-project', prefix: 'dev', owner: 'erin', createdDaysAgo: 132 },
    settings: { ...dev, level: 'read-only', scopes: ['workflow:read'], justification: 'internship project' },
  },
  {
    ...{ name: 'admin-backup', prefix: 'kc', owner: 'platform', createdDaysAgo: 45 },
    settings: {
      ...prod,
      level: 'admin',
      scopes: ['admin:*'],
      decoy: true,
      description: 'decoy: nobody should ever use it',
    },
  },
];
