// `npm run check`: everything that must hold before a change is merged, in the order in which it is cheapest to
// fail. All steps run even when one failed, so that one run names every problem. The last line is the count.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the tests' JSON report says. A file that could not even be loaded counts as one failed test. */
export function countTests(report) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    const outcomes = file.assertionResults.map((test) => test.status);
    const failed = outcomes.filter((status) => status === 'failed').length;
    const passed = outcomes.filter((status) => status === 'passed').length;
    count.passed += passed;
    count.failed += failed === 0 && file.status === 'failed' ? 1 : failed;
    count.skipped += outcomes.length - passed - failed;
  }
  return count;
}

/** `12 passed, 0 failed`, and the skipped ones only where there are any. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

function main() {
  const scratch = mkdtempSync(path.join(tmpdir(), 'keyctl-check-'));
  const reportFile = path.join(scratch, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const steps = [['types'], ['lint'], ['unused'], ['test', '--', ...reporters], ['build']];

  const failedSteps = steps.filter((step) => !passes(step)).map(([name]) => name);
  const count = readCount(reportFile);
  rmSync(scratch, { recursive: true });

  // Vitest also fails for errors outside of any test; the line must not read as if all were well.
  if (failedSteps.includes('test') && count.failed === 0) count.failed = 1;
  if (failedSteps.length > 0) console.log(`\nFAILED: ${failedSteps.join(', ')}`);
  console.log(closingLine(count));
  process.exitCode = failedSteps.length > 0 || count.failed > 0 || count.passed === 0 ? 1 : 0;
}

function passes(step) {
  console.log(`\n--- ${step[0]}`);
  const options = {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    cwd: import.meta.dirname,
  };
  return spawnSync('npm', ['run', '--silent', ...step], options).status === 0;
}

function readCount(reportFile) {
  try {
    return countTests(JSON.parse(readFileSync(reportFile, 'utf8')));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
