import type { Context } from '../../actions/context.js';
import type { Bundle, BundleRequest } from '../../actions/incidents/bundle-incident.js';
import type { Runtime } from '../../runtime/runtime.js';

/**
 * Makes the file and fills it; whatever goes wrong, an interrupt too, leaves nothing of it.
 * @param target.out as it was typed
 */
export async function bundleTo(
  rt: Runtime,
  ctx: Context,
  target: { readonly out: string; readonly force: boolean; readonly request: BundleRequest },
): Promise<Bundle> {
  const { out, force, request } = target;
  const { createBundleFile } = await import('../../runtime/bundle-file.js');
  const { bundleIncident } = await import('../../actions/incidents/bundle-incident.js');
  const file = await createBundleFile(rt.machine.workingDirectory, out, { force });
  const interruption = new AbortController();
  const undo = rt.machine.onInterrupt(() => interruption.abort());
  try {
    const run = { file, stallMs: rt.flags.timeoutMs, interrupted: interruption.signal };
    return await bundleIncident(ctx, request, run);
  } finally {
    undo();
  }
}
