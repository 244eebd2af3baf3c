import { labelled } from '../labelled.js';
import type { Renderer } from '../renderer.js';
import { statusWord } from '../status-word.js';
import { clean, joinLines, line } from '../terminal-text.js';

interface State {
  readonly status: string;
  readonly usable: boolean;
  readonly meaning: string;
  readonly leads_to: readonly string[];
}

/** The life of a key (DESIGN 4). `expired` is derived: no row says it, the clock does. */
const states: readonly State[] = [
  {
    status: 'pending',
    usable: false,
    meaning: 'made, its secret not delivered yet',
    leads_to: ['active', 'revoked'],
  },
  {
    status: 'active',
    usable: true,
    meaning: 'accepted, within its limits',
    leads_to: ['retiring', 'suspended', 'expired', 'revoked'],
  },
  {
    status: 'retiring',
    usable: true,
    meaning: 'replaced by a successor, still accepted until its grace ends',
    leads_to: ['replaced', 'suspended', 'revoked'],
  },
  {
    status: 'suspended',
    usable: false,
    meaning: 'stopped for a while; goes back to where it was, by itself if an end was given',
    leads_to: ['active', 'retiring', 'replaced', 'expired', 'revoked'],
  },
  {
    status: 'expired',
    usable: false,
    meaning: 'its expiry has passed; a later one makes it active again',
    leads_to: ['active', 'revoked'],
  },
  { status: 'replaced', usable: false, meaning: 'its grace is over; final', leads_to: [] },
  { status: 'revoked', usable: false, meaning: 'stopped for good, with a reason; final', leads_to: [] },
];

/** `keyctl help states`. */
export const stateHelp: Renderer<null> = {
  text: (_value, view) =>
    joinLines([
      ...states.flatMap(({ status, usable, meaning, leads_to: next }) => [
        labelled(
          statusWord(status, view.style),
          line`${clean(meaning)}${usable ? line` (usable)` : line``}`,
          view,
        ),
        ...(next.length === 0
          ? []
          : [labelled(line``, view.style.muted(line`then ${clean(next.join(', '))}`), view)]),
      ]),
      line``,
      line`Ends count by the database’s clock and need no job to run.`,
      line`A planned retirement (keyctl keys retire) goes through planned, notice (the last`,
      line`30 days), migration (14), deprecation (7: limits step down) and ends revoked.`,
      line`Would a key be accepted, and why not? keyctl keys explain KEY [--at TIME]`,
    ]),
  json: () => ({ states: states.map((state) => ({ ...state })) }),
  records: () => states.map((state) => ({ ...state })),
  columns: ['status', 'usable', 'meaning', 'leads_to'],
};
