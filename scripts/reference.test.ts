import { describe, expect, it } from 'vitest';
import { differingFiles } from './generated.ts';
import { REFERENCE_FOLDER, referencePages } from './reference.ts';

describe('docs/reference', () => {
  it('is what src/api says: run `node scripts/reference.ts` after a change', async () => {
    expect(await differingFiles(REFERENCE_FOLDER, referencePages())).toEqual([]);
  });

  it('shows every field with its type and what it is for', () => {
    const page = referencePages().get('backup.md');
    expect(page).toContain('| `ttl` | a length of time such as "1h30m" |  | How long the backup is kept. |');
    expect(page).toContain('| `hooks.resources[].pre[].exec.command` | a list of texts | yes |');
    expect(page).toContain('| `hooks.resources[].pre[].exec.onError` | "Continue", "Fail" |');
  });
});
