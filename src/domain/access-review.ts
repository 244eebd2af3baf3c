/** What an access review can decide: leave the access as it is, take some of it away, or end it. */
export const reviewDecisions = ['keep', 'narrow', 'revoke'] as const;
export type ReviewDecision = (typeof reviewDecisions)[number];
