import type { Candidate } from '../../domain/detect/finding.js';
import { authBurstSql } from './auth-burst.js';
import { concurrentOriginsSql } from './concurrent-origins.js';
import { deadKeyUseSql } from './dead-key-use.js';
import { decoySql } from './decoy.js';
import { dormantWakeSql } from './dormant-wake.js';
import { enumerationSql } from './enumeration.js';
import { errorRateSql } from './error-rate.js';
import { guessingSql } from './guessing.js';
import { listedIpSql } from './listed-ip.js';
import { mixShiftSql } from './mix-shift.js';
import { newAgentSql } from './new-agent.js';
import { newEndpointsSql } from './new-endpoints.js';
import { notMigratedSql } from './not-migrated.js';
import { offHoursSql } from './off-hours.js';
import { originIpSql } from './origin-ip.js';
import { originNetworkSql } from './origin-network.js';
import { originPlaceSql } from './origin-place.js';
import { outOfHomeSql } from './out-of-home.js';
import { rateSql } from './rate.js';
import { scannerAgentSql } from './scanner-agent.js';
import type { Reproduced } from './sql-text.js';
import { staleSql } from './stale.js';
import { stuffingSql } from './stuffing.js';
import { successAfterBurstSql } from './success-after-burst.js';
import { successAfterStuffingSql } from './success-after-stuffing.js';
import { travelSql } from './travel.js';
import { volumeDropSql, volumeSql } from './volume.js';

/** By the name of the detector; a test holds that none is missing. */
const queries: Readonly<Record<string, (of: Reproduced) => string>> = {
  origin_ip: originIpSql,
  origin_network: originNetworkSql,
  origin_place: originPlaceSql,
  new_agent: newAgentSql,
  out_of_home: outOfHomeSql,
  concurrent_origins: concurrentOriginsSql,
  travel: travelSql,
  listed_ip: listedIpSql,
  auth_burst: authBurstSql,
  success_after_burst: successAfterBurstSql,
  success_after_stuffing: successAfterStuffingSql,
  stuffing: stuffingSql,
  guessing: guessingSql,
  not_migrated: notMigratedSql,
  dead_key_use: deadKeyUseSql,
  new_endpoints: newEndpointsSql,
  enumeration: enumerationSql,
  mix_shift: mixShiftSql,
  exfil: volumeSql,
  error_rate: errorRateSql,
  scanner_agent: scannerAgentSql,
  off_hours: offHoursSql,
  decoy: decoySql,
  dormant_wake: dormantWakeSql,
  stale: staleSql,
  rate: rateSql,
  volume_requests: volumeSql,
  volume_bytes: volumeSql,
  volume_cost: volumeSql,
  volume_drop: volumeDropSql,
};

/**
 * A complete query that answers `observed`, `expected_low` and `expected_high` of a finding from the events themselves, for whoever may
 * read them (`keyctl_viewer`): no parameters, all names qualified, every value quoted.
 * @param keys all keys of the family; none for a finding about an address
 */
export function reproduceSql(candidate: Candidate, keys: readonly string[]): string {
  const query = queries[candidate.detector];
  if (query === undefined) throw new RangeError(`no query reproduces ${candidate.detector}`);
  return query({ candidate, keys });
}
