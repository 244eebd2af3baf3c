import { usageError } from '../../../domain/errors.js';

/** The NAME of a response, as the kernel takes it. */
export function responseName(text: string): string {
  if (!/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(text)) {
    throw usageError(
      'NAME',
      'a-z, 0-9, _, . and -, at most 63 characters',
      'keyctl audit responses set stop-decoys …',
    );
  }
  return text;
}
