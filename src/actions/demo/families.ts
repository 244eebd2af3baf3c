import { ended } from './families-ended.js';
import { ordinary } from './families-ordinary.js';
import { dataCentre, type Family, offices, prod, use } from './family.js';
import { machines, routes } from './use.js';

/** The rotation that is under way: most machines took the new key, two did not. */
export const rotating: Family = {
  ...{ name: 'billing-worker', prefix: 'fie_billing', owner: 'bob', createdDaysAgo: 187 },
  settings: { ...prod, level: 'premium', scopes: ['invoices:*', 'usage:read'], workspace_id: 'ws-billing' },
  use: use(800, {
    ...{ rhythm: 'steady', weekend: 0.35, hosts: machines(dataCentre, 110, 10), routes: routes.billing },
    ...{ agent: 'billing-worker', versions: ['2.3.0', '2.3.1', '2.4.0'] },
  }),
};

/** Any of these may be the one that leaks: used by people, by day, in Europe; the seed decides. */
export const leakable: readonly Family[] = [
  {
    ...{ name: 'sales-dashboard', prefix: 'fie_sales', owner: 'bob', createdDaysAgo: 74 },
    settings: {
      ...prod,
      scopes: ['accounts:read', 'customers:read', 'export:read'],
      workspace_id: 'ws-sales',
    },
    use: use(210, {
      ...{
        hosts: machines(offices, 10, 4),
        routes: routes.sales,
        agent: 'sales-dashboard',
        versions: ['3.8', '3.9'],
      },
    }),
  },
  {
    ...{ name: 'crm-sync', prefix: 'fie_crm', owner: 'bob', createdDaysAgo: 61 },
    settings: { ...prod, scopes: ['accounts:*', 'customers:read', 'export:read'], workspace_id: 'ws-sales' },
    use: use(300, {
      ...{
        hosts: machines(dataCentre, 50, 2),
        routes: routes.sales,
        agent: 'crm-sync',
        versions: ['1.12', '1.13'],
      },
    }),
  },
  {
    ...{ name: 'support-console', prefix: 'fie_support', owner: 'erin', createdDaysAgo: 57 },
    settings: { ...prod, scopes: ['tickets:*', 'customers:read', 'export:read'] },
    use: use(260, {
      ...{
        hosts: machines(offices, 20, 5),
        routes: routes.people,
        agent: 'support-console',
        versions: ['6.0', '6.1'],
      },
    }),
  },
  {
    ...{ name: 'reporting', prefix: 'fie_report', owner: 'farah', createdDaysAgo: 43 },
    settings: { ...prod, level: 'read-only', scopes: ['accounts:read', 'customers:read', 'export:read'] },
    use: use(120, {
      ...{
        hosts: machines(offices, 26, 2),
        routes: routes.sales,
        agent: 'reporting',
        versions: ['0.7.1', '0.7.2'],
      },
    }),
  },
  {
    ...{ name: 'customer-portal', prefix: 'fie_portal', owner: 'alice', createdDaysAgo: 35 },
    settings: { ...prod, scopes: ['customers:read', 'tickets:*', 'export:read'], workspace_id: 'ws-shop' },
    use: use(240, {
      ...{
        hosts: machines(dataCentre, 54, 3),
        routes: routes.people,
        agent: 'customer-portal',
        versions: ['1.4', '1.5'],
      },
    }),
  },
];

export const families: readonly Family[] = [...ordinary, ...ended, rotating, ...leakable];
