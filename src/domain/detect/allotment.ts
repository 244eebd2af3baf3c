export interface Allotment {
  readonly name: string;
  readonly alerts: number;
  /** It never has more to say. */
  readonly most: number;
}

/** Alerts a day by detector. What one does not need, because what it looks for hardly occurs here, the others may use. */
export function allotted(wanted: readonly Allotment[]): ReadonlyMap<string, number> {
  const alerts = new Map<string, number>();
  let open = wanted;
  let left = wanted.reduce((sum, each) => sum + each.alerts, 0);
  for (;;) {
    const shared = open.reduce((sum, each) => sum + each.alerts, 0);
    const factor = shared > 0 ? left / shared : 0;
    const content = open.filter((each) => each.most < each.alerts * factor);
    if (content.length === 0 || content.length === open.length) {
      for (const each of open) alerts.set(each.name, each.alerts * factor);
      return alerts;
    }
    for (const each of content) {
      alerts.set(each.name, Math.max(each.alerts, each.most));
      left -= each.most;
    }
    open = open.filter((each) => !content.includes(each));
  }
}
