import { expect } from 'vitest';
import { SinkError } from '../../../src/actions/delivery/sink.js';

/** The error that a sink's step must end with. */
export async function refusal(step: Promise<unknown>): Promise<SinkError> {
  const error = await step.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SinkError);
  return error as SinkError;
}
