/** How far a planned retirement has come; the kernel's `retirement_phase` says which at what moment. */
export type RetirementPhase = 'planned' | 'notice' | 'migration' | 'deprecation' | 'retired';

/** When each phase begins, in days before the retirement: what a plan shows; the kernel's `retirement_phase` decides. */
export const phaseStarts: readonly { readonly phase: RetirementPhase; readonly daysBefore: number }[] = [
  { phase: 'notice', daysBefore: 30 },
  { phase: 'migration', daysBefore: 14 },
  { phase: 'deprecation', daysBefore: 7 },
  { phase: 'retired', daysBefore: 0 },
];
