import { watch } from '../../../actions/incidents/walkthrough/watch.js';
import type { AskStep } from './asked.js';

/** Asks nothing: it looks, and says what it saw. */
export const askWatch: AskStep = async () => (inside, walk) => watch(inside, walk.row.incident_id);
