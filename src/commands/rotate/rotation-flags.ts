import type { Command } from 'commander';
import type { PrepareOptions } from '../../db/kernel-rotation.js';
import { parseDurationOrZero } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import { type Deadline, parseDeadline } from '../../domain/instant.js';
import { type ProbeHeader, parseProbeHeader, parseProbeUrl } from '../../domain/probe-url.js';

export interface RotationFlags {
  readonly grace?: number;
  readonly compromised?: boolean;
  readonly force?: boolean;
  readonly expires?: Deadline;
  readonly probe?: URL;
  readonly authHeader?: ProbeHeader;
}

/** Adds how keys are rotated: `--grace`, `--compromised`, `--expires`, `--force`, `--probe`, `--auth-header`. */
export function addRotationFlags(command: Command): Command {
  return addGraceFlags(command)
    .option('--expires <when>', 'end of the new key: 90d, a date, a time; else the old one’s own', (text) =>
      parseDeadline('--expires', text),
    )
    .option('--probe <url>', 'try the new key there; while it is refused, the old one stays usable', (text) =>
      parseProbeUrl('--probe', text),
    )
    .option(
      '--auth-header <name>',
      'header that carries the key in the probe (Authorization: Bearer)',
      (text) => parseProbeHeader('--auth-header', text),
    );
}

/** Adds what is also there for `rotate replace`. */
export function addGraceFlags(command: Command): Command {
  return command
    .option(
      '--grace <duration>',
      'how long the old key stays usable; 0: it ends at once (as its policy says, else 24h)',
      (text) => parseDurationOrZero('--grace', text),
    )
    .option('--compromised', 'the old key leaked: it ends at once')
    .option('--force', 'end an older grace of the family, give up a rotation that is under way');
}

/** Refuses (2) flags that contradict each other. */
export function refuseContradictions({ grace, compromised, probe, authHeader }: RotationFlags): void {
  if (compromised === true && grace !== undefined && grace > 0) {
    throw usageError('--grace', 'a compromised key gets none', '--compromised without --grace');
  }
  if (authHeader !== undefined && probe === undefined) {
    throw usageError('--auth-header', 'goes with --probe', '--probe https://api.example.com/v1/ping');
  }
}

/** The flags as the kernel takes them. */
export function prepareOptions({ grace, compromised, force, expires }: RotationFlags): PrepareOptions {
  return {
    ...(grace === undefined ? {} : { grace_seconds: grace }),
    ...(compromised === true ? { compromised } : {}),
    ...(force === true ? { force } : {}),
    ...(expires === undefined
      ? {}
      : expires.kind === 'at'
        ? { expires_at: expires.at.toISOString() }
        : { expires_in_seconds: expires.seconds }),
  };
}
