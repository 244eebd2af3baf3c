import { usageError } from './errors.js';
import { parseReference, refuseBrokenToken, shortestIdStart } from './reference.js';

/** What an ID of a rotation on the command line can mean: its own id, the start of one, or a KEY of its family. */
export type RotationReference =
  | { readonly kind: 'rotation'; readonly rotationId: string }
  | { readonly kind: 'start'; readonly start: string }
  | { readonly kind: 'key'; readonly text: string };

const idForm = /^rot_[0-9A-Za-z]{12}$/;
const startForm = /^rot_[0-9A-Za-z]{1,11}$/;

/**
 * Classifies an ID; surrounding blanks of a paste are ignored. A key that was named like the start of a rotation's id is
 * reached by `name:`.
 * @param interactive off a terminal a few characters are no start of an id: a script's typing error would hit any rotation
 * @throws KeyctlError 2 for what can be neither a rotation nor a key
 */
export function parseRotationReference(raw: string, interactive: boolean): RotationReference {
  const text = raw.trim();
  if (idForm.test(text)) return { kind: 'rotation', rotationId: text };
  if (startForm.test(text)) {
    if (!interactive && text.length < shortestIdStart) {
      const problem = `${text} is too short: off a terminal the start of an id needs ${shortestIdStart} characters`;
      throw usageError('ID', problem, 'keyctl rotate status rot_7Q2mK9xZ');
    }
    return { kind: 'start', start: text };
  }
  refuseBrokenToken(parseReference(text));
  return { kind: 'key', text };
}
