import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * The bytes that this test still holds, in the heap and in buffers, after a full collection. Without the collection
 * the figure is what the collector has not got round to yet, and a test on it fails when the machine is busy.
 */
export function heldBytes(): number {
  // The first collection leaves the sweeping of buffers to another thread; the second waits for it.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
