import { envSink } from '../../../src/actions/delivery/env-sink.js';
import { issue } from './issue.js';

// One of several processes that bring keys into the same env file at once; says which token each variable has to have.
const [path = '', ...variables] = process.argv.slice(2);
const delivered: Record<string, string> = {};
await Promise.all(
  variables.map(async (variable) => {
    const { token, key } = issue();
    const sink = envSink({ path, variable });
    await sink.stage(token, key);
    delivered[variable] = token.reveal();
    await sink.commit();
  }),
);
process.stdout.write(JSON.stringify(delivered));
