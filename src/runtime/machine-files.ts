import { readFileSync, statSync } from 'node:fs';
import type { FilePort } from './private-file.js';

/** The machine's files, for reading configuration. */
export const machineFiles: FilePort = {
  readText(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  stat(path) {
    try {
      const { mode, uid } = statSync(path);
      return { mode, uid };
    } catch {
      return null;
    }
  },
};
