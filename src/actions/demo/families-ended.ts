import { dataCentre, dev, type Family, offices, prod, use } from './family.js';
import { machines, routes } from './use.js';

/** Those that show an end, or a state, which somebody on call has to recognise. */
export const ended: readonly Family[] = [
  {
    ...{ name: 'partner-initech', prefix: 'prt', owner: 'partner', createdDaysAgo: 93 },
    settings: { ...prod, scopes: ['workflow:execute', 'workflow:read'], rpm: 60 },
    use: use(160, {
      ...{
        hosts: machines(offices, 165, 2),
        routes: routes.workflows,
        agent: 'initech-sync',
        versions: ['4.0'],
      },
    }),
    end: {
      kind: 'suspended',
      daysAgo: 2,
      reason: 'invoice unpaid for 60 days, agreed with account team',
      lateTries: 0.4,
    },
  },
  {
    ...{ name: 'notebook-data', prefix: 'etl', owner: 'data', createdDaysAgo: 99 },
    settings: { ...dev, level: 'read-only', scopes: ['events:read'] },
    use: use(24, {
      ...{ rhythm: 'steady', weekend: 1, hosts: machines(dataCentre, 85, 1), routes: routes.warehouse },
      ...{ agent: 'python-httpx', versions: ['0.28.1'] },
    }),
    end: { kind: 'expired', daysAgo: 9, reason: '', lateTries: 1 },
  },
  {
    ...{ name: 'grace-laptop', prefix: 'fie', owner: 'grace', createdDaysAgo: 170 },
    settings: { ...dev, scopes: ['workflow:*'] },
    use: use(45, {
      hosts: machines(offices, 50, 2),
      routes: routes.workflows,
      agent: 'curl',
      versions: ['8.15.0'],
    }),
    end: {
      kind: 'revoked',
      daysAgo: 14,
      code: 'departed',
      reason: 'Grace left the company, offboarding HR-2214',
      lateTries: 0,
    },
  },
  {
    ...{ name: 'grace-scripts', prefix: 'fie', owner: 'grace', createdDaysAgo: 151 },
    settings: { ...prod, scopes: ['workflow:execute', 'workflow:read'] },
    use: use(60, {
      ...{ rhythm: 'nightly', weekend: 1, hosts: machines(dataCentre, 70, 1), routes: routes.workflows },
      ...{ agent: 'bash-cron', versions: ['1'] },
    }),
    end: {
      kind: 'revoked',
      daysAgo: 14,
      code: 'departed',
      reason: 'Grace left the company, offboarding HR-2214',
      lateTries: 0.5,
    },
  },
  {
    ...{ name: 'legacy-soap', prefix: 'kc', owner: 'erin', createdDaysAgo: 233 },
    settings: { ...prod, scopes: ['customers:read'] },
    use: use(70, {
      hosts: machines(offices, 60, 1),
      routes: routes.people,
      agent: 'SoapBridge',
      versions: ['2.2'],
    }),
    end: {
      kind: 'revoked',
      daysAgo: 17,
      code: 'leaked',
      reason: 'leaked in acme/app commit 7a3f21, found by gitleaks',
      lateTries: 0.3,
    },
  },
  {
    ...{ name: 'qa-load-test', prefix: 'dev', owner: 'erin', createdDaysAgo: 22 },
    settings: { ...dev, level: 'admin', scopes: ['admin:*'] },
    end: {
      kind: 'revoked',
      daysAgo: 18,
      code: 'mistake',
      reason: 'created with level admin by mistake, nobody has it',
      lateTries: 0,
    },
  },
  {
    ...{ name: 'onboarding-bot', prefix: 'fie', owner: 'erin', createdDaysAgo: 0.17, special: 'pending' },
    settings: { ...prod, scopes: ['tickets:write'] },
  },
  {
    ...{ name: 'cron@legacy-host', prefix: 'kc', owner: 'data', createdDaysAgo: 26, special: 'adopted' },
    settings: {},
    use: use(48, {
      ...{ rhythm: 'steady', weekend: 1, hosts: machines(dataCentre, 200, 1), routes: routes.warehouse },
      ...{ agent: 'Wget', versions: ['1.21'] },
    }),
  },
  {
    ...{ name: 'old-partner-feed', prefix: 'kc', owner: 'partner', createdDaysAgo: 26, special: 'adopted' },
    settings: {},
    use: use(30, {
      hosts: machines(offices, 190, 1),
      routes: routes.workflows,
      agent: 'Java',
      versions: ['11.0.2'],
    }),
  },
];
