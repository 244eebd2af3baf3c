import { expect, it } from 'vitest';
import { closingLine, countTests } from '../../check.mjs';

const file = (status: string, ...outcomes: string[]) => ({
  status,
  assertionResults: outcomes.map((outcome) => ({ status: outcome })),
});

it('counts passed and failed tests, and names skipped ones only where there are any', () => {
  const testResults = [file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed')];
  expect(closingLine(countTests({ testResults }))).toBe('3 passed, 1 failed');
});

it('counts what did not run as skipped, never as passed', () => {
  const testResults = [file('passed', 'passed', 'skipped', 'todo', 'pending')];
  expect(closingLine(countTests({ testResults }))).toBe('1 passed, 0 failed, 3 skipped');
});

it('counts a file that could not be loaded as one failed test', () => {
  expect(closingLine(countTests({ testResults: [file('failed')] }))).toBe('0 passed, 1 failed');
});

it('counts a file whose hook failed as one failed test', () => {
  const testResults = [file('failed', 'skipped', 'skipped')];
  expect(closingLine(countTests({ testResults }))).toBe('0 passed, 1 failed, 2 skipped');
});
