import { blastRadiusLimitMs } from './blast-radius.js';

/** What a nicety answers within the limit of every blast radius; null when it fails or takes longer. Ask it last. */
export async function withinLimit<T>(work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), blastRadiusLimitMs);
  });
  try {
    return await Promise.race([work.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}
