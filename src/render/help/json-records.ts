import { auditRecords } from './audit-records.js';
import { databaseRecords } from './database-records.js';
import { findingRecords } from './finding-records.js';
import { helpRecords } from './help-records.js';
import { incidentRecords } from './incident-records.js';
import { keyAccessRecords } from './key-access-records.js';
import { keyRecords } from './key-records.js';
import type { JsonRecord } from './record-fields.js';
import { reportRecords } from './report-records.js';
import { revocationRecords } from './revocation-records.js';
import { rotationEndRecords, rotationRecords } from './rotation-records.js';
import { walkthroughRecords } from './walkthrough-records.js';

/** Every record, in the order of `keyctl help json`. */
export const jsonRecords: readonly JsonRecord[] = [
  ...keyRecords,
  ...keyAccessRecords,
  ...rotationRecords,
  ...rotationEndRecords,
  ...revocationRecords,
  ...auditRecords,
  ...findingRecords,
  ...incidentRecords,
  ...walkthroughRecords,
  ...reportRecords,
  ...databaseRecords,
  ...helpRecords,
];
