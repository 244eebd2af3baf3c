import fc, { type AsyncCommand } from 'fast-check';
import { expect } from 'vitest';
import {
  call,
  type Kernel,
  newRows,
  operation,
  progressByKernel,
  progressByModel,
  shownByKernel,
  shownByModel,
} from './kernel.js';
import type { ModelKey, ModelRotation, Step, World } from './world.js';

/** What was made so far: keys, rotations and operations, chosen by a number that is cut to how many there are. */
interface Model {
  readonly world: World;
  readonly operations: string[];
}

interface Done {
  readonly expected: Step;
  readonly outcome: string;
}

export type Command = AsyncCommand<Model, Kernel>;

/** A step of both, and then a comparison of everything. */
export function command(text: string, step: (model: Model, kernel: Kernel) => Promise<Done | null>): Command {
  return {
    check: () => true,
    toString: () => text,
    async run(model, kernel) {
      // The kernel's clock went on too: what is asked for later ends later.
      model.world.now += 0.001;
      const done = await step(model, kernel);
      if (done !== null) expect(done.outcome, text).toBe(done.expected.outcome);
      expect([...(await newRows(kernel, model.world))].sort(), text).toEqual(
        [...(done?.expected.rows ?? [])].sort(),
      );
      await compare(text, model.world, kernel);
    },
  };
}

async function compare(text: string, world: World, kernel: Kernel): Promise<void> {
  const real = await shownByKernel(kernel, world);
  for (const [id, { endsIn, ...expected }] of Object.entries(shownByModel(world))) {
    const { endsIn: realEnd = null, ...found } = real[id] ?? {};
    expect({ id, ...found }, text).toEqual({ id, ...expected });
    // Half a minute for the test itself; everything in it is minutes apart.
    if (endsIn === null || realEnd === null) expect(realEnd, text).toBe(endsIn);
    else expect(Math.abs(realEnd - endsIn), `${text}: the end of ${id}`).toBeLessThan(30);
  }
  expect(await progressByKernel(kernel, world), text).toEqual(progressByModel(world));
}

export const pick = <T>(all: readonly T[], at: number): T | undefined => all[at % all.length];

/** One in four repeats an operation id that was used before, whatever for. */
export const operationNumber = fc.option(fc.nat(1000), { freq: 3, nil: null });

function operationOf({ operations }: Model, number: number | null): string {
  const earlier = number === null ? undefined : pick(operations, number);
  const id = earlier ?? operation();
  operations.push(id);
  return id;
}

type OnKey = (key: ModelKey, model: Model, id: string) => { args: string[]; name: string; expected: Step };

export function onKey(text: string, number: number, repeat: number | null, act: OnKey): Command {
  return command(`${text} of key ${number}${repeated(repeat)}`, async (model, kernel) => {
    const key = pick([...model.world.keys.values()], number);
    if (key === undefined) return null;
    const id = operationOf(model, repeat);
    const { name, args, expected } = act(key, model, id);
    return { expected, outcome: await call(kernel, name, id, ...args) };
  });
}

type OnRotation = (rotation: ModelRotation, model: Model, id: string) => ReturnType<OnKey>;

export function onRotation(text: string, number: number, repeat: number | null, act: OnRotation): Command {
  return command(`${text} of rotation ${number}${repeated(repeat)}`, async (model, kernel) => {
    const rotation = pick(model.world.rotations, number);
    if (rotation === undefined) return null;
    const id = operationOf(model, repeat);
    const { name, args, expected } = act(rotation, model, id);
    return { expected, outcome: await call(kernel, name, id, ...args) };
  });
}

const repeated = (repeat: number | null) => (repeat === null ? '' : `, as operation ${repeat}`);
