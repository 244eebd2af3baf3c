import { authBurst } from './auth-burst.js';
import { deadKeyUse } from './auth-dead-key-use.js';
import { guessing } from './auth-guessing.js';
import { notMigrated } from './auth-not-migrated.js';
import { stuffing } from './auth-stuffing.js';
import { successAfterBurst } from './auth-success.js';
import { successAfterStuffing } from './auth-success-elsewhere.js';
import { enumeration } from './content-enumeration.js';
import { errorRate } from './content-error-rate.js';
import { exfil } from './content-exfil.js';
import { mixShift } from './content-mix-shift.js';
import { newEndpoints } from './content-new-endpoints.js';
import { scannerAgent } from './content-scanner-agent.js';
import type { AddressDetector, Detector, StaleDetector } from './detector.js';
import { decoy } from './lifecycle-decoy.js';
import { dormantWake } from './lifecycle-dormant.js';
import { rate } from './lifecycle-rate.js';
import { stale } from './lifecycle-stale.js';
import { newAgent } from './origin-agent.js';
import { concurrentOrigins } from './origin-concurrent.js';
import { originIp } from './origin-ip.js';
import { listedIp } from './origin-listed-ip.js';
import { originNetwork } from './origin-network.js';
import { outOfHome } from './origin-out-of-home.js';
import { originPlace } from './origin-place.js';
import { travel } from './origin-travel.js';
import { offHours } from './time-off-hours.js';
import { volumeBytes } from './volume-bytes.js';
import { volumeCost } from './volume-cost.js';
import { volumeDrop } from './volume-drop.js';
import { volumeRequests } from './volume-requests.js';

/** Those that are asked about the use of a family. */
export const detectors: readonly Detector[] = [
  ...[originIp, originNetwork, originPlace, newAgent, outOfHome, concurrentOrigins, travel, listedIp],
  ...[authBurst, successAfterBurst, notMigrated, deadKeyUse],
  ...[newEndpoints, enumeration, mixShift, exfil, errorRate, scannerAgent],
  ...[offHours, decoy, dormantWake, rate],
  ...[volumeRequests, volumeBytes, volumeCost, volumeDrop],
];

/** Those that are asked about an address, over all keys. */
export const addressDetectors: readonly AddressDetector[] = [stuffing, successAfterStuffing, guessing];

/** Those that are asked about families that are silent. */
export const staleDetectors: readonly StaleDetector[] = [stale];
