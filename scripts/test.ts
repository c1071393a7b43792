/**
 * Runs the test suites one after the other and prints one closing line, `N passed, N failed, N skipped`.
 *
 * Usage: node scripts/test.ts [unit] [cluster] [interop] [node]     (all of them where none is named)
 *
 * A suite that fails does not keep the others from running. With OADP_TEST_SUMMARY=FILE the closing line is written
 * there as well.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SUITES = ['unit', 'cluster', 'interop', 'node'] as const;

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; message?: string; assertionResults: unknown[] }[];
}

const asked = process.argv.slice(2);
const wrong = asked.filter((name) => !SUITES.includes(name as (typeof SUITES)[number]));
if (wrong.length > 0) {
  console.error(`no such suite: ${wrong.join(', ')}; there are ${SUITES.join(', ')}`);
  process.exit(2);
}
const suites = asked.length > 0 ? asked : SUITES;

const folder = mkdtempSync(path.join(tmpdir(), 'oadp-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };
let broken = false;
for (const suite of suites) {
  const file = path.join(folder, `${suite}.json`);
  const started = Date.now();
  console.log(`\n=== ${suite} ===`);
  const run = spawnSync(
    process.execPath,
    [
      path.join('node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--project',
      suite,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { stdio: 'inherit' },
  );
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    total.passed += report.numPassedTests;
    total.failed += report.numFailedTests;
    total.skipped += report.numPendingTests + report.numTodoTests;
    // A file that cannot even be loaded, or whose set-up fails, has no failed test of its own: count it as one.
    const unloadable = report.testResults.filter(
      (result) => result.status === 'failed' && result.assertionResults.length === 0,
    );
    total.failed += unloadable.length;
    if (run.status !== 0 && report.numFailedTests === 0 && unloadable.length === 0) total.failed += 1;
  } catch {
    console.error(`suite ${suite} ended without a report (exit ${run.status ?? run.signal})`);
    total.failed += 1;
  }
  if (run.status !== 0) broken = true;
  console.log(`${suite}: ${((Date.now() - started) / 1000).toFixed(0)} s`);
}
rmSync(folder, { recursive: true, force: true });

const line = `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`;
console.log(`\n${line}`);
if (process.env['OADP_TEST_SUMMARY']) writeFileSync(process.env['OADP_TEST_SUMMARY'], `${line}\n`);
process.exitCode = broken || total.failed > 0 ? 1 : 0;
