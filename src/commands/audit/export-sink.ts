import { basename } from 'node:path';
import type { Exported, ExportRequest, ExportSink } from '../../actions/export-rows.js';
import { writeText } from '../../runtime/output.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { ExportFlags } from './export-flags.js';

/** Where an export goes, with the names under which it stands afterwards. */
interface NamedSink extends ExportSink {
  readonly file: string | null;
  readonly manifest: string | null;
}

/** The file of `--out`, or stdout. @throws KeyctlError 2 */
export async function exportSink(
  rt: Runtime,
  { out, force }: ExportFlags,
  request: ExportRequest,
): Promise<NamedSink> {
  if (out === undefined) return stdoutSink(rt);
  const { createExportFile, manifestPath } = await import('../../runtime/export-file.js');
  const { manifestText } = await import('../../render/export/exported.js');
  const file = await createExportFile(rt.machine.workingDirectory, out, { force: force === true });
  const about = { file: basename(out), command: commandOf(request), version: rt.machine.version };
  return {
    file: out,
    manifest: manifestPath(out),
    write: (bytes) => file.write(bytes),
    seal: () => file.seal(),
    place: (exported: Exported) => file.place(manifestText(exported, about)),
    async discard() {
      await file.discard();
      return true;
    },
  };
}

function stdoutSink(rt: Runtime): NamedSink {
  return {
    file: null,
    manifest: null,
    write: (bytes) => writeText(rt.machine.stdout, bytes),
    async seal() {},
    async place() {},
    // A reader has it.
    discard: async () => false,
  };
}

/** The command that writes the same again: with ids instead of what was typed. */
function commandOf({ what, format, filter }: ExportRequest): string {
  const kind = { audit: [], usage: ['--usage'], lookup: ['--lookup'], key_rotation: ['--type key_rotation'] }[
    what
  ];
  const flags: Readonly<Record<string, string>> = {
    key_id: '--key',
    family_id: '--family',
    ...(what === 'key_rotation' ? {} : { actions: '--action' }),
    ...{ actor: '--actor', since: '--since', until: '--until' },
  };
  const narrowed = Object.entries(filter).flatMap(([name, value]) => {
    const flag = flags[name];
    return flag === undefined ? [] : [`${flag} ${shellWord(String(value))}`];
  });
  return ['keyctl audit export', ...kind, ...narrowed, `--format ${format}`].join(' ');
}

function shellWord(text: string): string {
  return /^[\w.,:@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
