import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tarBlock, tarEnd, tarPadding, ustarHeader } from '../../src/domain/ustar.js';

const modifiedAt = new Date('2026-11-21T19:32:15.700Z');
const parts = [
  ['INC-7/README.txt', 'hello\n'],
  ['INC-7/empty', ''],
  ['INC-7/block', 'x'.repeat(512)],
  [`INC-7/${'n'.repeat(94)}`, 'y'.repeat(513)],
] as const;

const tar = Buffer.concat([
  ...parts.flatMap(([name, text]) => [
    ustarHeader({ name, size: text.length, modifiedAt }),
    Buffer.from(text),
    tarPadding(text.length),
  ]),
  tarEnd,
]);

const tool = (file: string, args: readonly string[], input?: Buffer) => spawnSync(file, [...args], { input });

describe('a tar of ours', () => {
  it('is what GNU tar reads', ({ skip }) => {
    if (tool('tar', ['--version']).error !== undefined) return skip('no tar on this machine');
    const listed = tool('tar', ['--utc', '--full-time', '-tvf', '-'], tar);
    expect(listed.stderr.toString()).toBe('');
    const lines = listed.stdout.toString().trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/\s+/g, ' '))).toEqual(
      parts.map(([name, text]) => `-rw------- 0/0 ${text.length} 2026-11-21 19:32:15 ${name}`),
    );
    for (const [name, text] of parts)
      expect(tool('tar', ['-xOf', '-', name], tar).stdout.toString()).toBe(text);
  });

  it('holds files of more than 8 GiB, as Python’s tarfile and GNU tar read them', async ({ skip }) => {
    if (tool('python3', ['--version']).error !== undefined) return skip('no python3 on this machine');
    const folder = await mkdtemp(join(tmpdir(), 'keyctl-tar-'));
    try {
      const path = join(folder, 'large.tar');
      const size = 8 ** 11;
      await writeFile(path, ustarHeader({ name: 'INC-7/large', size, modifiedAt }));
      // Nothing but a hole on the disk.
      const file = await open(path, 'r+');
      await file.truncate(tarBlock + size + 1024);
      await file.close();
      const script = 'import sys, tarfile; print([(m.name, m.size) for m in tarfile.open(sys.argv[1])])';
      expect(execFileSync('python3', ['-c', script, path]).toString()).toBe(`[('INC-7/large', ${size})]\n`);
      expect(tool('tar', ['-tvf', path]).stdout.toString()).toContain(` ${size} `);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each(['', 'x'.repeat(101), 'a\nb', 'a b', 'ä'])('refuses the name %j', (name) => {
    expect(() => ustarHeader({ name, size: 0, modifiedAt })).toThrow(RangeError);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the size %d', (size) => {
    expect(() => ustarHeader({ name: 'x', size, modifiedAt })).toThrow(RangeError);
  });
});
