import { inspect } from 'node:util';

/**
 * A secret on loan: prints as dots wherever it is printed, logged, inspected or serialised.
 * Only a sink or a verifier calls `reveal`, and hands the value on without keeping it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '••••';
  }

  toJSON(): string {
    return '••••';
  }

  [inspect.custom](): string {
    return 'Secret(••••)';
  }
}
