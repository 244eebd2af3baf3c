/** Which report: of a day, a week, a month, or 90 days of evidence for an auditor. */
export const reportKinds = ['daily', 'weekly', 'monthly', 'compliance'] as const;
export type ReportKind = (typeof reportKinds)[number];
