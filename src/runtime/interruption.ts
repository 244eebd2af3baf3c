import type { Machine } from './machine.js';

/** For commands without an end of their own: they run until somebody interrupts them. */
export interface Interruption {
  readonly happened: boolean;
  /** Waits that long, less when interrupted meanwhile; answers whether to go on. */
  pause(ms: number): Promise<boolean>;
  /** Stops listening; the next interrupt ends the process as usual. */
  done(): void;
}

export function listenForInterrupt(machine: Machine): Interruption {
  let happened = false;
  let wake = (): void => {};
  const done = machine.onInterrupt(() => {
    happened = true;
    wake();
  });
  return {
    get happened() {
      return happened;
    },
    async pause(ms) {
      if (happened) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      return !happened;
    },
    done,
  };
}
