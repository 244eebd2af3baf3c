import { clean, line, type Safe } from './terminal-text.js';

/** Said by every command that changes something in a database that is not where this machine saw it. */
export function behindWarning(
  gap: { readonly rememberedSeq: number; readonly foundSeq: number },
  database: string,
): Safe {
  const where = clean(database);
  return gap.foundSeq < gap.rememberedSeq
    ? line`the audit log of ${where} ends at ${gap.foundSeq}, and this machine saw it at ${gap.rememberedSeq}: restored, failed over, or cut off; keyctl audit verify says more`
    : line`row ${gap.rememberedSeq} of the audit log of ${where} is not the one that this machine saw: restored, or rewritten; keyctl audit verify says more`;
}

/** A memory that is there and cannot be read as one. */
export function unreadableMemory(path: string): Safe {
  return line`${clean(path)} cannot be read, so nothing is compared with it; it is left as it is`;
}

export function failedSink(path: string, code: string): Safe {
  return line`no checkpoint was appended to ${clean(path)} (${clean(code)}); the next change catches up`;
}

export function unsignedWarning(problem: string): Safe {
  return line`no checkpoint was signed: ${clean(problem)}`;
}
