import { join } from 'node:path';
import { fileSink } from '../../../src/actions/delivery/file-sink.js';
import { issue } from './issue.js';

// Run where the disk takes no more: says why staging into the directory given failed.
const { token, key } = issue();
fileSink(join(process.argv[2] ?? '', 'key'))
  .stage(token, key)
  .then(
    () => process.stdout.write('staged'),
    (error: Error) => process.stdout.write(error.message),
  );
